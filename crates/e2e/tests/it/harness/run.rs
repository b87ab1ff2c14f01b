//! Programs that run to their end.

use std::{
    fmt,
    process::{Command, Output},
};

/// What a program said and how it ended.
pub(crate) struct Ran {
    pub(crate) command: String,
    /// `None`: a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status == Some(0), "{self}");
        self
    }

    /// Standard error of a program that failed.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert!(self.status != Some(0), "{self}");
        self.stderr
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, status, stdout, stderr } = self;
        write!(f, "`{command}` ended with {status:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

/// Runs it to its end, whatever that is.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ran {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{words}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ran { command: words, status: status.code(), stdout: text(stdout), stderr: text(stderr) }
}
