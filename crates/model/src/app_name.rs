use std::fmt;

use serde::{Deserialize, Serialize};

/// An app's name: 3 to 30 of `[a-z0-9-]`, a letter first, a letter or digit last (Heroku: schema `app.name`).
///
/// It is a DNS label, a folder of the git URL and part of image names, which is why it is this strict.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String", into = "String")]
pub struct AppName(String);

/// Display is Heroku's own text for the same mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppNameError {
    #[error("Name is too short (minimum is 3 characters)")]
    TooShort,
    #[error("Name is too long (maximum is 30 characters)")]
    TooLong,
    #[error(
        "Name must start with a letter, end with a letter or digit and can only contain lowercase letters, digits, and dashes."
    )]
    Malformed,
    #[error("Name {0} is reserved")]
    Reserved(String),
}

/// Names that are, or may become, hosts of the platform itself.
const RESERVED: [&str; 10] =
    ["api", "app", "apps", "dashboard", "git", "localhost", "logs", "registry", "stacks", "www"];

impl AppName {
    /// # Errors
    /// [`AppNameError`], whose text can be shown as it is.
    pub fn parse(text: &str) -> Result<Self, AppNameError> {
        if text.len() < 3 {
            return Err(AppNameError::TooShort);
        }
        if text.len() > 30 {
            return Err(AppNameError::TooLong);
        }
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let bytes = text.as_bytes();
        if !bytes.iter().copied().all(allowed) || !bytes[0].is_ascii_lowercase() || bytes[bytes.len() - 1] == b'-' {
            return Err(AppNameError::Malformed);
        }
        if RESERVED.contains(&text) {
            return Err(AppNameError::Reserved(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name for an app that was created without one: `adjective-noun-12345`, as Heroku's.
    ///
    /// `seed` is any number; equal seeds give equal names, so the caller retries a clash with another one.
    #[must_use]
    pub fn invent(seed: u64) -> Self {
        const ADJECTIVES: [&str; 16] = [
            "ancient", "blooming", "calm", "damp", "evening", "frozen", "gentle", "hidden", "icy", "lively", "misty",
            "obscure", "peaceful", "quiet", "rocky", "sleepy",
        ];
        const NOUNS: [&str; 16] = [
            "atoll", "beach", "brook", "cliffs", "dawn", "earth", "fjord", "garden", "harbor", "island", "lake",
            "meadow", "plains", "reef", "shore", "wave",
        ];
        let pick = |list: &[&'static str; 16], at: u64| list[usize::from((at % 16) as u8)];
        Self(format!("{}-{}-{:05}", pick(&ADJECTIVES, seed), pick(&NOUNS, seed / 16), seed / 256 % 100_000))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppName({})", self.0)
    }
}

impl TryFrom<String> for AppName {
    type Error = AppNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AppName> for String {
    fn from(name: AppName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_are_taken_as_they_are() {
        for name in ["abc", "a-1", "example-app", "x23456789012345678901234567890"] {
            assert_eq!(AppName::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn bad_names_say_what_is_wrong() {
        for (name, error) in [
            ("", AppNameError::TooShort),
            ("ab", AppNameError::TooShort),
            ("x234567890123456789012345678901", AppNameError::TooLong),
            ("Abc", AppNameError::Malformed),
            ("1abc", AppNameError::Malformed),
            ("abc-", AppNameError::Malformed),
            ("a_b", AppNameError::Malformed),
            ("a.b", AppNameError::Malformed),
            ("naïve", AppNameError::Malformed),
            ("../etc", AppNameError::Malformed),
            ("git", AppNameError::Reserved("git".into())),
        ] {
            assert_eq!(AppName::parse(name), Err(error), "{name:?}");
        }
    }

    #[test]
    fn invented_names_are_valid() {
        for seed in (0..1_000_000_u64).step_by(997).chain([u64::MAX]) {
            let name = AppName::invent(seed);
            assert_eq!(AppName::parse(name.as_str()), Ok(name));
        }
    }
}
