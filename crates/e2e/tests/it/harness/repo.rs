//! A git repository that is pushed with the real git.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::{
    Platform, SERVER, WEB,
    run::{Ran, run},
};

/// A developer's checkout of one app.
#[derive(Debug)]
pub(crate) struct Repo<'a> {
    platform: &'a Platform,
    pub(crate) directory: PathBuf,
}

/// A push that has ended.
#[derive(Debug)]
pub(crate) struct Push {
    pub(crate) accepted: bool,
    /// What git showed, `remote: ` taken off, and the blanks that git adds when nobody looks.
    pub(crate) transcript: String,
}

impl<'a> Repo<'a> {
    /// An empty repository with an app for it, and the inline buildpack where `inline`.
    pub(crate) fn create(platform: &'a Platform, app: &str, inline: bool) -> Self {
        let repo = Self::empty(platform, app);
        let mut create = platform.paas_command(&["create", app]);
        if inline {
            create.args(["--buildpack", &platform.buildpack]);
        }
        run(create.current_dir(&repo.directory)).ok();
        repo
    }

    /// An app of [`SERVER`] that answers.
    #[track_caller]
    pub(crate) fn deployed(platform: &'a Platform, app: &str, version: &str) -> Self {
        let repo = Self::create(platform, app, true);
        repo.commit([("Procfile", WEB), ("server.py", SERVER), ("VERSION", version)]);
        repo.push().ok();
        platform.answers(app, &format!("version={version} "));
        repo
    }

    /// One that was made before: a test that kills the server lets go of the first borrow.
    pub(crate) fn existing(platform: &'a Platform, app: &str) -> Self {
        Self { platform, directory: platform.directory.join("work").join(app) }
    }

    /// A repository without an app or a remote.
    pub(crate) fn empty(platform: &'a Platform, name: &str) -> Self {
        let repo = Self { platform, directory: platform.directory.join("work").join(name) };
        fs::create_dir_all(&repo.directory).expect("the platform's directory is ours");
        repo.git(&["init", "--quiet", "--initial-branch=main"]).ok();
        repo
    }

    /// Writes files and commits everything. Those under `bin/` are executable.
    pub(crate) fn commit<Name: AsRef<Path>, Text: AsRef<[u8]>>(&self, files: impl IntoIterator<Item = (Name, Text)>) {
        for (name, text) in files {
            let path = self.directory.join(&name);
            fs::create_dir_all(path.parent().expect("files have a directory")).expect("the checkout is ours");
            fs::write(&path, text).expect("the checkout is ours");
            let mode = if name.as_ref().starts_with("bin") { 0o755 } else { 0o644 };
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("the checkout is ours");
        }
        self.git(&["add", "--all"]).ok();
        self.git(&["commit", "--quiet", "--message=Change"]).ok();
    }

    /// `git push paas main`
    pub(crate) fn push(&self) -> Push {
        self.push_with(&["paas", "main"])
    }

    pub(crate) fn push_with(&self, args: &[&str]) -> Push {
        let ran = self.git(&[&["push"], args].concat());
        Push { accepted: ran.status == Some(0), transcript: transcript(&ran.stderr) }
    }

    /// A push that goes on while the test does something else.
    pub(crate) fn push_in_background(&self) -> Child {
        let mut push = self.command(&["push", "paas", "main"]);
        push.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("git is installed")
    }

    pub(crate) fn git(&self, args: &[&str]) -> Ran {
        run(&mut self.command(args))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut git = self.platform.command(Path::new("git"));
        git.args(args).current_dir(&self.directory);
        git
    }
}

impl Push {
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert!(self.accepted, "{}", self.transcript);
        self.transcript
    }

    #[track_caller]
    pub(crate) fn rejected(self) -> String {
        assert!(!self.accepted, "{}", self.transcript);
        self.transcript
    }
}

fn transcript(stderr: &str) -> String {
    let lines = stderr
        .lines()
        .map(|line| line.strip_prefix("remote:").map_or(line, |line| line.strip_prefix(' ').unwrap_or(line)));
    lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
}
