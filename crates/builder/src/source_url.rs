use std::{fmt, net::IpAddr};

use url::{Host, Url};

use crate::BuilderError;

/// Where a user says that something is to be fetched: `http://` or `https://`, and a host. It may hold credentials, so that
/// neither Debug nor Display shows more than [`Self::shown`].
#[derive(Clone, PartialEq, Eq)]
pub struct SourceUrl(Url);

impl SourceUrl {
    /// # Errors
    /// A text for the user.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.trim()).map_err(|error| format!("it is no URL ({error})"))?;
        Self::new(url)
    }

    fn new(url: Url) -> Result<Self, String> {
        match url.scheme() {
            "http" | "https" => {}
            other => return Err(format!("it must begin with http:// or https://, not {other}:")),
        }
        if url.host().is_none() {
            return Err("it names no host".to_owned());
        }
        Ok(Self(url))
    }

    /// Where a redirect from here leads.
    pub(crate) fn join(&self, location: &str) -> Result<Self, String> {
        let url = self.0.join(location).map_err(|error| format!("it redirects to what is no URL ({error})"))?;
        Self::new(url).map_err(|why| format!("it redirects elsewhere, and {why}"))
    }

    /// All of it, credentials included.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Without credentials, and without its query, which may be a signature.
    #[must_use]
    pub fn shown(&self) -> String {
        let port = self.0.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{}{port}{}", self.0.scheme(), self.host(), self.0.path())
    }

    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// The address, where the URL holds one instead of a name.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(ip.into()),
            Host::Ipv6(ip) => Some(ip.into()),
        }
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceUrl({})", self.shown())
    }
}

/// Why something that a user handed in, or pointed at, could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The user's to mend: a sentence for them, without a full stop, that holds no credentials.
    #[error("{0}")]
    Refused(String),
    /// Ours: the same may be tried again.
    #[error("what was handed in could not be taken")]
    Infrastructure(#[source] BuilderError),
}

impl From<BuilderError> for InputError {
    fn from(error: BuilderError) -> Self {
        Self::Infrastructure(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_secret() {
        let url = SourceUrl::parse("https://me:hunter2@example.test:8443/a.tgz?sig=s3cret#x").unwrap();
        assert_eq!(url.shown(), "https://example.test:8443/a.tgz");
        assert_eq!(format!("{url:?}"), "SourceUrl(https://example.test:8443/a.tgz)");
        assert!(url.expose().contains("hunter2"));
    }

    #[test]
    fn only_the_web_is_fetched_from() {
        for text in ["file:///etc/passwd", "ftp://example.test/a", "gopher://x", "example.test/a", "/a", "", "http://"]
        {
            assert!(SourceUrl::parse(text).is_err(), "{text}");
        }
        let here = SourceUrl::parse("https://example.test/a").unwrap();
        assert!(here.join("file:///etc/passwd").is_err());
        assert_eq!(here.join("/b").unwrap().shown(), "https://example.test/b");
    }

    #[test]
    fn every_way_to_write_an_address_is_an_address() {
        for text in ["http://127.0.0.1", "http://2130706433", "http://0x7f.1", "http://0177.0.0.1", "http://127.1."] {
            let literal = SourceUrl::parse(text).unwrap().literal();
            assert_eq!(literal, Some("127.0.0.1".parse().unwrap()), "{text}");
        }
        assert_eq!(SourceUrl::parse("http://[::1]/").unwrap().literal(), Some("::1".parse().unwrap()));
    }
}
