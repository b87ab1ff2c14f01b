use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

use crate::server::Server;

/// A home folder, a working folder and an environment of a test's own.
pub(crate) struct Sandbox {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

pub(crate) const TOKEN: &str = "0123-token";

impl Sandbox {
    /// Logged in to nothing.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["work", "config"] {
            fs::create_dir(folder.path().join(name)).expect("the folder is ours");
        }
        Self { folder, variables: Vec::new() }
    }

    /// Logged in to `server` by the environment.
    pub(crate) fn on(server: &Server) -> Self {
        Self::new().with("PAAS_SERVER", &server.url).with("PAAS_API_KEY", TOKEN)
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// An executable script; its path.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the folder is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the file is ours");
        path
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let output = self.command(Path::new("git")).args(args).output().expect("git is installed");
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("git prints UTF-8")
    }

    /// A repository in the working folder with these remotes.
    pub(crate) fn repository(&self, remotes: &[(&str, &str)]) {
        self.git(&["init", "--quiet"]);
        for (name, url) in remotes {
            self.git(&["remote", "add", name, url]);
        }
    }

    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.work()).env_clear().stdin(Stdio::null());
        let path = std::env::var("PATH").expect("there is a PATH");
        let config = self.config();
        command.envs([("PATH", path.as_str()), ("TZ", "UTC"), ("LANG", "C.UTF-8"), ("TERM", "xterm")]);
        command.env("HOME", self.folder.path()).env("PAAS_CONFIG_DIR", config);
        command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CEILING_DIRECTORIES", "/")]);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn paas(&self, args: &[&str]) -> Output {
        self.paas_with_input(args, "")
    }

    pub(crate) fn paas_with_input(&self, args: &[&str], input: &str) -> Output {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_paas")));
        let spawned = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.expect("paas starts");
        // A command that reads nothing may be gone already.
        let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
        child.wait_with_output().expect("paas ends")
    }

    /// What a snapshot holds.
    pub(crate) fn transcript(&self, args: &[&str]) -> String {
        self.transcript_with_input(args, "")
    }

    pub(crate) fn transcript_with_input(&self, args: &[&str], input: &str) -> String {
        let output = self.paas_with_input(args, input);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("paas prints UTF-8");
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let folder = self.folder.path().to_string_lossy().into_owned();
        let code = output.status.code().map_or_else(|| "none".to_owned(), |code| code.to_string());
        let mut all = format!("exit code: {code}\n--- stdout\n{stdout}--- stderr\n{stderr}---");
        for (name, value) in &self.variables {
            if name == "PAAS_SERVER" {
                let host = value.split_once("://").map_or(value.as_str(), |(_, host)| host);
                all = all.replace(host, "SERVER");
            }
        }
        all.replace(&folder, "FOLDER").replace(env!("CARGO_BIN_EXE_paas"), "PAAS")
    }
}
