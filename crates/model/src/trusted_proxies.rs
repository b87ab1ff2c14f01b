use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

/// Proxies whose word about where a request comes from (`X-Forwarded-For`) is believed. Anybody else could have made it up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address nor a network, such as 10.0.0.1 or 10.0.0.0/8")]
pub struct NetworkError(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    address: IpAddr,
    prefix: u32,
}

impl TrustedProxies {
    /// Where a request comes from: whoever is connected, or, if that is one of these, whom it says it speaks for, and so on
    /// back. `forwarded_for`: the values of all `X-Forwarded-For` lines, joined by commas; the nearest is the last.
    #[must_use]
    pub fn client(&self, peer: IpAddr, forwarded_for: &str) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded_for.rsplit(',') {
            let Some(before) = address(hop.trim()).filter(|_| self.contains(client)) else { break };
            client = before;
        }
        client
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                (u32::from(ours) ^ u32::from(theirs)).leading_zeros() >= self.prefix
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                (u128::from(ours) ^ u128::from(theirs)).leading_zeros() >= self.prefix
            }
            _ => false,
        }
    }
}

/// Addresses and networks, separated by commas or blanks.
impl FromStr for TrustedProxies {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        words.map(|word| network(word).ok_or_else(|| NetworkError(word.to_owned()))).collect::<Result<_, _>>().map(Self)
    }
}

fn network(text: &str) -> Option<Network> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(longest), |prefix| prefix.parse().ok())?;
    (prefix <= longest).then_some(Network { address, prefix })
}

/// With or without a port.
fn address(hop: &str) -> Option<IpAddr> {
    let parsed = hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    parsed.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded_for: &str) -> String {
        let trusted: TrustedProxies = trusted.parse().unwrap();
        trusted.client(peer.parse().unwrap(), forwarded_for).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_told() {
        assert_eq!(client("", "10.0.0.1", "6.6.6.6"), "10.0.0.1");
        assert_eq!(client("10.0.0.2", "10.0.0.1", "6.6.6.6"), "10.0.0.1");
    }

    #[test]
    fn a_chain_is_followed_back_to_the_first_that_is_not_trusted() {
        let trusted = "10.0.0.0/8, ::1";
        assert_eq!(client(trusted, "10.0.0.1", "6.6.6.6, 203.0.113.5, 10.9.9.9"), "203.0.113.5");
        assert_eq!(client(trusted, "::1", "203.0.113.5:1234"), "203.0.113.5");
        assert_eq!(client(trusted, "::ffff:10.0.0.1", "[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(client(trusted, "10.0.0.1", "10.0.0.2"), "10.0.0.2");
        assert_eq!(client(trusted, "10.0.0.1", "unknown"), "10.0.0.1");
        assert_eq!(client(trusted, "10.0.0.1", ""), "10.0.0.1");
    }

    #[test]
    fn what_is_no_network_is_named() {
        for text in ["10.0.0.0/33", "proxy", "10.0.0.1/x", "::/129"] {
            let error = format!("10.0.0.1,{text}").parse::<TrustedProxies>().unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
    }
}
