//! Pushing the stack's image into a registry takes half a minute. A platform's registry starts with the files that an
//! earlier platform's got by the push, as if the data directory were not new.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::run::run;

const STACK: &str = "docker/registry/v2/repositories/stacks";

/// Gives a new registry the stack's image if some platform has pushed it before. A stale one does no harm: the platform
/// looks for today's by its tag, and pushes it.
pub(crate) fn plant(blobs: &Path) {
    let seed = directory();
    let _lock = lock(&seed);
    let stored = seed.join("blobs");
    if stored.exists() {
        // Links: the registry never changes a file that it has written.
        run(Command::new("cp").arg("-al").arg(&stored).arg(blobs)).ok();
    }
}

/// Keeps the images of a registry that holds nothing but the stack's.
pub(crate) fn keep(blobs: &Path) {
    let seed = directory();
    let _lock = lock(&seed);
    let tags = |root: &Path| {
        let tags = run(Command::new("find").arg(root.join(STACK)).args(["-path", "*/tags/*/current/link"]));
        tags.stdout.replace(&*root.to_string_lossy(), "")
    };
    let stored = seed.join("blobs");
    if tags(&stored) != tags(blobs) {
        drop(fs::remove_dir_all(&stored));
        run(Command::new("cp").arg("-al").arg(blobs).arg(&stored)).ok();
    }
}

/// On the file system of the platforms' data, because links cannot leave it.
fn directory() -> PathBuf {
    let directory = super::cleanup::root().join("seed");
    fs::create_dir_all(&directory).expect("the test's root can be written");
    directory
}

/// Held until it is dropped.
fn lock(directory: &Path) -> File {
    let file = File::create(directory.join("lock")).expect("the seed's directory can be written");
    file.lock().expect("locks work");
    file
}
