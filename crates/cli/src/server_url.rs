use std::fmt;

use url::{Host, Url};

use crate::error::Error;

/// A server's address: scheme, host and port, nothing else. `https`, or `http` on this very machine, because the token
/// would cross a network in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerUrl(Url);

impl ServerUrl {
    /// Where `paasd up` listens.
    pub(crate) const DEFAULT: &str = "https://localhost:5443";

    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |what: &str| {
            Error::mistake(format!("{text:?} is no server: {what}."), "give it as https://HOST or https://HOST:PORT")
        };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !bare || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("there may be nothing but scheme, host and port"));
        }
        let server = Self(url);
        match server.0.scheme() {
            "https" if server.0.host().is_some() => Ok(server),
            "http" if server.is_loopback() => Ok(server),
            "http" => Err(wrong("over http the token could be read on the way")),
            _ => Err(wrong("it must begin with https://")),
        }
    }

    /// The server of a repository's URL.
    pub(crate) fn of_git_url(git_url: &str) -> Option<Self> {
        let mut url = Url::parse(git_url).ok().filter(|url| url.scheme() == "https")?;
        url.set_path("/");
        Self::parse(url.as_str()).ok()
    }

    /// `https://localhost:5443`, without a slash at the end.
    pub(crate) fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// `localhost:5443`; a default port is left out, as git does.
    pub(crate) fn host_and_port(&self) -> String {
        let host = self.host();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The scheme's own where none is given.
    pub(crate) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether it is this machine, by the names that mean nothing else.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// The app in `https://[USER@]HOST[:PORT]/APP.git`, if that is a repository of this server.
    ///
    /// A server over plain http on loopback tells git to use its https port, which we do not know; there every https
    /// port of loopback is taken for it.
    pub(crate) fn app_of(&self, git_url: &str) -> Option<String> {
        let url = Url::parse(git_url).ok()?;
        let app = url.path().strip_prefix('/')?.strip_suffix(".git")?;
        let other = Self(url.clone());
        let same = self.origin() == other.origin()
            || (!self.is_https() && self.is_loopback() && other.is_https() && other.is_loopback());
        (same && !app.is_empty() && !app.contains('/')).then(|| app.to_owned())
    }

    pub(crate) fn to_url(&self) -> Url {
        self.0.clone()
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_origins_and_plain_http_stays_on_this_machine() {
        for text in ["https://localhost:5443", "https://paas.example.com", "http://127.0.0.1:5000", "http://[::1]:5000"]
        {
            assert_eq!(ServerUrl::parse(text).unwrap().origin(), text);
        }
        for text in [
            "",
            "localhost",
            "localhost:5443",
            "http://paas.example.com",
            "http://localhost.example.com",
            "ftp://localhost",
            "https://a:b@localhost",
            "https://localhost/path",
            "https://localhost?x",
            "file:///etc",
        ] {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_remote_names_an_app_only_on_this_server() {
        let server = ServerUrl::parse("https://localhost:5443").unwrap();
        assert_eq!(server.app_of("https://localhost:5443/example.git").as_deref(), Some("example"));
        assert_eq!(server.app_of("https://paas@localhost:5443/example.git").as_deref(), Some("example"));
        for other in [
            "https://localhost/example.git",
            "http://localhost:5443/example.git",
            "https://github.com/a/b.git",
            "https://localhost:5443/a/b.git",
            "https://localhost:5443/.git",
            "git@localhost:example.git",
            "/srv/example.git",
        ] {
            assert_eq!(server.app_of(other), None, "{other}");
        }
        let plain = ServerUrl::parse("http://127.0.0.1:5000").unwrap();
        assert_eq!(plain.app_of("https://localhost:5443/example.git").as_deref(), Some("example"));
        assert_eq!(plain.app_of("https://git.heroku.com/example.git"), None);
    }

    #[test]
    fn a_default_port_is_not_shown() {
        assert_eq!(ServerUrl::parse("https://paas.example.com:443").unwrap().host_and_port(), "paas.example.com");
    }
}
