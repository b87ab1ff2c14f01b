use std::{fmt, net::IpAddr};

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// Where log lines are sent (Heroku: log drains). It may hold a password, and its path may be a secret too, as receivers have it:
/// Debug and Display show scheme, host and port.
#[derive(Clone, PartialEq, Eq)]
pub struct DrainUrl(Url);

/// How they get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainTransport {
    /// Over TCP, `syslog://`, with TLS as `syslog+tls://`.
    Syslog,
    /// `http://`, `https://`.
    Http,
}

/// What a drain's host name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrainHost {
    Name(String),
    Address(IpAddr),
}

/// Display can be shown to users as it is. Heroku's words begin it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DrainUrlError {
    #[error("Invalid drain destination: it is not a URL, such as https://logs.example.com/drain")]
    Malformed,
    #[error("Invalid drain destination: its scheme must be https, http, syslog+tls or syslog")]
    Scheme,
    #[error("Invalid drain destination: it names no host")]
    NoHost,
    #[error("Invalid drain destination: it is longer than 2000 bytes")]
    TooLong,
}

impl DrainUrl {
    const MAX_BYTES: usize = 2_000;

    /// # Errors
    /// [`DrainUrlError`].
    pub fn parse(text: &str) -> Result<Self, DrainUrlError> {
        if text.len() > Self::MAX_BYTES {
            return Err(DrainUrlError::TooLong);
        }
        let url = Url::parse(text.trim()).map_err(|_| DrainUrlError::Malformed)?;
        if !["syslog", "syslog+tls", "http", "https"].contains(&url.scheme()) {
            return Err(DrainUrlError::Scheme);
        }
        let drain = Self(url);
        drain.parsed_host().ok_or(DrainUrlError::NoHost)?;
        Ok(drain)
    }

    /// All of it, with its secrets.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    #[must_use]
    pub fn transport(&self) -> DrainTransport {
        if self.0.scheme().starts_with("http") { DrainTransport::Http } else { DrainTransport::Syslog }
    }

    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(self.0.scheme(), "https" | "syslog+tls")
    }

    #[must_use]
    pub fn host(&self) -> DrainHost {
        match self.parsed_host() {
            Some(Host::Ipv4(ip)) => DrainHost::Address(ip.into()),
            Some(Host::Ipv6(ip)) => DrainHost::Address(ip.into()),
            Some(Host::Domain(name)) => DrainHost::Name(name),
            // Looked at when it was parsed; an empty name resolves to nothing.
            None => DrainHost::Name(String::new()),
        }
    }

    /// The host, with the port if one is given: an HTTP Host header.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        let default = if self.0.scheme() == "syslog+tls" { 6_514 } else { 514 };
        self.0.port_or_known_default().unwrap_or(default)
    }

    /// Path and query.
    #[must_use]
    pub fn target(&self) -> String {
        let path = if self.0.path().is_empty() { "/" } else { self.0.path() };
        self.0.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
    }

    /// User and password for HTTP Basic, if there are any.
    #[must_use]
    pub fn credentials(&self) -> Option<(String, String)> {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = self.0.password().unwrap_or_default();
        (!self.0.username().is_empty() || !password.is_empty()).then(|| (decoded(self.0.username()), decoded(password)))
    }

    /// For schemes that it does not know, `url` leaves hosts as they are: `127.1` would pass as a name.
    fn parsed_host(&self) -> Option<Host> {
        let text = self.0.host_str().filter(|host| !host.is_empty())?;
        Host::parse(text).ok()
    }
}

impl fmt::Display for DrainUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.authority())
    }
}

impl fmt::Debug for DrainUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DrainUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> DrainUrl {
        DrainUrl::parse(text).unwrap()
    }

    #[test]
    fn ports_and_targets_have_defaults() {
        for (text, port, target) in [
            ("syslog://logs.example.com", 514, "/"),
            ("syslog://logs.example.com:12345", 12_345, "/"),
            ("syslog+tls://logs.example.com", 6_514, "/"),
            ("https://logs.example.com", 443, "/"),
            ("http://logs.example.com:8080/in?key=1", 8_080, "/in?key=1"),
        ] {
            assert_eq!((parse(text).port(), parse(text).target()), (port, target.to_owned()), "{text}");
        }
    }

    #[test]
    fn credentials_are_decoded_and_they_and_the_path_are_not_shown() {
        let url = parse("https://user:p%40ss@logs.example.com:8443/services/T0/secret?key=1#x");
        assert_eq!(url.credentials(), Some(("user".into(), "p@ss".into())));
        assert_eq!(url.to_string(), "https://logs.example.com:8443");
        assert_eq!(format!("{url:?}"), "DrainUrl(https://logs.example.com:8443)");
        assert_eq!(parse("https://logs.example.com").credentials(), None);
    }

    #[test]
    fn an_address_is_seen_in_every_spelling() {
        let loopback = DrainHost::Address([127, 0, 0, 1].into());
        for text in [
            "syslog://127.0.0.1",
            "syslog://127.1:514",
            "http://0x7f.1",
            "http://2130706433",
            "syslog+tls://0177.0.0.1",
        ] {
            assert_eq!(parse(text).host(), loopback, "{text}");
        }
        assert!(matches!(parse("syslog://[::1]:514").host(), DrainHost::Address(IpAddr::V6(_))));
        assert_eq!(parse("syslog://Logs.example.com").host(), DrainHost::Name("logs.example.com".into()));
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, want) in [
            ("logs.example.com", DrainUrlError::Malformed),
            ("", DrainUrlError::Malformed),
            ("ftp://logs.example.com", DrainUrlError::Scheme),
            ("file:///etc/passwd", DrainUrlError::Scheme),
            ("syslog:///path", DrainUrlError::NoHost),
            ("syslog:logs", DrainUrlError::NoHost),
        ] {
            assert_eq!(DrainUrl::parse(text), Err(want), "{text}");
        }
        assert_eq!(DrainUrl::parse(&format!("https://a.com/{}", "x".repeat(2_000))), Err(DrainUrlError::TooLong));
    }
}
