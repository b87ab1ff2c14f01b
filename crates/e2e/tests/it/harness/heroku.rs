//! Heroku's own command line, as npm has it, aimed at a platform by `paas heroku:env`.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    Platform,
    run::{Ran, run},
};

/// What users have; the newest of another major version may speak another way.
const PACKAGE: &str = "heroku@11";

/// The command, installed by the first test that needs it.
#[derive(Debug)]
pub(crate) struct Heroku<'a> {
    platform: &'a Platform,
    directory: PathBuf,
}

impl<'a> Heroku<'a> {
    /// `None`: this machine has no npm, or npm no network.
    pub(crate) fn install(platform: &'a Platform) -> Option<Self> {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("heroku-cli");
        fs::create_dir_all(&directory).expect("the target directory can be written");
        // Held until this returns.
        let lock = File::create(directory.join("lock")).expect("the target directory can be written");
        lock.lock().expect("locks work");
        let heroku = Self { platform, directory };
        if heroku.bin().join("heroku").exists() {
            return Some(heroku);
        }
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&heroku.directory).arg(PACKAGE);
        let installed = npm.output().is_ok_and(|output| output.status.success());
        installed.then_some(heroku)
    }

    /// Runs a command of it. It may write to the test's own home alone.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        let mut command = self.platform.command(Path::new("bash"));
        command
            .args(["-c", r#"exports=$(paas heroku:env) && eval "$exports" && exec heroku "$@""#, "heroku"])
            .args(args);
        let programs = super::platform::programs();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([self.bin(), programs].into_iter().chain(env::split_paths(&path)));
        command.env("PATH", path.expect("no directory has a colon in its name"));
        command.stdin(std::process::Stdio::null()).current_dir(&self.platform.directory);
        run(&mut command)
    }

    fn bin(&self) -> PathBuf {
        self.directory.join("node_modules/.bin")
    }
}
