use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::Router;
use tokio::sync::Semaphore;

use crate::{
    GitConfig, GitError, Hooks, Platform, PushTarget, http, program::GitProgram, pushes::Pushes, repositories,
    repositories::Repositories,
};

/// The two halves of the endpoint; both must be served.
#[derive(Debug)]
pub struct Git {
    /// `/APP.git/info/refs`, `/APP.git/git-upload-pack`, `/APP.git/git-receive-pack`.
    pub router: Router,
    /// Answers the hooks of this process's pushes.
    pub hooks: Hooks,
}

/// Makes the directories, the hook script and the hooks' socket.
///
/// # Errors
/// [`GitError`], when one of them cannot be made.
pub fn open(platform: Arc<dyn Platform>, config: GitConfig) -> Result<Git, GitError> {
    let GitConfig { repositories, hook_socket, hooks_dir, program, product, help, limits } = config;
    let directory = |path: &Path| {
        let path = path.to_owned();
        move |source| GitError::Directory { path, source }
    };
    let opened = Repositories::open(repositories.clone()).map_err(directory(&repositories))?;
    private_directory(&hooks_dir).map_err(directory(&hooks_dir))?;
    let script = hooks_dir.join("pre-receive");
    write_script(&script).map_err(|source| GitError::HookScript { path: script, source })?;
    let pushes = Pushes::default();
    let hooks = Hooks::bind(hook_socket.clone(), pushes.clone(), help)?;
    let endpoint = Endpoint {
        platform,
        repositories: opened,
        git: GitProgram::new(hooks_dir, hook_socket, program, limits.push_bytes),
        pushes,
        product,
        pushes_at_once: Arc::new(Semaphore::new(limits.pushes)),
        fetches: Arc::new(Semaphore::new(limits.fetches)),
        maintenance: Semaphore::new(1),
    };
    Ok(Git { router: http::router(Arc::new(endpoint)), hooks })
}

/// What requests share.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub platform: Arc<dyn Platform>,
    pub repositories: Repositories,
    pub git: GitProgram,
    pub pushes: Pushes,
    pub product: String,
    pub pushes_at_once: Arc<Semaphore>,
    pub fetches: Arc<Semaphore>,
    /// Repositories are packed one at a time.
    maintenance: Semaphore,
}

impl Endpoint {
    /// What follows a push and nobody waits for.
    pub(crate) async fn tidy_up(&self, target: &dyn PushTarget, repository: PathBuf) {
        self.store_size(target, repository.clone()).await;
        // Never closed.
        let Ok(_permit) = self.maintenance.acquire().await else { return };
        match self.git.maintain(&repository).output().await {
            Ok(done) if done.status.success() => {}
            Ok(done) => {
                let complaint = String::from_utf8_lossy(&done.stderr).into_owned();
                tracing::warn!(app.id = %target.id(), complaint, "a repository could not be packed");
            }
            Err(error) => tracing::warn!(app.id = %target.id(), %error, "a repository could not be packed"),
        }
    }

    async fn store_size(&self, target: &dyn PushTarget, repository: PathBuf) {
        match repositories::size(repository).await {
            Ok(bytes) => {
                if let Err(refusal) = target.set_repository_size(bytes).await {
                    refusal.log();
                }
            }
            Err(error) => tracing::warn!(app.id = %target.id(), %error, "a repository could not be measured"),
        }
    }
}

/// For this account alone.
pub(crate) fn private_directory(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Put in place in one step: a hook of an earlier process may be reading it.
fn write_script(path: &Path) -> io::Result<()> {
    let aside = path.with_extension("new");
    fs::write(&aside, crate::hook::SCRIPT)?;
    fs::set_permissions(&aside, fs::Permissions::from_mode(0o755))?;
    fs::rename(&aside, path)
}
