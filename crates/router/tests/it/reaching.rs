use std::{collections::BTreeSet, sync::atomic::Ordering::SeqCst, time::Duration};

use paas_router::Timeouts;

use crate::{
    upstream::{Server, Upstream, nowhere},
    world::{World, soon},
};

#[tokio::test]
async fn every_dyno_that_is_up_gets_requests() {
    let world = World::new().await;
    let app = world.app("one-app", 3).await;
    let servers = [Server::start("one").await, Server::start("two").await, Server::start("three").await];
    for (number, server) in (1..).zip(&servers) {
        world.up(&app, number, server.address).await;
    }
    let router = world.router().await;
    let mut seen = BTreeSet::new();
    soon(async {
        while seen.len() < 3 {
            seen.insert(router.get(&app.host(), "/").await.1);
        }
    })
    .await;
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_dyno_that_refuses_is_passed_over_and_left_alone_for_a_while() {
    let world = World::new().await;
    let app = world.app("one-app", 10).await;
    let server = Server::start("served").await;
    for number in 1..10 {
        world.up(&app, number, nowhere().await).await;
    }
    world.up(&app, 10, server.address).await;
    let router = world.router().await;
    for _ in 0..20 {
        assert_eq!(router.get(&app.host(), "/").await, (200, "served".into()));
    }
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_dyno_comes_back_from_quarantine() {
    let world = World::new().await;
    let address = nowhere().await;
    let app = world.app_at("one-app", address).await;
    let router = world.router_with(Timeouts { quarantine: Duration::from_millis(200), ..Timeouts::default() }).await;
    assert_eq!(router.get(&app.host(), "/").await.0, 503);
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let served = tokio::spawn(async move {
        let mut dyno = crate::raw::Raw::new(listener.accept().await.unwrap().0);
        dyno.hear_head().await;
        dyno.say("HTTP/1.1 200 OK\ncontent-length: 4\n\nback").await;
        dyno.hear_all().await;
    });
    // Held, not refused: every dyno is quarantined, and this one will not be for long.
    assert_eq!(router.get(&app.host(), "/").await, (200, "back".into()));
    router.end().await;
    served.await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn requests_wait_for_a_dyno_that_is_starting() {
    let world = World::new().await;
    let app = world.app("one-app", 1).await;
    let server = Server::start("up at last").await;
    let dyno = world.starting(&app, 1, server.address).await;
    let router = world.router().await;
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = router.connect().await;
        client.say(&format!("GET / HTTP/1.1\nhost: {}\nconnection: close\n\n", app.host())).await;
        clients.push(client);
    }
    assert_eq!(server.connections.load(SeqCst), 0);
    world.set_up(dyno).await;
    for mut client in clients {
        assert!(client.hear_all().await.ends_with("up at last"));
    }
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_request_that_was_accepted_is_not_sent_to_another_dyno() {
    let world = World::new().await;
    let app = world.app("one-app", 2).await;
    let (one, two) = (Upstream::bind().await, Upstream::bind().await);
    world.up(&app, 1, one.address).await;
    world.up(&app, 2, two.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\nconnection: close\n\n", app.host())).await;
    let (mut dyno, other) = tokio::select! {
        dyno = one.accept() => (dyno, two),
        dyno = two.accept() => (dyno, one),
    };
    dyno.hear_head().await;
    drop(dyno);
    assert!(client.hear_all().await.starts_with("HTTP/1.1 503"));
    assert!(futures::FutureExt::now_or_never(other.accept()).is_none());
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn the_backlog_of_an_app_is_bounded() {
    let world = World::new().await;
    let app = world.app("one-app", 1).await;
    world.starting(&app, 1, nowhere().await).await;
    let router = world.router_with(Timeouts { shutdown: Duration::ZERO, ..Timeouts::default() }).await;
    let mut waiting = Vec::new();
    for _ in 0..200 {
        let mut client = router.connect().await;
        client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
        waiting.push(client);
    }
    soon(async { while router.get_now(&app.host()).await != Some(503) {} }).await;
    assert!(world.lines(&app, 1).await.contains("at=error code=H11 desc=\"Backlog too deep\""));
    drop(waiting);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn routing_goes_on_while_the_database_is_away() {
    let world = World::new().await;
    let server = Server::start("still here").await;
    let app = world.app_at("one-app", server.address).await;
    let router = world.router().await;
    let pool = world.db().pool().clone();
    // Ends when every connection has been given back, and the one that listens for changes never is.
    let closing = tokio::spawn(async move { pool.close().await });
    soon(async {
        while !world.db().pool().is_closed() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    for _ in 0..3 {
        assert_eq!(router.get(&app.host(), "/").await, (200, "still here".into()));
    }
    router.end().await;
    closing.abort();
}
