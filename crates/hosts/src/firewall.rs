//! What builds may reach, on engines that share the server's own machine. Hosts that join have the join script's firewall.

use std::{fmt, net::Ipv4Addr, str::FromStr};

/// Builds reach the internet, and nothing of this machine nor of the platform: this is what else they may reach, and may
/// not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFirewall {
    /// Tells the rules of this installation from those of others on the same machine: at most 20 letters and digits.
    pub installation: String,
    /// Comes before everything that is denied.
    pub allow: Vec<Destination>,
    pub deny: Vec<Destination>,
}

/// Addresses that a build may want to reach. Only of IPv4: builds have no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination {
    pub address: Ipv4Addr,
    /// Bits of the address that count, 32 for one address.
    pub bits: u8,
    /// `None`: any.
    pub port: Option<u16>,
}

/// As users should hear of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is an IPv4 address or network and, where only one port is meant, that: 10.0.0.5, 10.0.0.5:4873, 10.1.0.0/16"
)]
pub struct NoDestination;

impl FromStr for Destination {
    type Err = NoDestination;

    fn from_str(text: &str) -> Result<Self, NoDestination> {
        let (network, port) = match text.split_once(':') {
            Some((network, port)) => (network, Some(port.parse().map_err(|_| NoDestination)?)),
            None => (text, None),
        };
        let (address, bits) = network.split_once('/').unwrap_or((network, "32"));
        let (address, bits) = (address.parse().map_err(|_| NoDestination)?, bits.parse().map_err(|_| NoDestination)?);
        if bits > 32 || port == Some(0) { Err(NoDestination) } else { Ok(Self { address, bits, port }) }
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_addresses_networks_and_ports_of_them() {
        for (text, shown) in [
            ("10.0.0.5", "10.0.0.5/32"),
            ("10.0.0.5:4873", "10.0.0.5/32:4873"),
            ("10.1.0.0/16", "10.1.0.0/16"),
            ("10.1.0.0/16:443", "10.1.0.0/16:443"),
        ] {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), shown);
        }
        for wrong in
            ["", "here", "10.0.0.5:", "10.0.0.5:0", "10.0.0.5:65536", "10.0.0.0/33", "fd00::1", "10.0.0.5 -j ACCEPT"]
        {
            assert_eq!(wrong.parse::<Destination>(), Err(NoDestination), "{wrong}");
        }
    }
}
