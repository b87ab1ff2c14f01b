use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path, process::Stdio};

use tempfile::TempDir;
use tokio::process::Command;

/// A developer's clone, where git has no settings and every commit the same date.
#[derive(Debug)]
pub(crate) struct Workspace {
    directory: TempDir,
}

/// What git did.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Workspace {
    /// On `main`, with nothing in it.
    pub(crate) async fn empty() -> Self {
        let workspace = Self { directory: tempfile::tempdir().unwrap() };
        workspace.git(&["init", "--quiet", "--initial-branch=main"]).await.expect_success();
        workspace
    }

    /// With one commit: a Procfile and a page.
    pub(crate) async fn new() -> Self {
        let workspace = Self::empty().await;
        workspace.write("Procfile", "web: node server.js\n");
        workspace.write("server.js", "// hello\n");
        workspace.commit("First").await;
        workspace
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) {
        let path = self.path().join(OsStr::from_bytes(name.as_ref()));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) async fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]).await.expect_success();
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]).await.expect_success();
        self.head().await
    }

    pub(crate) async fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).await.stdout.trim().to_owned()
    }

    pub(crate) async fn git(&self, arguments: &[&str]) -> Done {
        let output = self.command(arguments).output().await.unwrap();
        Done {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", "Alice")
            .env("GIT_AUTHOR_EMAIL", "alice@example.com")
            .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
            .env("GIT_COMMITTER_NAME", "Alice")
            .env("GIT_COMMITTER_EMAIL", "alice@example.com")
            .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

impl Done {
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert!(self.success, "{}", self.stderr);
        self
    }

    /// What the developer reads, and how git exits. Without the blanks that git adds to lines of the server's when it
    /// writes to no terminal, and without the port.
    pub(crate) fn transcript(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().map(str::trim_end).collect();
        let text = lines.join("\n");
        let end = if self.success { "exits 0" } else { "exits with an error" };
        format!("{}\n{end}", without_ports(&text))
    }
}

fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "127.0.0.1:PORT" + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}
