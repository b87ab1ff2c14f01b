use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A release's number, from 1, never reused; shown as `v12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(transparent)]
pub struct ReleaseVersion(pub i32);

impl FromStr for ReleaseVersion {
    type Err = std::num::ParseIntError;

    /// `v12` or `12`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix('v').unwrap_or(text).parse().map(Self)
    }
}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// What a release says of itself, in Heroku's words (Heroku: "Description strings").
pub mod describe {
    use super::ReleaseVersion;

    pub const INITIAL: &str = "Initial release";
    pub const ENABLE_LOGPLEX: &str = "Enable Logplex";

    /// `Deploy 7894b412`: 8 characters of the commit, or `Deploy` alone where there is none.
    #[must_use]
    pub fn deploy(commit: Option<&str>) -> String {
        match commit.filter(|commit| !commit.is_empty()) {
            Some(commit) => format!("Deploy {}", commit.chars().take(8).collect::<String>()),
            None => "Deploy".to_owned(),
        }
    }

    #[must_use]
    pub fn rollback(to: ReleaseVersion) -> String {
        format!("Rollback to {to}")
    }

    /// The same code on another run image of its stack, of which this is the digest: `Rebase on debian-13 1a2b3c4d5e6f`.
    #[must_use]
    pub fn rebase(stack: &str, digest: &str) -> String {
        let digits = digest.rsplit_once(':').map_or(digest, |(_, digits)| digits);
        format!("Rebase on {stack} {}", digits.chars().take(12).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_parse_with_and_without_the_v() {
        assert_eq!("v12".parse(), Ok(ReleaseVersion(12)));
        assert_eq!("12".parse(), Ok(ReleaseVersion(12)));
        assert!("vv1".parse::<ReleaseVersion>().is_err());
    }

    #[test]
    fn a_rebase_names_twelve_digits_of_the_run_image() {
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!(describe::rebase("debian-13", &digest), "Rebase on debian-13 0123456789ab");
    }

    #[test]
    fn a_deploy_names_eight_characters_of_its_commit() {
        assert_eq!(describe::deploy(Some("7894b4129a8c")), "Deploy 7894b412");
        assert_eq!(describe::deploy(Some("")), "Deploy");
        assert_eq!(describe::deploy(None), "Deploy");
    }
}
