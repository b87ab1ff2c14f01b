//! Scripts with Heroku's API clients, as people have them. They lie in `crates/e2e/clients`.

use std::{
    env,
    ffi::OsStr,
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Stdio},
};

use serde_json::Value;

use super::Platform;

/// One that runs. It stops after each step, tells what it has found, and goes on when it is told to.
#[derive(Debug)]
pub(crate) struct Script {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    answers: ChildStdin,
}

impl Script {
    /// Aims it as the manual says: `eval "$(paas heroku:env)"`. `variables`: what its interpreter needs.
    pub(crate) fn start(
        platform: &Platform,
        interpreter: &OsStr,
        file: &str,
        arguments: &[&OsStr],
        variables: &[(&str, &OsStr)],
    ) -> Self {
        let mut command = platform.command(Path::new("bash"));
        command.args(["-c", r#"exports=$(paas heroku:env) && eval "$exports" && exec "$@""#, "bash"]);
        command.arg(interpreter).arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(file)).args(arguments);
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([super::platform::programs()].into_iter().chain(env::split_paths(&path)));
        command.env("PATH", path.expect("no directory has a colon in its name")).envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir(&platform.directory);
        let mut child = command.spawn().expect("bash is installed");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { lines, answers: child.stdin.take().expect("it is piped"), child }
    }

    /// Waits until it has done a step: what it has found.
    #[track_caller]
    pub(crate) fn has(&mut self, step: &str) -> Value {
        // Clients print things of their own too.
        while let Some(Ok(line)) = self.lines.next() {
            match serde_json::from_str::<Value>(&line) {
                Ok(found) if found["step"] == step => return found,
                _ => eprintln!("{line}"),
            }
        }
        panic!("the script ended before this: {step}");
    }

    pub(crate) fn goes_on(&mut self) {
        // If it has ended, the next step says so.
        drop(self.answers.write_all(b"\n"));
    }

    /// Lets it end.
    #[track_caller]
    pub(crate) fn ends(&mut self) {
        self.goes_on();
        let status = self.child.wait().expect("it is our child");
        assert!(status.success(), "the script ended with {status}");
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has told.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
