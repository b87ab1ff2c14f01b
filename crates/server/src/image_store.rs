//! The registry as the parts of the platform reach it: given, or embedded here or in another process of this machine.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result, bail};
use paas_builder::{Registry as RegistryClient, RegistryConfig};
use paas_control::HostRegistry;
use paas_db::Db;
use paas_hosts::{RegistryAccess, RegistryLogin, RegistryTokens};
use url::{Host, Url};

use crate::{ca::Authority, config::Config, registry::RegistryListen, registry_tokens::TokenSigner};

/// Under the data directory.
pub(crate) const REGISTRY_DIRECTORY: &str = "registry";

/// Where it is, and how it is got at.
#[derive(Debug)]
pub(crate) struct ImageStore {
    url: Url,
    /// `None`: it lets everybody in.
    access: Option<RegistryAccess>,
}

impl ImageStore {
    /// The one that operators name. It may be the embedded one of another machine, which takes tokens.
    ///
    /// # Errors
    /// As [`TokenSigner::find`].
    pub(crate) async fn given(config: RegistryConfig, db: &Db) -> Result<Self> {
        let access = match TokenSigner::find(db, &authority_of(&config.url)).await? {
            Some(signer) => Some(RegistryAccess::Tokens(signer)),
            None => config.credentials.map(|(user, password)| RegistryAccess::Password { user, password }),
        };
        Ok(Self { url: config.url, access })
    }

    /// Ours on this machine alone.
    ///
    /// # Errors
    /// None: an address makes a URL.
    pub(crate) fn on_loopback(port: u16) -> Result<Self> {
        Ok(Self { url: format!("http://{}", RegistryListen::Loopback(port).address()).parse()?, access: None })
    }

    /// Ours on a network.
    ///
    /// # Errors
    /// None: an address makes a URL.
    pub(crate) fn on_network(address: SocketAddr, tokens: Arc<dyn RegistryTokens>) -> Result<Self> {
        Ok(Self { url: format!("https://{address}").parse()?, access: Some(RegistryAccess::Tokens(tokens)) })
    }

    /// Whether there is one that several processes share: given, or the embedded one of `paasd up` on this data directory.
    ///
    /// # Errors
    /// There is neither; the text says what to do.
    pub(crate) fn must_exist(config: &Config) -> Result<()> {
        let directory = config.path(REGISTRY_DIRECTORY);
        if config.registry.is_none() && !directory.exists() {
            bail!(
                "REGISTRY_URL is not set, and there is no private registry in {}.\n\
                 Set REGISTRY_URL to the registry that all processes of the installation share, or start `paasd up` with \
                 the same PAAS_DATA_DIR first.",
                directory.display()
            );
        }
        Ok(())
    }

    /// That one.
    ///
    /// # Errors
    /// The embedded one was never started so; the text says what to do.
    pub(crate) async fn find(config: &Config, db: &Db) -> Result<Self> {
        if let Some(given) = &config.registry {
            return Self::given(given.clone(), db).await;
        }
        let Some(address) = config.registry_listen else {
            return Self::on_loopback(config.registry_port);
        };
        let signer = TokenSigner::find(db, &address.to_string()).await?;
        let signer = signer.with_context(|| {
            format!(
                "The private registry was never started with PAAS_REGISTRY_LISTEN={address}.\n\
                 Start `paasd up` with it first."
            )
        })?;
        Self::on_network(address, signer)
    }

    /// What engines are given along.
    pub(crate) fn login(&self) -> Option<RegistryLogin> {
        Some(RegistryLogin { address: authority_of(&self.url), access: self.access.clone()? })
    }

    /// # Errors
    /// The URL is not one of a registry.
    pub(crate) fn client(&self, authority: &Authority) -> Result<RegistryClient> {
        let (credentials, tokens) = match self.access.clone() {
            None => (None, None),
            Some(RegistryAccess::Password { user, password }) => (Some((user, password)), None),
            Some(RegistryAccess::Tokens(tokens)) => (None, Some(tokens)),
        };
        let config = RegistryConfig { url: self.url.clone(), credentials };
        let client = RegistryClient::trusting(config, Some(authority.pem()))?;
        Ok(match tokens {
            Some(tokens) => client.with_tokens(tokens),
            None => client,
        })
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
    use paas_db::testing::TestDb;

    use super::*;

    async fn given(url: &str, db: &Db) -> ImageStore {
        let credentials = Some(("me".to_owned(), "s3cret".to_owned().into()));
        ImageStore::given(RegistryConfig { url: url.parse().unwrap(), credentials }, db).await.unwrap()
    }

    #[tokio::test]
    async fn hosts_are_told_of_a_registry_that_they_can_reach() {
        let database = TestDb::new().await;
        for url in ["http://127.0.0.1:5050", "http://[::1]:5050", "https://localhost"] {
            assert_eq!(given(url, database.db()).await.for_hosts(), None, "{url}");
        }
        let ours = given("https://10.0.0.1:5050", database.db()).await;
        assert_eq!(ours.for_hosts(), Some(HostRegistry { address: "10.0.0.1:5050".to_owned(), is_ours: true }));
        assert_eq!(ours.login().unwrap().address, "10.0.0.1:5050");
        let plain = given("http://registry.example.com", database.db()).await.for_hosts();
        assert_eq!(plain, Some(HostRegistry { address: "registry.example.com".to_owned(), is_ours: false }));
        database.drop_database().await;
    }

    #[tokio::test]
    async fn tokens_go_to_the_embedded_registry_and_passwords_to_any_other() {
        let database = TestDb::new().await;
        let is_tokens = async |url| matches!(given(url, database.db()).await.access, Some(RegistryAccess::Tokens(_)));
        assert!(!is_tokens("https://10.0.0.1:5050").await);
        let signer = TokenSigner::ensure(database.db(), "10.0.0.1:5050", chrono::Utc::now()).await.unwrap();
        assert!(is_tokens("https://10.0.0.1:5050").await);
        assert!(!is_tokens("https://10.0.0.1:5051").await && !is_tokens("https://registry.example.com").await);
        // It has moved, and its key has not changed.
        let moved = TokenSigner::ensure(database.db(), "10.0.0.1:5051", chrono::Utc::now()).await.unwrap();
        assert_eq!(moved.certificate(), signer.certificate());
        assert!(is_tokens("https://10.0.0.1:5051").await && !is_tokens("https://10.0.0.1:5050").await);
        database.drop_database().await;
    }

    #[test]
    fn an_embedded_one_on_a_network_is_reached_over_tls() {
        let authority = Authority::for_test();
        let network = ImageStore::on_network("10.0.0.1:5050".parse().unwrap(), TokenSigner::for_test()).unwrap();
        assert_eq!(network.url.as_str(), "https://10.0.0.1:5050/");
        assert_eq!(network.client(&authority).unwrap().host(), "10.0.0.1:5050");
        let loopback = ImageStore::on_loopback(5050).unwrap();
        assert_eq!((loopback.for_hosts(), loopback.login().is_none()), (None, true));
    }
}
