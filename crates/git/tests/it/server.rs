use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use paas_git::{GitConfig, GitLimits, Platform};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::platform::{ScriptedApp, ScriptedPlatform, TOKEN};

/// A git endpoint on loopback.
#[derive(Debug)]
pub(crate) struct Server<P = ScriptedPlatform> {
    pub(crate) platform: Arc<P>,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    directory: TempDir,
    _stop_at_the_end: DropGuard,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(ScriptedPlatform::new(), GitLimits::default()).await
    }

    pub(crate) fn example(&self) -> &Arc<ScriptedApp> {
        self.platform.example()
    }

    /// The example app's, with Alice's token in it.
    pub(crate) fn url(&self) -> String {
        self.url_of(TOKEN, "example")
    }
}

impl<P: Platform> Server<P> {
    pub(crate) async fn with(platform: P, limits: GitLimits) -> Self {
        let (directory, platform) = (tempfile::tempdir().unwrap(), Arc::new(platform));
        let config = GitConfig {
            repositories: directory.path().join("repos"),
            hook_socket: directory.path().join("run/hooks.sock"),
            hooks_dir: directory.path().join("hooks"),
            program: hook_program(directory.path()),
            product: "PaaS".to_owned(),
            help: "docs/pushing.md".to_owned(),
            limits,
        };
        let git = paas_git::open(platform.clone(), config).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(git.hooks.serve(stop.clone()));
        tokio::spawn(async move { axum::serve(listener, git.router).await.unwrap() });
        Self { platform, address, _stop_at_the_end: stop.clone().drop_guard(), stop, directory }
    }

    pub(crate) fn url_of(&self, token: &str, app: &str) -> String {
        format!("http://heroku:{token}@{}/{app}.git", self.address)
    }

    /// The bare repositories' directories.
    pub(crate) fn repositories(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory.path().join("repos")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// Until it is so, or half a minute has gone by.
pub(crate) async fn eventually(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok(), "{what}");
}

/// This test binary again, running nothing but `hook_process`; the test harness's own words go nowhere.
fn hook_program(directory: &Path) -> PathBuf {
    let path = directory.join("hook-program");
    let binary = std::env::current_exe().unwrap();
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = git-hook ] || exit 64\nexec '{}' --exact hook_process --ignored --nocapture >/dev/null\n",
        binary.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}
