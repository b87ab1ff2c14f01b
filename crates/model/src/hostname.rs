use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

/// Most bytes of a name in DNS.
const MAX_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;
/// More than any name in another script needs; what is longer is not looked at.
const MAX_CHARS: usize = 1_000;
/// So much of it is shown.
const SHOWN_CHARS: usize = 60;

/// The host name of a custom domain: lower case, in ASCII (`xn--…`), two labels or more. `*` may stand for its first label.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sqlx", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String", into = "String")]
pub struct Hostname(String);

/// Display can be shown to users as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostnameError {
    #[error("{0} is an IP address. A domain is a host name, such as www.example.com.")]
    Address(String),
    #[error("{0} has a port, a scheme or a path. Give the host name alone, such as www.example.com.")]
    MoreThanAName(String),
    #[error("{0} has one label only. A domain is a full host name, such as www.example.com.")]
    OneLabel(String),
    #[error("{0} is not valid: * stands for the whole first label and no other, as in *.example.com.")]
    Wildcard(String),
    #[error("{0} is not a valid host name.")]
    Malformed(String),
    /// With its beginning.
    #[error("{0}… is too long. A host name has at most {MAX_BYTES} characters.")]
    TooLong(String),
}

impl Hostname {
    /// Names in other scripts become Punycode, and a dot at the end is taken off.
    ///
    /// # Errors
    /// [`HostnameError`].
    pub fn parse(text: &str) -> Result<Self, HostnameError> {
        let text = text.trim();
        if text.chars().nth(MAX_CHARS).is_some() {
            return Err(HostnameError::TooLong(text.chars().take(SHOWN_CHARS).collect()));
        }
        let given = || text.to_owned();
        if text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok() {
            return Err(HostnameError::Address(given()));
        }
        if text.contains([':', '/', '@', '?', '#']) {
            return Err(HostnameError::MoreThanAName(given()));
        }
        let (wildcard, name) = text.strip_prefix("*.").map_or(("", text), |name| ("*.", name));
        if name.contains('*') {
            return Err(HostnameError::Wildcard(given()));
        }
        let ascii = idna::domain_to_ascii_strict(name.strip_suffix('.').unwrap_or(name))
            .map_err(|_| HostnameError::Malformed(given()))?;
        let labels: Vec<&str> = ascii.split('.').collect();
        let is_label = |label: &&str| {
            let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
            (1..=MAX_LABEL_BYTES).contains(&label.len())
                && label.bytes().all(allowed)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if wildcard.len() + ascii.len() > MAX_BYTES || !labels.iter().all(is_label) {
            return Err(HostnameError::Malformed(given()));
        }
        // What ends in a number is read as an IPv4 address by clients: `127.1`, `0x7f.1`.
        if labels.last().is_some_and(|last| last.as_bytes()[0].is_ascii_digit()) {
            return Err(HostnameError::Address(given()));
        }
        if labels.len() < 2 {
            return Err(HostnameError::OneLabel(given()));
        }
        Ok(Self(format!("{wildcard}{ascii}")))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `example.com` of `*.example.com`; `None`: it is one name alone.
    #[must_use]
    pub fn wildcard_of(&self) -> Option<&str> {
        self.0.strip_prefix("*.")
    }

    /// Whether it is `domain` or below it, or its wildcard would cover `domain`.
    #[must_use]
    pub fn overlaps(&self, domain: &str) -> bool {
        let name = self.wildcard_of().unwrap_or(&self.0);
        name == domain || is_below(name, domain) || (self.wildcard_of().is_some() && is_below(domain, name))
    }

    /// The wildcards that cover it, the nearest first: of `a.b.com` these are `*.b.com` and `*.com`. A wildcard is not
    /// among its own.
    pub fn wildcards_above(&self) -> impl Iterator<Item = String> {
        let name = self.wildcard_of().unwrap_or(&self.0);
        let parents = std::iter::successors(parent(name), |name| parent(name));
        parents.map(|parent| format!("*.{parent}"))
    }

    /// Whether it is a wildcard that the other name, or all that the other wildcard stands for, is below.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let name = other.wildcard_of().unwrap_or(&other.0);
        self.wildcard_of().is_some_and(|domain| is_below(name, domain))
    }
}

/// `b.com` of `a.b.com`.
fn parent(name: &str) -> Option<&str> {
    name.split_once('.').map(|(_, parent)| parent)
}

fn is_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hostname({})", self.0)
    }
}

