use std::fmt;

use serde::{Deserialize, Serialize};

/// A host's or a pool's name: 1 to 63 of `[a-z0-9-]`, a letter first, a letter or digit last. It is a DNS label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String", into = "String")]
pub struct HostName(String);

/// Pools are named as hosts are: a launched host's name begins with its pool's.
pub type PoolName = HostName;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a name: it must start with a letter, end with a letter or digit, and have at most 63 lowercase \
     letters, digits and dashes"
)]
pub struct HostNameError(pub String);

impl HostName {
    /// # Errors
    /// [`HostNameError`], whose text can be shown as it is.
    pub fn parse(text: &str) -> Result<Self, HostNameError> {
        let bytes = text.as_bytes();
        let is_allowed = |c: &u8| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == b'-';
        let is_valid = (1..=63).contains(&bytes.len())
            && bytes.iter().all(is_allowed)
            && bytes.first().is_some_and(u8::is_ascii_lowercase)
            && bytes.last() != Some(&b'-');
        if is_valid { Ok(Self(text.to_owned())) } else { Err(HostNameError(text.to_owned())) }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HostName {
    type Error = HostNameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<HostName> for String {
    fn from(name: HostName) -> Self {
        name.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dns_label() {
        for right in ["a", "web-1", "pool-a-0f3e"] {
            assert_eq!(HostName::parse(right).map(String::from), Ok(right.to_owned()));
        }
        for wrong in ["", "1a", "a-", "-a", "A", "a.b", "a_b", &"a".repeat(64)] {
            assert_eq!(HostName::parse(wrong), Err(HostNameError(wrong.to_owned())));
        }
    }
}
