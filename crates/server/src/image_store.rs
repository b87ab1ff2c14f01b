//! The registry as the parts of the platform reach it: given, or embedded here or in another process of this machine.

use anyhow::{Context, Result, bail};
use paas_builder::{Registry as RegistryClient, RegistryConfig};
use paas_control::HostRegistry;
use paas_hosts::RegistryLogin;
use url::{Host, Url};

use crate::{ca::Authority, config::Config, registry::RegistryListen, registry_access};

/// Under the data directory.
pub(crate) const REGISTRY_DIRECTORY: &str = "registry";

/// Where it is, and who we are there.
#[derive(Debug)]
pub(crate) struct ImageStore {
    url: Url,
    login: Option<RegistryLogin>,
}

impl ImageStore {
    /// The one that operators name.
    pub(crate) fn given(config: RegistryConfig) -> Self {
        let address = authority_of(&config.url);
        let login = config.credentials.map(|(user, password)| RegistryLogin { address, user, password });
        Self { url: config.url, login }
    }

    /// Ours. `login`: for one that listens on a network.
    ///
    /// # Errors
    /// None: an address makes a URL.
    pub(crate) fn embedded(listen: RegistryListen, login: Option<RegistryLogin>) -> Result<Self> {
        let scheme = match listen {
            RegistryListen::Loopback(_) => "http",
            RegistryListen::Network(_) => "https",
        };
        Ok(Self { url: format!("{scheme}://{}", listen.address()).parse()?, login })
    }

    /// The one that several processes share: given, or the embedded one of `paasd up` on this data directory.
    ///
    /// # Errors
    /// There is neither; the text says what to do.
    pub(crate) fn find(config: &Config) -> Result<Self> {
        if let Some(given) = &config.registry {
            return Ok(Self::given(given.clone()));
        }
        let directory = config.path(REGISTRY_DIRECTORY);
        if !directory.exists() {
            bail!(
                "REGISTRY_URL is not set, and there is no private registry in {}.\n\
                 Set REGISTRY_URL to the registry that all processes of the installation share, or start `paasd up` with \
                 the same PAAS_DATA_DIR first.",
                directory.display()
            );
        }
        match config.registry_listen {
            None => Self::embedded(RegistryListen::Loopback(config.registry_port), None),
            Some(address) => {
                let login = registry_access::find(&directory, address)?;
                let login = login.with_context(|| {
                    format!(
                        "{} holds no password: the private registry there was never started with PAAS_REGISTRY_LISTEN.\n\
                         Start `paasd up` with it first.",
                        directory.display()
                    )
                })?;
                Self::embedded(RegistryListen::Network(address), Some(login))
            }
        }
    }

    /// What engines log in with.
    pub(crate) const fn login(&self) -> Option<&RegistryLogin> {
        self.login.as_ref()
    }

    /// # Errors
    /// The URL is not one of a registry.
    pub(crate) fn client(&self, authority: &Authority) -> Result<RegistryClient> {
        let credentials = self.login.as_ref().map(|login| (login.user.clone(), login.password.clone()));
        let config = RegistryConfig { url: self.url.clone(), credentials };
        Ok(RegistryClient::trusting(config, Some(authority.pem()))?)
    }

    /// How hosts reach it; `None`: they cannot.
    pub(crate) fn for_hosts(&self) -> Option<HostRegistry> {
        let is_loopback = match self.url.host()? {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        // A given one may be ours too, on another machine. Trusting our authority besides the public ones does no harm.
        let is_ours = self.url.scheme() == "https";
        (!is_loopback).then(|| HostRegistry { address: authority_of(&self.url), is_ours })
    }
}

/// `10.0.0.1:5050`, as image names begin.
fn authority_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(url: &str) -> ImageStore {
        let credentials = Some(("me".to_owned(), "s3cret".to_owned().into()));
        ImageStore::given(RegistryConfig { url: url.parse().unwrap(), credentials })
    }

    #[test]
    fn hosts_are_told_of_a_registry_that_they_can_reach() {
        for url in ["http://127.0.0.1:5050", "http://[::1]:5050", "https://localhost"] {
            assert_eq!(given(url).for_hosts(), None, "{url}");
        }
        let ours = given("https://10.0.0.1:5050");
        assert_eq!(ours.for_hosts(), Some(HostRegistry { address: "10.0.0.1:5050".to_owned(), is_ours: true }));
        assert_eq!(ours.login().unwrap().address, "10.0.0.1:5050");
        let plain = given("http://registry.example.com").for_hosts();
        assert_eq!(plain, Some(HostRegistry { address: "registry.example.com".to_owned(), is_ours: false }));
    }

    #[test]
    fn an_embedded_one_on_a_network_is_reached_over_tls() {
        let authority = Authority::for_test();
        let network = ImageStore::embedded(RegistryListen::Network("10.0.0.1:5050".parse().unwrap()), None).unwrap();
        assert_eq!(network.url.as_str(), "https://10.0.0.1:5050/");
        assert_eq!(network.client(&authority).unwrap().host(), "10.0.0.1:5050");
        let loopback = ImageStore::embedded(RegistryListen::Loopback(5050), None).unwrap();
        assert_eq!(loopback.for_hosts(), None);
    }
}
