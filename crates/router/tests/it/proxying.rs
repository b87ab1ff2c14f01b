use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use paas_router::{Listeners, RouterError};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::AsyncWriteExt;

use crate::{
    upstream::{Server, Upstream},
    world::{World, soon},
};

#[tokio::test]
async fn a_request_reaches_the_app_that_its_host_names() {
    let world = World::new().await;
    let (one, other) = (Server::start("one").await, Server::start("other").await);
    world.app_at("one-app", one.address).await;
    world.app_at("other-app", other.address).await;
    let router = world.router().await;
    assert_eq!(router.get("one-app.test", "/").await, (200, "one".into()));
    assert_eq!(router.get("OTHER-app.TEST:8080", "/").await, (200, "other".into()));
    for nobody in ["third-app.test", "test", "one-app.test.evil", "a.one-app.test", "one-app"] {
        assert_eq!(router.get(nobody, "/").await.0, 404, "{nobody}");
    }
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_new_app_and_a_renamed_dyno_are_routed_without_a_restart() {
    let world = World::new().await;
    let router = world.router().await;
    let (first, second) = (Server::start("first").await, Server::start("second").await);
    let app = world.app("late-app", 1).await;
    let old = world.up(&app, 1, first.address).await;
    router.until(&app, 200).await;
    world.up(&app, 2, second.address).await;
    world.stop_dyno(old).await;
    soon(async { while router.get(&app.host(), "/").await.1 != "second" {} }).await;
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn connections_to_a_dyno_are_used_again() {
    let world = World::new().await;
    let server = Server::start("kept").await;
    let app = world.app_at("one-app", server.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    for _ in 0..5 {
        client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
        assert!(client.hear("kept").await.starts_with("HTTP/1.1 200 OK"));
    }
    assert_eq!(server.connections.load(SeqCst), 1);
    drop(client);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_kept_connection_that_died_costs_no_request() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    let ask = format!("GET / HTTP/1.1\nhost: {}\n\n", app.host());
    client.say(&ask).await;
    let mut dyno = upstream.accept().await;
    dyno.hear_head().await;
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 5\n\nfirst").await;
    client.hear("first").await;

    // The dyno reads the second request and closes instead of answering.
    client.say(&ask).await;
    dyno.hear_head().await;
    drop(dyno);
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 6\n\nsecond").await;
    client.hear("second").await;
    drop(client);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_connection_that_its_dyno_will_soon_close_is_not_used_again() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    for _ in 0..2 {
        client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
        let mut dyno = soon(upstream.accept()).await;
        dyno.hear_head().await;
        dyno.say("HTTP/1.1 200 OK\nkeep-alive: max=9, timeout=1\ncontent-length: 2\n\nok").await;
        client.hear("ok").await;
        assert_eq!(soon(dyno.hear_all()).await, "");
    }
    drop(client);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_second_server_on_the_same_port_is_refused() {
    let first = Listeners::bind(&["127.0.0.1:0".parse().unwrap()], &[], 2).unwrap();
    let second = Listeners::bind(first.http(), &[], 2).unwrap_err();
    assert!(matches!(second, RouterError::Listen { address, .. } if address == first.http()[0]), "{second:?}");
}

#[tokio::test]
async fn bodies_stream_both_ways_chunk_by_chunk() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("POST /up HTTP/1.1\nhost: {}\ntransfer-encoding: chunked\n\n3\none\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    assert!(dyno.hear_head().await.starts_with("POST /up HTTP/1.1"));
    // Each side hears a chunk before the other says the next.
    dyno.hear("3\none\n").await;
    dyno.say("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n4\necho\n").await;
    client.hear_head().await;
    client.hear("4\necho\n").await;
    client.say("3\ntwo\n").await;
    dyno.hear("3\ntwo\n").await;
    dyno.say("5\nagain\n").await;
    client.hear("5\nagain\n").await;
    client.say("0\n\n").await;
    dyno.hear("0\n\n").await;
    dyno.say("0\n\n").await;
    client.hear("0\n\n").await;
    drop(client);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_large_upload_is_not_gathered_in_memory() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("PUT / HTTP/1.1\nhost: {}\ncontent-length: 1000000000\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    // Nobody reads: the client is made to wait long before the end.
    let piece = vec![b'x'; 1 << 20];
    let mut sent = 0;
    let write = async {
        while sent < 100 {
            client.stream.write_all(&piece).await.unwrap();
            sent += 1;
        }
    };
    assert!(tokio::time::timeout(std::time::Duration::from_secs(2), write).await.is_err(), "{sent} MiB were taken");
    drop((client, dyno));
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn an_upgraded_connection_carries_any_bytes() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client
        .say(&format!(
            "GET /chat HTTP/1.1\nhost: {}\nconnection: keep-alive, Upgrade\nupgrade: websocket\n\n",
            app.host()
        ))
        .await;
    let mut dyno = soon(upstream.accept()).await;
    let head = dyno.hear_head().await.to_lowercase();
    assert!(head.contains("\nconnection: upgrade") && head.contains("\nupgrade: websocket"), "{head}");
    dyno.say("HTTP/1.1 101 Switching Protocols\nconnection: Upgrade\nupgrade: websocket\n\nhello").await;
    assert!(client.hear_head().await.starts_with("HTTP/1.1 101 Switching Protocols"));
    client.hear("hello").await;
    client.say_bytes(b"\x81\x00\xff not http").await;
    dyno.hear(" not http").await;
    dyno.say_bytes(b"bye").await;
    drop(dyno);
    assert_eq!(client.hear_all().await, "bye");
    drop(client);
    let line = world.lines(&app, 1).await;
    assert!(line.contains("at=info") && line.contains(" status=101 "), "{line}");
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_response() {
    let world = World::new().await;
    let server = Server::start("no").await;
    let app = world.app_at("one-app", server.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\nconnection: upgrade\nupgrade: websocket\n\n", app.host())).await;
    assert!(client.hear("no").await.starts_with("HTTP/1.1 200 OK"));
    drop(client);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn https_requests_say_so_to_the_app_and_in_the_log() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["one-app.test".into()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.tls_router(tls).await;
    let address: SocketAddr = router.tls_address.unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_der(cert.der()).unwrap()])
        .resolve("one-app.test", address)
        .build()
        .unwrap();
    let url = format!("https://one-app.test:{}/secure?a=1", address.port());
    let asked = tokio::spawn(async move { client.get(url).send().await.unwrap().text().await.unwrap() });
    let mut dyno = soon(upstream.accept()).await;
    let head = dyno.hear_head().await.to_lowercase();
    assert!(head.contains("\nx-forwarded-proto: https"), "{head}");
    assert!(head.contains(&format!("\nx-forwarded-port: {}", address.port())), "{head}");
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 2\n\nok").await;
    assert_eq!(asked.await.unwrap(), "ok");
    let line = world.lines(&app, 1).await;
    assert!(line.ends_with(" protocol=http1.1 tls=true tls_version=tls1.3"), "{line}");
    router.end().await;
    world.end().await;
}
