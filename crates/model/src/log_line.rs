use std::fmt;

use chrono::{DateTime, Utc};

/// A longer line is split into chunks of this many bytes, each an entry of its own (Heroku: log limits).
pub const MAX_LINE_BYTES: usize = 10_000;

/// Who speaks: the app itself, or the platform about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogSource {
    App,
    Heroku,
}

/// One entry of an app's log. Display is the line as `paas logs` prints it, without a newline:
/// `2010-09-16T15:13:46.677020+00:00 app[web.1]: text` (Heroku: log format).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    pub at: DateTime<Utc>,
    pub source: LogSource,
    /// `web.1`, `api`, `router`.
    pub process: String,
    pub message: String,
}

impl LogSource {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Heroku => "heroku",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::App, Self::Heroku].into_iter().find(|source| source.as_str() == text)
    }
}

impl LogLine {
    /// Whether `filter` (`web.1`, or `web` for every `web.N`) names this line's process.
    #[must_use]
    pub fn is_of(&self, filter: &str) -> bool {
        self.process.strip_prefix(filter).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
        write!(f, "{at} {}[{}]: {}", self.source.as_str(), self.process, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(process: &str) -> LogLine {
        let at = DateTime::from_timestamp(1_284_650_026, 677_020_000).unwrap();
        LogLine { at, source: LogSource::App, process: process.into(), message: "hello".into() }
    }

    #[test]
    fn a_line_is_herokus_to_the_byte() {
        assert_eq!(line("web.1").to_string(), "2010-09-16T15:13:46.677020+00:00 app[web.1]: hello");
    }

    #[test]
    fn a_filter_is_a_dyno_or_a_process_type() {
        for (process, filter, want) in
            [("web.1", "web", true), ("web.1", "web.1", true), ("web.10", "web.1", false), ("webx.1", "web", false)]
        {
            assert_eq!(line(process).is_of(filter), want, "{process} {filter}");
        }
    }
}
