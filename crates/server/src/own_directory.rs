//! A directory of one process among several that share a data directory.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::Result;
use rustix::process::{Pid, test_kill_process};

use crate::files::make_directory;

/// `web-PROCESS`: short, because sockets are made in it.
const PREFIX: &str = "web-";

/// Removed with this value, or by the next process that makes one after this was killed.
#[derive(Debug)]
pub(crate) struct OwnDirectory {
    path: PathBuf,
}

impl OwnDirectory {
    /// # Errors
    /// Whatever the file system says, with the path.
    pub(crate) fn make(parent: &Path) -> Result<Self> {
        make_directory(parent, 0o700)?;
        remove_those_of_the_dead(parent);
        let path = parent.join(format!("{PREFIX}{}", std::process::id()));
        make_directory(&path, 0o700)?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for OwnDirectory {
    fn drop(&mut self) {
        // What is left is removed by the next.
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn remove_those_of_the_dead(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|pid| pid.parse().ok());
        let Some(process) = process.and_then(Pid::from_raw) else { continue };
        if test_kill_process(process).is_err()
            && let Err(error) = fs::remove_dir_all(entry.path())
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %entry.path().display(), "what a dead process left cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_with_its_process_and_takes_those_of_dead_ones_along() {
        let parent = tempfile::tempdir().unwrap();
        // No process has a number this high.
        let dead = parent.path().join("web-2000000000");
        fs::create_dir(&dead).unwrap();
        let own = OwnDirectory::make(parent.path()).unwrap();
        assert!(own.path().is_dir() && !dead.exists());
        let path = own.path().to_owned();
        drop(own);
        assert!(!path.exists());
    }
}
