//! How a host's engine is reached.

use std::{fmt, net::SocketAddr, str::FromStr};

use paas_model::HostId;

use crate::EngineError;

/// What a host's certificate is made out to, after its id.
const HOST_DOMAIN: &str = ".host.paas";

/// Where a host's engine listens; stored in the host's row as text: `unix:///var/run/docker.sock`, or
/// `tcp://10.0.0.5:2376/?name=<host id>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostEndpoint {
    /// Path of the engine's Unix socket on this machine.
    Unix(String),
    /// Another machine's engine, behind mutual TLS. Its containers' ports are published on the same IP address.
    Tcp {
        address: SocketAddr,
        /// The DNS name that the engine's certificate must bear: one host cannot pose as another.
        server_name: String,
    },
}

impl HostEndpoint {
    /// The engine of a host that has joined, at its private address.
    #[must_use]
    pub fn tcp(address: SocketAddr, host: HostId) -> Self {
        Self::Tcp { address, server_name: server_name(host) }
    }
}

/// The DNS name in a host's certificate: `<host id>.host.paas`. It is in no zone; only certificates bear it.
#[must_use]
pub fn server_name(host: HostId) -> String {
    format!("{host}{HOST_DOMAIN}")
}

impl fmt::Display for HostEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{path}"),
            Self::Tcp { address, server_name } => {
                let name = server_name.strip_suffix(HOST_DOMAIN).unwrap_or(server_name);
                write!(f, "tcp://{address}/?name={name}")
            }
        }
    }
}

impl FromStr for HostEndpoint {
    type Err = EngineError;

    /// # Errors
    /// [`EngineError::InvalidEndpoint`].
    fn from_str(text: &str) -> Result<Self, EngineError> {
        parse(text).ok_or_else(|| EngineError::InvalidEndpoint(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<HostEndpoint> {
    if let Some(path) = text.strip_prefix("unix://") {
        return path.starts_with('/').then(|| HostEndpoint::Unix(path.to_owned()));
    }
    let (address, name) = text.strip_prefix("tcp://")?.split_once("/?name=")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let server_name = if name.contains('.') { name.to_owned() } else { format!("{name}{HOST_DOMAIN}") };
    Some(HostEndpoint::Tcp { address: address.parse().ok()?, server_name })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "01976f9e-7a1c-7d2e-8c3a-0123456789ab";

    #[test]
    fn endpoints_are_read_as_they_are_written() {
        for text in [
            "unix:///var/run/docker.sock",
            &format!("tcp://10.0.0.5:2376/?name={HOST}"),
            &format!("tcp://[fd00::5]:2376/?name={HOST}"),
            "tcp://10.0.0.5:2376/?name=other.example.com",
        ] {
            assert_eq!(text.parse::<HostEndpoint>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_hosts_certificate_bears_its_id() {
        let host: HostId = HOST.parse().unwrap();
        let endpoint = HostEndpoint::tcp("10.0.0.5:2376".parse().unwrap(), host);
        assert_eq!(endpoint, format!("tcp://10.0.0.5:2376/?name={HOST}").parse().unwrap());
        let HostEndpoint::Tcp { server_name, .. } = endpoint else { panic!("a TCP endpoint") };
        assert_eq!(server_name, format!("{HOST}.host.paas"));
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in [
            "",
            "/var/run/docker.sock",
            "unix://relative",
            "tcp://10.0.0.5:2376",
            "tcp://host:2376/?name=a",
            "tcp://10.0.0.5:2376/?name=",
            "tcp://10.0.0.5:2376/?name=a/b",
            "http://10.0.0.5:2376/?name=a",
        ] {
            assert!(matches!(text.parse::<HostEndpoint>(), Err(EngineError::InvalidEndpoint(_))), "{text}");
        }
    }
}