impl TryFrom<String> for Hostname {
    type Error = HostnameError;

    fn try_from(text: String) -> Result<Self, HostnameError> {
        Self::parse(&text)
    }
}

impl From<Hostname> for String {
    fn from(name: Hostname) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> String {
        Hostname::parse(text).map_or_else(|error| panic!("{text}: {error}"), |name| name.to_string())
    }

    #[test]
    fn names_become_lower_case_ascii() {
        for (text, want) in [
            ("www.example.com", "www.example.com"),
            ("WWW.Example.COM.", "www.example.com"),
            ("example.com", "example.com"),
            ("*.example.com", "*.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("*.BÜCHER.example", "*.xn--bcher-kva.example"),
            ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
            ("a1.2b.co", "a1.2b.co"),
        ] {
            assert_eq!(parsed(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_host_name_says_why() {
        let long = format!("{}.com", "a.".repeat(125));
        for (text, want) in [
            ("10.0.0.1", HostnameError::Address("10.0.0.1".into())),
            ("[::1]", HostnameError::Address("[::1]".into())),
            ("0x7f.1", HostnameError::Address("0x7f.1".into())),
            ("www.example.com:80", HostnameError::MoreThanAName("www.example.com:80".into())),
            ("https://www.example.com", HostnameError::MoreThanAName("https://www.example.com".into())),
            ("example", HostnameError::OneLabel("example".into())),
            ("*.com", HostnameError::OneLabel("*.com".into())),
            ("www.*.com", HostnameError::Wildcard("www.*.com".into())),
            ("*", HostnameError::Wildcard("*".into())),
            ("w*.example.com", HostnameError::Wildcard("w*.example.com".into())),
            ("", HostnameError::Malformed(String::new())),
            ("a..com", HostnameError::Malformed("a..com".into())),
            ("a_b.example.com", HostnameError::Malformed("a_b.example.com".into())),
            ("-a.example.com", HostnameError::Malformed("-a.example.com".into())),
            ("a b.example.com", HostnameError::Malformed("a b.example.com".into())),
            (&long, HostnameError::Malformed(long.clone())),
            (&"ü".repeat(1_001), HostnameError::TooLong("ü".repeat(60))),
        ] {
            assert_eq!(Hostname::parse(text), Err(want), "{text}");
        }
    }

    #[test]
    fn a_domain_is_overlapped_from_below_and_by_wildcards_from_above() {
        for (name, want) in [
            ("apps.example.com", true),
            ("shop.apps.example.com", true),
            ("*.apps.example.com", true),
            ("*.example.com", true),
            ("example.com", false),
            ("www.example.com", false),
            ("myapps.example.com", false),
            ("*.www.example.com", false),
        ] {
            assert_eq!(Hostname::parse(name).unwrap().overlaps("apps.example.com"), want, "{name}");
        }
    }

    #[test]
    fn a_wildcard_covers_what_is_below_it_and_neither_itself_nor_its_domain() {
        for (wildcard, name, want) in [
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "*.shop.example.com", true),
            ("*.example.com", "*.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "myexample.com", false),
            ("*.shop.example.com", "*.example.com", false),
            ("example.com", "www.example.com", false),
        ] {
            let (wildcard, name) = (Hostname::parse(wildcard).unwrap(), Hostname::parse(name).unwrap());
            assert_eq!(wildcard.covers(&name), want, "{wildcard} {name}");
            let is_above = name.wildcards_above().any(|above| above == wildcard.as_str());
            assert_eq!(is_above, want, "{wildcard} {name}");
        }
        let above: Vec<_> = Hostname::parse("*.a.b.com").unwrap().wildcards_above().collect();
        assert_eq!(above, ["*.b.com", "*.com"]);
    }

    proptest! {
        #[test]
        fn parsing_what_was_parsed_changes_nothing(text in "\\PC{0,40}") {
            if let Ok(name) = Hostname::parse(&text) {
                prop_assert_eq!(Hostname::parse(name.as_str()), Ok(name));
            }
        }
    }
}
