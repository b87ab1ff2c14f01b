use std::{io, path::PathBuf};

/// Why git cannot be served at all. What goes wrong in a request is its answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("{} cannot be made", .path.display())]
    Directory { path: PathBuf, source: io::Error },
    #[error("the hook script {} cannot be written", .path.display())]
    HookScript { path: PathBuf, source: io::Error },
    #[error("the hooks' socket {} cannot be opened", .path.display())]
    HookSocket { path: PathBuf, source: io::Error },
}
