use std::sync::Arc;

use arc_swap::ArcSwap;
use paas_db::{Db, apps, domains, sni_endpoints, testing::test_vault};
use paas_router::RouterConfig;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::{
    upstream::Server,
    world::{App, Router, World, soon},
};

#[tokio::test]
async fn custom_domains_are_routed_and_free_again_without_a_restart() {
    let world = World::new().await;
    let (one, other) = (Server::start("one").await, Server::start("other").await);
    let (one, other) = (world.app_at("one-app", one.address).await, world.app_at("other-app", other.address).await);
    let router = world.router().await;
    assert_eq!(router.get("www.example.com", "/").await.0, 404);
    world.add_domain(&one, "www.example.com", None).await;
    world.add_domain(&other, "*.example.com", None).await;
    until(&router, "www.example.com", (200, "one")).await;
    until(&router, "blog.example.com", (200, "other")).await;
    assert_eq!(router.get("WWW.Example.com:8080", "/").await, (200, "one".into()));
    assert_eq!(router.get("a.b.example.com.", "/").await, (200, "other".into()));
    assert_eq!(router.get("example.com", "/").await.0, 404);

    let (id, _) =
        domains::owner(world.db().pool(), &"www.example.com".to_owned().try_into().unwrap()).await.unwrap().unwrap();
    domains::delete(world.db().pool(), id).await.unwrap();
    until(&router, "www.example.com", (200, "other")).await;
    delete(&world, &other).await;
    soon(async { while router.get("www.example.com", "/").await.0 != 404 {} }).await;
    world.add_domain(&one, "*.example.com", None).await;
    until(&router, "www.example.com", (200, "one")).await;
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_wildcard_does_not_reach_into_the_platforms_own_names() {
    let world = World::new().await;
    let one = Server::start("one").await;
    let one = world.app_at("one-app", one.address).await;
    // No user can add it; were it there, it would still get nothing.
    world.add_domain(&one, "*.test.example", None).await;
    let router = world.start(RouterConfig::new("apps.test.example"), &[]).await;
    until(&router, "www.test.example", (200, "one")).await;
    assert_eq!(router.get("nobody.apps.test.example", "/").await.0, 404);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn each_domain_is_served_with_its_own_certificate() {
    let world = World::new().await;
    let server = Server::start("one").await;
    let app = world.app_at("one-app", server.address).await;
    let (own, first, second) = (issue("one-app.test"), issue("www.example.com"), issue("*.example.com"));
    let router = world.start(config(&own), &["127.0.0.1:0".parse().unwrap()]).await;
    let endpoint = world.add_certificate(&app, &first.cert.pem(), &first.signing_key.serialize_pem()).await;
    world.add_domain(&app, "www.example.com", Some(endpoint)).await;
    world.add_domain(&app, "plain.example.org", None).await;
    until_served(&router, "www.example.com", &first).await;
    for (name, want) in [("one-app.test", &own), ("plain.example.org", &own), ("other.example.com", &own)] {
        assert_eq!(&served(&router, name).await, want.cert.der(), "{name}");
    }
    assert_eq!(router.get("www.example.com", "/").await, (200, "one".into()));

    // Another certificate in its place, then none.
    let sealed =
        sni_endpoints::SealedKey::seal(world.db().vault(), endpoint, &second.signing_key.serialize_pem().into());
    sni_endpoints::replace(world.db().pool(), endpoint, &second.cert.pem(), &sealed.unwrap()).await.unwrap();
    until_served(&router, "WWW.example.com", &second).await;
    sni_endpoints::delete(world.db().pool(), endpoint).await.unwrap();
    until_served(&router, "www.example.com", &own).await;
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_wildcards_certificate_serves_its_own_apps_names_only() {
    let world = World::new().await;
    let (one, other) = (Server::start("one").await, Server::start("other").await);
    let (one, other) = (world.app_at("one-app", one.address).await, world.app_at("other-app", other.address).await);
    let (own, wild) = (issue("one-app.test"), issue("*.example.com"));
    let router = world.start(config(&own), &["127.0.0.1:0".parse().unwrap()]).await;
    let endpoint = world.add_certificate(&one, &wild.cert.pem(), &wild.signing_key.serialize_pem()).await;
    world.add_domain(&other, "www.example.com", None).await;
    world.add_domain(&other, "*.shop.example.com", None).await;
    world.add_domain(&one, "plain.example.com", None).await;
    world.add_domain(&one, "*.example.com", Some(endpoint)).await;
    until_served(&router, "blog.example.com", &wild).await;
    for (name, want, body) in [
        ("blog.example.com", &wild, "one"),
        ("plain.example.com", &wild, "one"),
        ("www.example.com", &own, "other"),
        ("WWW.example.com", &own, "other"),
        ("a.shop.example.com", &own, "other"),
    ] {
        assert_eq!(&served(&router, name).await, want.cert.der(), "{name}");
        assert_eq!(router.get(name, "/").await, (200, body.into()), "{name}");
    }
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn domains_are_not_read_again_because_a_dyno_came_up() {
    let world = World::new().await;
    let (one, other) = (Server::start("one").await, Server::start("other").await);
    let app = world.app_at("one-app", one.address).await;
    let router = world.router().await;
    world.add_domain(&app, "www.example.com", None).await;
    until(&router, "www.example.com", (200, "one")).await;
    let late = world.app("late-app", 1).await;
    let dyno = world.starting(&late, 1, other.address).await;
    // So that they have just been read, and are not due to be for some seconds.
    world.add_domain(&app, "blog.example.com", None).await;
    until(&router, "blog.example.com", (200, "one")).await;
    // Whoever reads them now fails.
    world.execute("alter table domains rename to elsewhere").await;
    world.set_up(dyno).await;
    until(&router, &late.host(), (200, "other")).await;
    assert_eq!(router.get("www.example.com", "/").await, (200, "one".into()));
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_router_that_starts_without_the_database_has_domains_and_certificates() {
    let world = World::new().await;
    let server = Server::start("one").await;
    let app = world.app_at("one-app", server.address).await;
    let (own, theirs) = (issue("one-app.test"), issue("www.example.com"));
    let (folder, key) = (tempfile::tempdir().unwrap(), theirs.signing_key.serialize_pem());
    let endpoint = world.add_certificate(&app, &theirs.cert.pem(), &key).await;
    world.add_domain(&app, "www.example.com", Some(endpoint)).await;
    let kept = folder.path().join("routes.json");
    let config = RouterConfig { snapshot: Some(kept.clone()), ..config(&own) };
    let https = ["127.0.0.1:0".parse().unwrap()];
    let router = world.start(config.clone(), &https).await;
    soon(async {
        while !std::fs::read_to_string(&kept).is_ok_and(|text| text.contains("www.example.com")) {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    router.end().await;
    let text = std::fs::read_to_string(&kept).unwrap();
    let secret = key.lines().nth(1).unwrap();
    assert!(!text.contains("PRIVATE KEY") && !text.contains(secret), "a key is on disk");

    let away = Db::lazy("postgres://nobody@127.0.0.1:1/nothing", test_vault()).unwrap();
    let router = world.start_on(away, config, &https).await;
    assert_eq!(router.get("www.example.com", "/").await, (200, "one".into()));
    assert_eq!(&served(&router, "www.example.com").await, theirs.cert.der());
    router.end().await;
    world.end().await;
}

fn issue(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed(vec![name.to_owned()]).unwrap()
}

/// A router whose own certificate this is.
fn config(own: &CertifiedKey<KeyPair>) -> RouterConfig {
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
    let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key.into())
        .unwrap();
    RouterConfig { tls: Some(Arc::new(ArcSwap::from_pointee(tls))), ..RouterConfig::new("test") }
}

async fn delete(world: &World, app: &App) {
    let mut transaction = world.db().begin().await.unwrap();
    apps::delete(&mut transaction, app.id).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn until(router: &Router, host: &str, (status, body): (u16, &str)) {
    soon(async { while router.get(host, "/").await != (status, body.to_owned()) {} }).await;
}

async fn until_served(router: &Router, name: &str, want: &CertifiedKey<KeyPair>) {
    soon(async { while &served(router, name).await != want.cert.der() {} }).await;
}

/// The certificate that the router shows a client that asks for this name.
async fn served(router: &Router, name: &str) -> CertificateDer<'static> {
    let mut client = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    client.dangerous().set_certificate_verifier(Arc::new(TakesAny(aws_lc_rs::default_provider())));
    let stream = TcpStream::connect(router.tls_address.unwrap()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = soon(TlsConnector::from(Arc::new(client)).connect(name, stream)).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
}

#[derive(Debug)]
struct TakesAny(CryptoProvider);

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
