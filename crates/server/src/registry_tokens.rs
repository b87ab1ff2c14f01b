//! Tokens for the embedded registry: what each lets one do, with which repositories, for minutes. The registry checks them
//! by a certificate that it is given; the key is in the database, sealed, and every process signs for itself.

use std::{error::Error, fmt, iter, sync::Arc};

use anyhow::{Context, Result};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use paas_db::{
    Db,
    embedded_registry::{self, EmbeddedRegistry},
};
use paas_hosts::{RegistryGrant, RegistryTokens};
use rcgen::{CertificateParams, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::ca::{AUTHORITY_DAYS, common_name, valid_until};

/// Whom tokens are for, in the registry's own terms.
pub(crate) const SERVICE: &str = "paas registry";
/// Long enough for a pull to have begun with every layer, which is when the registry looks. It adds a minute of its own.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// Clocks of the machines that sign may be ahead of the registry's.
const AHEAD: TimeDelta = TimeDelta::minutes(1);

/// Signs tokens.
pub(crate) struct TokenSigner {
    certificate: String,
    issuer: String,
    header: Header,
    key: EncodingKey,
}

impl TokenSigner {
    /// For the registry that is about to be started at this address. Of two first starts at once, both get the same key.
    ///
    /// # Errors
    /// The database does not answer, or holds a key that does not open.
    pub(crate) async fn ensure(db: &Db, address: &str, now: DateTime<Utc>) -> Result<Arc<Self>> {
        let new = make(address, now).context("making a key for the registry's tokens")?;
        let stored = embedded_registry::settle(db, &new).await.context("storing the key for the registry's tokens")?;
        Self::of(&stored)
    }

    /// For the embedded registry at this address, if there is one; `None`: it is somebody else's.
    ///
    /// # Errors
    /// As [`TokenSigner::ensure`].
    pub(crate) async fn find(db: &Db, address: &str) -> Result<Option<Arc<Self>>> {
        let stored = embedded_registry::find(db).await.context("looking for the key for the registry's tokens")?;
        stored.filter(|stored| stored.address == address).as_ref().map(Self::of).transpose()
    }

    /// PEM: what the registry checks tokens with.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Changes with the key.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// # Errors
    /// None with a key that was read.
    pub(crate) fn sign(
        &self,
        grants: &[RegistryGrant<'_>],
        now: DateTime<Utc>,
    ) -> jsonwebtoken::errors::Result<SecretString> {
        let claims = Claims {
            iss: &self.issuer,
            sub: "",
            aud: SERVICE,
            iat: now.timestamp(),
            nbf: (now - AHEAD).timestamp(),
            exp: (now + LIFETIME).timestamp(),
            jti: hex::encode(rand::random::<[u8; 16]>()),
            access: grants.iter().map(access).collect(),
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key).map(SecretString::from)
    }

    fn of(stored: &EmbeddedRegistry) -> Result<Arc<Self>> {
        let certificate = CertificateDer::from_pem_slice(stored.certificate.as_bytes())
            .context("reading the certificate of the registry's tokens")?;
        let key = KeyPair::from_pem(stored.key.expose_secret()).context("reading the key for the registry's tokens")?;
        let mut header = Header::new(Algorithm::ES256);
        header.x5c = Some(vec![BASE64_STANDARD.encode(&certificate)]);
        Ok(Arc::new(Self {
            certificate: stored.certificate.clone(),
            issuer: format!("paas {}", hex::encode(&Sha256::digest(&certificate)[..8])),
            header,
            key: EncodingKey::from_ec_der(&key.serialize_der()),
        }))
    }

    /// One that is in no database.
    #[cfg(test)]
    pub(crate) fn for_test() -> Arc<Self> {
        Self::of(&make("", Utc::now()).unwrap()).unwrap()
    }
}

impl RegistryTokens for TokenSigner {
    fn token(&self, grants: &[RegistryGrant<'_>]) -> Result<SecretString, Box<dyn Error + Send + Sync>> {
        Ok(self.sign(grants, Utc::now())?)
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenSigner({})", self.issuer)
    }
}

/// CNCF distribution: "Token Authentication Implementation", the claim set.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    access: Vec<Value>,
}

fn access(grant: &RegistryGrant<'_>) -> Value {
    let optional = [(grant.push, "push"), (grant.delete, "delete")];
    let actions = iter::once("pull").chain(optional.into_iter().filter_map(|(may, action)| may.then_some(action)));
    let actions: Vec<&str> = actions.collect();
    json!({ "type": "repository", "name": grant.repository, "actions": actions })
}

/// The certificate is nobody's but its own: the registry takes whatever is signed below one that it trusts, and the
/// authority of the installation signs for hosts too.
fn make(address: &str, now: DateTime<Utc>) -> Result<EmbeddedRegistry> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("paas registry tokens");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    valid_until(&mut params, now, now + TimeDelta::days(AUTHORITY_DAYS));
    Ok(EmbeddedRegistry {
        address: address.to_owned(),
        certificate: params.self_signed(&key)?.pem(),
        key: SecretString::from(key.serialize_pem()),
    })
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, path::Path};

    use paas_builder::{Registry as RegistryClient, RegistryConfig};
    use paas_hosts::{DockerEngines, Engine, EngineError, ImageBuild, RegistryAccess, RegistryLogin};
    use reqwest::{Certificate, Client, Method, StatusCode};

    use super::*;
    use crate::{ca::Authority, registry::Registry, registry_access};

    /// A registry on a network of one, as `paasd` starts it.
    struct Running {
        registry: Registry,
        authority: Authority,
        signer: Arc<TokenSigner>,
        http: Client,
        _directory: tempfile::TempDir,
    }

    impl Running {
        async fn start() -> Self {
            let (directory, signer) = (tempfile::tempdir().unwrap(), TokenSigner::for_test());
            let authority = Authority::for_test_at(Utc::now());
            let registry = start(directory.path(), &authority, &signer).await;
            let root = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
            let http = Client::builder().tls_certs_only([root]).build().unwrap();
            Self { registry, authority, signer, http, _directory: directory }
        }

        fn address(&self) -> SocketAddr {
            self.registry.address()
        }

        /// As the builder has it.
        fn client(&self, authority: Option<&str>) -> RegistryClient {
            let config =
                RegistryConfig { url: format!("https://{}", self.address()).parse().unwrap(), credentials: None };
            let tokens = Arc::<TokenSigner>::clone(&self.signer);
            RegistryClient::trusting(config, authority).unwrap().with_tokens(tokens)
        }

        async fn put(&self, repository: &str) -> String {
            let bytes = futures::stream::iter([Ok(b"blob".as_slice().into())]);
            let client = self.client(Some(self.authority.pem()));
            client.put_blob(repository, bytes, 100).await.unwrap().digest
        }

        /// What the registry says to a request with this token.
        async fn asked(&self, token: Option<&SecretString>, method: Method, path: &str) -> StatusCode {
            let mut request = self.http.request(method, format!("https://{}/v2/{path}", self.address()));
            if let Some(token) = token {
                request = request.bearer_auth(token.expose_secret());
            }
            request.send().await.unwrap().status()
        }
    }

    async fn start(directory: &Path, authority: &Authority, signer: &TokenSigner) -> Registry {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listen = registry_access::ensure(directory, free, authority, signer, Utc::now()).unwrap();
        Registry::ensure(directory, listen).await.unwrap()
    }

    #[tokio::test]
    async fn a_token_opens_what_it_says_and_nothing_opens_without_one() {
        let running = Running::start().await;
        let digest = running.put("apps/one").await;
        let (blob, upload) = (format!("apps/one/blobs/{digest}"), "apps/one/blobs/uploads/");
        let token = |grants: &[RegistryGrant<'_>]| running.signer.sign(grants, Utc::now()).unwrap();
        let refused = StatusCode::UNAUTHORIZED;

        for path in ["", "_catalog", &blob] {
            assert_eq!(running.asked(None, Method::GET, path).await, refused, "{path}");
        }
        assert_eq!(running.asked(None, Method::POST, upload).await, refused);

        let reader = token(&[RegistryGrant::pull("apps/one")]);
        assert_eq!(running.asked(Some(&reader), Method::GET, &blob).await, StatusCode::OK);
        assert_eq!(running.asked(Some(&reader), Method::POST, upload).await, refused);
        assert_eq!(running.asked(Some(&reader), Method::DELETE, &blob).await, refused);
        for path in ["_catalog", "apps/two/tags/list", "apps/one/two/tags/list"] {
            assert_eq!(running.asked(Some(&reader), Method::GET, path).await, refused, "{path}");
        }

        let writer = token(&[RegistryGrant::push("apps/two")]);
        assert_eq!(running.asked(Some(&writer), Method::POST, "apps/two/blobs/uploads/").await, StatusCode::ACCEPTED);
        let mount = format!("apps/two/blobs/uploads/?mount={digest}&from=apps/one");
        assert_eq!(running.asked(Some(&writer), Method::POST, &mount).await, refused);
        let both = token(&[RegistryGrant::push("apps/two"), RegistryGrant::pull("apps/one")]);
        assert_eq!(running.asked(Some(&both), Method::POST, &mount).await, StatusCode::CREATED);
        let deleter = token(&[RegistryGrant::delete("apps/one")]);
        assert_eq!(running.asked(Some(&deleter), Method::POST, upload).await, refused);
        for writer in [&writer, &both] {
            assert_eq!(running.asked(Some(writer), Method::DELETE, &blob).await, refused);
        }
        assert_eq!(running.asked(Some(&deleter), Method::DELETE, &blob).await, StatusCode::ACCEPTED);
        running.registry.stop().await.unwrap();
    }

    #[tokio::test]
    async fn a_token_ends_and_is_worth_nothing_when_somebody_else_signed_it() {
        let running = Running::start().await;
        let blob = format!("apps/one/blobs/{}", running.put("apps/one").await);
        let says = async |signer: &TokenSigner, minutes| {
            let now = Utc::now() + TimeDelta::minutes(minutes);
            let token = signer.sign(&[RegistryGrant::pull("apps/one")], now).unwrap();
            running.asked(Some(&token), Method::GET, &blob).await
        };
        assert_eq!(says(&running.signer, -9).await, StatusCode::OK);
        assert_eq!(says(&running.signer, -12).await, StatusCode::UNAUTHORIZED);
        assert_eq!(says(&running.signer, 5).await, StatusCode::UNAUTHORIZED);
        assert_eq!(says(&TokenSigner::for_test(), 0).await, StatusCode::UNAUTHORIZED);

        // What every host has: a key, and a certificate of the authority that the registry's own is of.
        let host = running.authority.issue(&["host.paas.internal".to_owned()], Utc::now()).unwrap();
        let host = EmbeddedRegistry { address: String::new(), certificate: host.certificate, key: host.key };
        let mut host = Arc::into_inner(TokenSigner::of(&host).unwrap()).unwrap();
        host.issuer = running.signer.issuer.clone();
        assert_eq!(says(&host, 0).await, StatusCode::UNAUTHORIZED);
        running.registry.stop().await.unwrap();
    }

    #[tokio::test]
    async fn the_builder_stores_and_reads_with_tokens_where_it_trusts_the_registry() {
        let running = Running::start().await;
        let trusting = running.client(Some(running.authority.pem()));
        trusting.ping().await.unwrap();
        let digest = running.put("apps/one").await;
        assert_eq!(trusting.get_blob("apps/one", &digest).await.unwrap().0, 4);
        assert!(running.client(None).ping().await.is_err());
        running.registry.restart().await.unwrap();
        trusting.ping().await.unwrap();
        running.registry.stop().await.unwrap();
        assert!(trusting.ping().await.is_err());
    }

    #[tokio::test]
    async fn an_engine_pulls_and_pushes_with_the_token_that_comes_along() {
        let running = Running::start().await;
        let address = running.address().to_string();
        let engine = |signer: &Arc<TokenSigner>| {
            let access = RegistryAccess::Tokens(Arc::<TokenSigner>::clone(signer));
            let login = RegistryLogin { address: address.clone(), access };
            let engines = DockerEngines::new(None).unwrap().with_registry(login);
            engines.docker(&"unix:///var/run/docker.sock".parse().unwrap()).unwrap()
        };
        let (ours, another) = (engine(&running.signer), engine(&TokenSigner::for_test()));
        let image = format!("{address}/apps/tokens:v1");
        ours.build_image(scratch(&image), tokio::sync::mpsc::channel(100).0).await.unwrap();
        assert!(matches!(another.push(&image).await, Err(EngineError::RegistryUnavailable { .. })));
        ours.push(&image).await.unwrap();
        assert_eq!(ours.prune_images(&address, &[], 100).await.unwrap(), [image.as_str()]);
        assert!(matches!(another.pull(&image).await, Err(EngineError::RegistryUnavailable { .. })));
        ours.pull(&image).await.unwrap();
        ours.prune_images(&address, &[], 100).await.unwrap();
        let none = ours.pull(&format!("{address}/apps/none:v1")).await;
        assert!(matches!(none, Err(EngineError::ImageNotFound(_))), "{none:?}");
        running.registry.stop().await.unwrap();
    }

    /// An image of nothing but its own name.
    fn scratch(image: &str) -> ImageBuild {
        let dockerfile = format!("FROM scratch\nLABEL paas-test={image}\nCOPY Dockerfile /\n");
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(dockerfile.len() as u64);
        tar.append_data(&mut header, "Dockerfile", dockerfile.as_bytes()).unwrap();
        ImageBuild {
            tag: image.to_owned(),
            context: tar.into_inner().unwrap().into(),
            dockerfile: "Dockerfile".to_owned(),
            args: std::collections::BTreeMap::new(),
            anew: false,
        }
    }
}
