//! Files that are whole or absent, and that only their owner reads.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result};

/// Who may read a file besides its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    Owner,
    Everyone,
}

/// Writes beside the file, then renames: a reader, or a start after a crash, sees the old text or the new one.
///
/// # Errors
/// Whatever the file system says, with the path.
pub(crate) fn write_whole(path: &Path, text: &[u8], readers: Readers) -> Result<()> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Everyone => 0o644,
    };
    let side = path.with_extension(format!("new-{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&side)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&side, path)
    };
    write().with_context(|| format!("writing {}", path.display()))
}

/// Makes a directory, and those above it, with this mode; sets the mode if it exists.
///
/// # Errors
/// Whatever the file system says, with the path.
pub(crate) fn make_directory(path: &Path, mode: u32) -> Result<()> {
    let make = || -> std::io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o755).create(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    make().with_context(|| format!("making {}", path.display()))
}

/// `None`: there is no such file.
///
/// # Errors
/// Any other reason why it cannot be read, with the path.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

/// # Errors
/// Any other reason why it cannot be removed, with the path.
pub(crate) fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_file_is_private_from_its_first_byte_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        write_whole(&path, b"one", Readers::Owner).unwrap();
        write_whole(&path, b"two", Readers::Owner).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_file_is_none_and_an_unreadable_one_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        assert!(read_if_there(&directory.path().join("none")).unwrap().is_none());
        assert!(read_if_there(directory.path()).is_err());
    }
}
