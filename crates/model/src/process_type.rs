use std::fmt;

use serde::{Deserialize, Serialize};

/// The left side of a Procfile line: `web`, `worker`, `release`, or any other of `[A-Za-z0-9_-]{1,128}`
/// (Heroku: schema `formation.type`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String", into = "String")]
pub struct ProcessType(String);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Type must be 1 to 128 letters, digits, dashes or underscores.")]
pub struct ProcessTypeError;

impl ProcessType {
    /// # Errors
    /// [`ProcessTypeError`] when empty, too long, or with another character in it.
    pub fn parse(text: &str) -> Result<Self, ProcessTypeError> {
        let allowed = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        if text.is_empty() || text.len() > 128 || !text.bytes().all(allowed) {
            return Err(ProcessTypeError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The only type that gets HTTP traffic.
    #[must_use]
    pub fn web() -> Self {
        Self("web".to_owned())
    }

    /// The type whose command runs once for every release.
    #[must_use]
    pub fn release() -> Self {
        Self("release".to_owned())
    }

    /// The type of one-off dynos.
    #[must_use]
    pub fn run() -> Self {
        Self("run".to_owned())
    }

    #[must_use]
    pub fn is_web(&self) -> bool {
        self.0 == "web"
    }

    /// Whether two of it at once would do harm: `clock`, as schedulers are called by custom (Heroku: custom clock
    /// processes).
    #[must_use]
    pub fn is_singleton(&self) -> bool {
        self.0 == "clock"
    }

    #[must_use]
    pub fn is_release(&self) -> bool {
        self.0 == "release"
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProcessType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProcessType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessType({})", self.0)
    }
}

impl TryFrom<String> for ProcessType {
    type Error = ProcessTypeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ProcessType> for String {
    fn from(kind: ProcessType) -> Self {
        kind.0
    }
}
