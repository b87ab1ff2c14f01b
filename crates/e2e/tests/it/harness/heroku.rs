//! Heroku's own command line, as npm has it, aimed at a platform by `paas heroku:env`.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use super::{Elsewhere, Platform, run};

/// The one whose commands `heroku_cli/commands.txt` lists.
const PACKAGE: &str = "heroku@11.10.0";

/// The command, installed by the first test that needs it.
#[derive(Debug)]
pub(crate) struct Heroku<'a> {
    platform: &'a Platform,
    directory: PathBuf,
    /// What `paas heroku:env` prints.
    exports: String,
    /// Where requests to any other host end.
    pub(crate) elsewhere: Elsewhere,
}

/// What the package says of its commands.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) commands: BTreeMap<String, Described>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Described {
    #[serde(default)]
    pub(crate) aliases: Vec<String>,
    #[serde(default)]
    pub(crate) hidden_aliases: Vec<String>,
}

impl<'a> Heroku<'a> {
    /// `None`: this machine has no npm, or npm no network.
    pub(crate) fn install(platform: &'a Platform) -> Option<Self> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(PACKAGE);
        fs::create_dir_all(&directory).expect("the target directory can be written");
        // Held until this returns.
        let lock = File::create(directory.join("lock")).expect("the target directory can be written");
        lock.lock().expect("locks work");
        let elsewhere = Elsewhere::start(&platform.directory);
        let exports = run(elsewhere.proxy_for(&mut platform.paas_command(&["heroku:env"]))).ok().stdout;
        let heroku = Self { platform, directory, exports, elsewhere };
        if heroku.bin().join("heroku").exists() {
            return Some(heroku);
        }
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&heroku.directory).arg(PACKAGE);
        let installed = npm.output().is_ok_and(|output| output.status.success());
        installed.then_some(heroku)
    }

    pub(crate) fn manifest(&self) -> Manifest {
        let path = self.directory.join("node_modules/heroku/oclif.manifest.json");
        let text = fs::read_to_string(path).expect("the package is installed");
        serde_json::from_str(&text).expect("the package tells of its commands")
    }

    /// A line of shell with `heroku`, `paas` and git, aimed at the platform. It may write to `home` alone, where it is run
    /// in the folder `work`.
    pub(crate) fn shell(&self, home: &Path, line: &str) -> Command {
        let mut command = self.bare_shell(home, &format!("{}{line}", self.exports));
        self.elsewhere.watch(&mut command);
        command
    }

    /// The same, but aimed at nothing.
    pub(crate) fn bare_shell(&self, home: &Path, line: &str) -> Command {
        let mut command = self.platform.command(Path::new("bash"));
        command.args(["-c", line]);
        command.env("PATH", self.path()).env("HOME", home).env("HEROKU_NETRC_WRITE", "true");
        command.env("SHELL", "/bin/bash").env("TERM", "xterm");
        command.stdin(Stdio::null()).current_dir(home.join("work"));
        command
    }

    /// The same at a terminal, whose other end is the command's standard input and output.
    pub(crate) fn terminal(&self, home: &Path, line: &str) -> Command {
        let mut command = self.shell(home, r#"exec script --quiet --return --command "$LINE" /dev/null"#);
        command.env("LINE", line).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command
    }

    /// A new folder for a [`Self::shell`] to be at home in.
    pub(crate) fn home(&self, name: &str) -> PathBuf {
        let home = self.platform.directory.join("homes").join(name);
        fs::create_dir_all(home.join("work")).expect("the platform's directory is ours");
        home
    }

    /// With which the two are found.
    fn path(&self) -> OsString {
        let path = env::var_os("PATH").unwrap_or_default();
        let programs = super::platform::programs();
        let path = env::join_paths([self.bin(), programs].into_iter().chain(env::split_paths(&path)));
        path.expect("no directory has a colon in its name")
    }

    fn bin(&self) -> PathBuf {
        self.directory.join("node_modules/.bin")
    }
}
