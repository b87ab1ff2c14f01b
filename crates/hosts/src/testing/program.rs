//! What a fake container does when it is started.

use bytes::Bytes;

/// A script for containers of [`super::FakeEngine`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    pub(super) prints: Vec<String>,
    pub(super) writes: Vec<(String, Bytes)>,
    pub(super) course: Course,
    /// `None`: SIGTERM and SIGHUP have no effect.
    pub(super) status_when_signalled: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Course {
    Exit {
        status: i64,
        out_of_memory: bool,
    },
    /// Until it is signalled. `answer`: the body that its port answers every request with; `None`: nothing listens.
    Run {
        answer: Option<String>,
    },
    /// Prints what it reads, and exits with 0 at the end of its input.
    Echo,
}

impl Program {
    /// Exits at once.
    #[must_use]
    pub fn exits(status: i64) -> Self {
        Self::new(Course::Exit { status, out_of_memory: false })
    }

    /// Is killed at once for its memory limit.
    #[must_use]
    pub fn runs_out_of_memory() -> Self {
        Self::new(Course::Exit { status: 137, out_of_memory: true })
    }

    /// Runs until it is signalled; its port refuses connections until [`super::FakeEngine::bind`].
    #[must_use]
    pub fn runs() -> Self {
        Self::new(Course::Run { answer: None })
    }

    /// Runs until it is signalled; its port answers HTTP with this body from the start.
    #[must_use]
    pub fn serves(body: impl Into<String>) -> Self {
        Self::new(Course::Run { answer: Some(body.into()) })
    }

    /// Prints its input, until that ends.
    #[must_use]
    pub fn echoes() -> Self {
        Self::new(Course::Echo)
    }

    /// Prints this line first. In order, when said several times.
    #[must_use]
    pub fn printing(mut self, line: impl Into<String>) -> Self {
        self.prints.push(line.into());
        self
    }

    /// Writes this file first, as root.
    #[must_use]
    pub fn writing(mut self, path: impl Into<String>, contents: impl Into<Bytes>) -> Self {
        self.writes.push((path.into(), contents.into()));
        self
    }

    /// Only SIGKILL ends it.
    #[must_use]
    pub fn ignoring_term(mut self) -> Self {
        self.status_when_signalled = None;
        self
    }

    /// Exits with this when it gets SIGTERM, where most are killed by it (143).
    #[must_use]
    pub fn ending_with(mut self, status: i64) -> Self {
        self.status_when_signalled = Some(status);
        self
    }

    fn new(course: Course) -> Self {
        Self { prints: Vec::new(), writes: Vec::new(), course, status_when_signalled: Some(143) }
    }
}
