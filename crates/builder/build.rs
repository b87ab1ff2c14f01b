//! Packs `buildpacks/` into one tar that the binary carries, as it is to be unpacked in a build's container.

use std::{
    env, fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Where a build's container has them; `src/sandbox.rs` unpacks at `/`.
const PREFIX: &str = "tmp/paas/buildpacks";

fn main() -> io::Result<()> {
    let directory = Path::new("../../buildpacks");
    println!("cargo::rerun-if-changed={}", directory.display());
    let mut tar = tar::Builder::new(Vec::new());
    append(&mut tar, directory, Path::new(PREFIX))?;
    let mut bytes = tar.into_inner()?;
    // Without its end, so that more can follow.
    bytes.truncate(bytes.len() - 1024);
    let out = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    fs::write(out.join("buildpacks.tar"), bytes)
}

/// Sorted, owned by the build's account, without times: the same files make the same bytes.
fn append(tar: &mut tar::Builder<Vec<u8>>, directory: &Path, name: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    tar.append_data(&mut header(tar::EntryType::Directory, 0o755, 0), name, io::empty())?;
    for entry in entries {
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        let metadata = entry.metadata()?;
        if metadata.is_dir() && entry.file_name() != "test" {
            append(tar, &path, &name)?;
        } else if metadata.is_file() {
            let mode = if metadata.permissions().mode() & 0o100 == 0 { 0o644 } else { 0o755 };
            let bytes = fs::read(&path)?;
            let mut header = header(tar::EntryType::Regular, mode, bytes.len() as u64);
            tar.append_data(&mut header, name, bytes.as_slice())?;
        }
    }
    Ok(())
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(1000);
    header.set_gid(1000);
    header.set_mtime(0);
    header
}
