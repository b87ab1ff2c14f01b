use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use flate2::{Compression, GzBuilder, write::GzEncoder};
use git2::{ObjectType, Odb, Repository};
use tar::{EntryType, Header};

use super::commit::{Commit, File, FileKind};
use crate::transcript;

/// Why there is no tarball.
#[derive(Debug)]
pub(super) enum Error {
    /// What the pusher is told.
    Refused(String),
    /// It cannot be written: nobody takes it.
    Output,
}

/// Everything is in this directory. The builder takes one that stands alone away; without it, it would take the app's
/// own away from an app that is all in one.
const DIRECTORY: &[u8] = b"source/";
/// Heroku: checkout of HEAD, 1 GB.
const MAX_BYTES: u64 = 1 << 30;
/// Larger files come from a `git cat-file`, which streams them; libgit2 would hold them in memory whole.
const LARGE: usize = 16 << 20;

/// Writes the commit's files as tar+gzip: the same bytes for the same commit.
pub(super) fn write(repository: &Repository, commit: &Commit, output: impl Write) -> Result<(), Error> {
    write_limited(repository, commit, output, MAX_BYTES)
}

fn write_limited(repository: &Repository, commit: &Commit, output: impl Write, limit: u64) -> Result<(), Error> {
    let odb = repository.odb().map_err(unreadable)?;
    let mut tar = tar::Builder::new(GzBuilder::new().write(output, Compression::fast()));
    append(&mut tar, DIRECTORY, header(EntryType::Directory, 0o755, commit.time, 0), io::empty())?;
    let mut total = 0_u64;
    for file in &commit.files {
        let path = [DIRECTORY, &file.path].concat();
        let (size, kind) = odb.read_header(file.blob).map_err(unreadable)?;
        if kind != ObjectType::Blob {
            return Err(Error::Refused(transcript::bad_path(&String::from_utf8_lossy(&file.path))));
        }
        total = total.saturating_add(size as u64);
        if total > limit {
            return Err(Error::Refused(transcript::source_too_large(limit >> 20)));
        }
        let mode = if file.kind == FileKind::Executable { 0o755 } else { 0o644 };
        match file.kind {
            FileKind::Symlink => append_symlink(&mut tar, &odb, file, &path, commit.time)?,
            _ if size > LARGE => {
                let header = header(EntryType::Regular, mode, commit.time, size);
                let mut content = Streamed::open(file)?;
                append(&mut tar, &path, header, &mut content)?;
                content.close()?;
            }
            _ => {
                let blob = odb.read(file.blob).map_err(unreadable)?;
                append(&mut tar, &path, header(EntryType::Regular, mode, commit.time, size), blob.data())?;
            }
        }
    }
    let mut output = tar.into_inner().and_then(GzEncoder::finish).map_err(|_| Error::Output)?;
    output.flush().map_err(|_| Error::Output)
}

fn header(kind: EntryType, mode: u32, time: u64, size: usize) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(time);
    header.set_size(size as u64);
    header
}

fn append(
    tar: &mut tar::Builder<impl Write>,
    path: &[u8],
    mut header: Header,
    content: impl Read,
) -> Result<(), Error> {
    tar.append_data(&mut header, Path::new(OsStr::from_bytes(path)), content).map_err(|_| Error::Output)
}

fn append_symlink(
    tar: &mut tar::Builder<impl Write>,
    odb: &Odb<'_>,
    file: &File,
    path: &[u8],
    time: u64,
) -> Result<(), Error> {
    let target = odb.read(file.blob).map_err(unreadable)?;
    let target = target.data();
    // No file system takes these.
    if target.is_empty() || target.contains(&0) || target.len() > 4_095 {
        return Err(Error::Refused(transcript::bad_path(&String::from_utf8_lossy(&file.path))));
    }
    let mut header = header(EntryType::Symlink, 0o777, time, 0);
    let paths = (Path::new(OsStr::from_bytes(path)), Path::new(OsStr::from_bytes(target)));
    tar.append_link(&mut header, paths.0, paths.1).map_err(|_| Error::Output)
}

/// A blob as `git cat-file` prints it.
struct Streamed {
    git: Child,
    content: ChildStdout,
}

impl Streamed {
    /// Git finds the push's objects as this process does, by the environment that `receive-pack` made.
    fn open(file: &File) -> Result<Self, Error> {
        let mut command = Command::new("git");
        command.args(["cat-file", "blob", &file.blob.to_string()]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut git = command.spawn().map_err(unreadable)?;
        match git.stdout.take() {
            Some(content) => Ok(Self { git, content }),
            None => Err(unreadable("git cat-file prints nowhere")),
        }
    }

    fn close(mut self) -> Result<(), Error> {
        drop(self.content);
        match self.git.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(unreadable(format!("git cat-file: {status}"))),
            Err(error) => Err(unreadable(error)),
        }
    }
}

impl Read for Streamed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Refused(transcript::unreadable(&error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_over_the_limit_is_refused_before_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(directory.path()).unwrap();
        let blob = repository.blob(&vec![0; 3 << 20]).unwrap();
        let file = |name: &[u8]| File { path: name.to_owned(), blob, kind: FileKind::Plain };
        let commit = Commit {
            id: blob,
            summary: String::new(),
            time: 0,
            tree: String::new(),
            files: vec![file(b"a"), file(b"b")],
        };
        assert!(write_limited(&repository, &commit, io::sink(), 6 << 20).is_ok());
        match write_limited(&repository, &commit, io::sink(), 5 << 20) {
            Err(Error::Refused(text)) => assert!(text.contains("larger than 5 MB"), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}
