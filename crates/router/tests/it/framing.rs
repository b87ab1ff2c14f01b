//! Messages whose end two readers could see in different places.

use crate::{
    upstream::{Server, Upstream},
    world::{World, soon},
};

/// What a raw request is answered with, up to the end of the connection.
async fn answer(request: &str) -> String {
    let world = World::new().await;
    let server = Server::start("served").await;
    world.app_at("one-app", server.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(request).await;
    let answer = client.hear_all().await;
    drop(client);
    router.end().await;
    world.end().await;
    answer
}

macro_rules! refused {
    ($($name:ident: $request:expr;)+) => {$(
        #[tokio::test]
        async fn $name() {
            let answer = answer($request).await;
            assert!(answer.starts_with("HTTP/1.1 400 Bad Request"), "{answer}");
            assert!(!answer.contains("served"), "{answer}");
        }
    )+};
}

refused! {
    no_host_is_refused: "GET / HTTP/1.1\nconnection: close\n\n";
    two_hosts_are_refused: "GET / HTTP/1.1\nhost: one-app.test\nhost: one-app.test\nconnection: close\n\n";
    two_lengths_are_refused: "POST / HTTP/1.1\nhost: one-app.test\ncontent-length: 1\ncontent-length: 2\n\nxx";
    a_list_of_lengths_is_refused: "POST / HTTP/1.1\nhost: one-app.test\ncontent-length: 1, 1\n\nx";
    a_signed_length_is_refused: "POST / HTTP/1.1\nhost: one-app.test\ncontent-length: +1\n\nx";
    a_space_before_the_colon_is_refused: "POST / HTTP/1.1\nhost: one-app.test\ncontent-length : 1\n\nx";
    another_encoding_is_refused: "POST / HTTP/1.1\nhost: one-app.test\ntransfer-encoding: xchunked\n\n";
    a_second_encoding_is_refused:
        "POST / HTTP/1.1\nhost: one-app.test\nconnection: close\ntransfer-encoding: gzip, chunked\n\n0\n\n";
    a_folded_header_is_refused: "GET / HTTP/1.1\nhost: one-app.test\na: b\n c\n\n";
    connect_is_refused: "CONNECT one-app.test:80 HTTP/1.1\nhost: one-app.test\nconnection: close\n\n";
    an_upgrade_to_nothing_is_refused: "GET / HTTP/1.1\nhost: one-app.test\nconnection: upgrade, close\n\n";
    a_long_target_is_refused: &format!("GET /{} HTTP/1.1\nhost: one-app.test\nconnection: close\n\n", "x".repeat(9_000));
}

#[tokio::test]
async fn of_a_length_and_chunks_the_chunks_count_and_the_length_goes() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    for order in ["content-length: 4\ntransfer-encoding: chunked", "transfer-encoding: chunked\ncontent-length: 4"] {
        let mut client = router.connect().await;
        // Read by its length, the body would end before a second request.
        let smuggled = "0\n\nGET /smuggled HTTP/1.1\nhost: one-app.test\n\n";
        client.say(&format!("POST /outer HTTP/1.1\nhost: {}\n{order}\n\n{smuggled}", app.host())).await;
        let mut dyno = soon(upstream.accept()).await;
        let head = dyno.hear_head().await.to_lowercase();
        assert!(head.contains("transfer-encoding: chunked") && !head.contains("content-length"), "{head}");
        dyno.say("HTTP/1.1 200 OK\nconnection: close\ncontent-length: 0\n\n").await;
        assert!(client.hear_all().await.starts_with("HTTP/1.1 200 OK"));
        let rest = dyno.hear_all().await;
        assert!(!rest.contains("smuggled"), "{rest}");
    }
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn an_old_client_gets_the_whole_body_and_the_end_of_the_connection() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.0\nhost: {}\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    assert!(dyno.hear_head().await.starts_with("GET / HTTP/1.1\n"));
    dyno.say("HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n3\none\n3\ntwo\n0\n\n").await;
    let answer = client.hear_all().await;
    assert!(answer.ends_with("\n\nonetwo") && !answer.to_lowercase().contains("transfer-encoding"), "{answer}");
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn the_router_itself_tells_a_client_to_continue() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("POST / HTTP/1.1\nhost: {}\nexpect: 100-continue\ncontent-length: 4\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    assert!(!dyno.hear_head().await.to_lowercase().contains("expect"));
    assert_eq!(client.hear_head().await, "HTTP/1.1 100 Continue");
    client.say("body").await;
    dyno.hear("body").await;
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 0\n\n").await;
    assert!(client.hear_head().await.starts_with("HTTP/1.1 200 OK"));
    drop(client);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn responses_without_a_body_pass_as_they_are() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("HEAD / HTTP/1.1\nhost: {}\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 1234\n\n").await;
    assert!(client.hear_head().await.to_lowercase().contains("\ncontent-length: 1234"));
    client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
    dyno.hear_head().await;
    dyno.say("HTTP/1.1 304 Not Modified\netag: \"x\"\n\n").await;
    assert!(client.hear_head().await.starts_with("HTTP/1.1 304 Not Modified"));
    drop(client);
    router.end().await;
    world.end().await;
}
