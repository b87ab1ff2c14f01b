use std::path::PathBuf;

/// How an installation serves git.
#[derive(Debug, Clone)]
pub struct GitConfig {
    /// Bare repositories, one per app: `APP_ID.git`. Made when missing.
    pub repositories: PathBuf,
    /// Where hooks reach this process. Its directory is made for this account alone; paths over 107 bytes do not work.
    pub hook_socket: PathBuf,
    /// Holds the hook script, written anew at each start.
    pub hooks_dir: PathBuf,
    /// The program that the hook runs with the one argument `git-hook`; it calls [`crate::hook::main`].
    pub program: PathBuf,
    /// What the platform calls itself to users.
    pub product: String,
    /// Where users read about pushes; anchors are added to it.
    pub help: String,
    pub limits: GitLimits,
}

/// What pushes and fetches may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GitLimits {
    /// Of one push's pack.
    pub push_bytes: u64,
    /// Pushes side by side, each from its first byte to the end of its build. More of them wait.
    pub pushes: usize,
    /// Fetches and ref listings side by side.
    pub fetches: usize,
}

impl Default for GitLimits {
    fn default() -> Self {
        Self { push_bytes: 1 << 30, pushes: 64, fetches: 16 }
    }
}
