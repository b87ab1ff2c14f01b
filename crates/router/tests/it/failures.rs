//! Each failure: what the client sees, and the one line in the app's log.

use std::time::Duration;

use insta::assert_snapshot;
use paas_router::Timeouts;

use crate::{
    upstream::{Full, Upstream, nowhere},
    world::{App, Router, World, soon},
};

/// Timeouts that a test can wait out.
fn short() -> Timeouts {
    Timeouts { first_byte: Duration::from_millis(300), idle: Duration::from_millis(300), ..Timeouts::default() }
}

async fn end(world: World, router: Router) {
    router.end().await;
    world.end().await;
}

/// Status, visible text and log line of a plain request.
async fn shown(world: &World, router: &Router, app: &App) -> String {
    let (status, page) = router.get(&app.host(), "/path?query=1").await;
    format!("{status}\n{}\n{}", text(&page), world.lines(app, 1).await)
}

/// The page's body without its tags.
fn text(page: &str) -> String {
    let body = page.split_once("<main>").map_or(page, |(_, body)| body);
    let pieces = body.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text).trim());
    pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn an_unknown_host_is_no_such_app() {
    let world = World::new().await;
    let router = world.router().await;
    let (status, page) = router.get("nobody.test", "/").await;
    assert_eq!(status, 404);
    assert_snapshot!(page);
    end(world, router).await;
}

#[tokio::test]
async fn h10_when_every_dyno_has_crashed() {
    let world = World::new().await;
    let app = world.app("one-app", 1).await;
    let dyno = world.up(&app, 1, nowhere().await).await;
    world.crash(dyno).await;
    let router = world.router().await;
    assert_snapshot!(shown(&world, &router, &app).await);
    end(world, router).await;
}

#[tokio::test]
async fn h12_when_a_dyno_says_nothing_for_too_long() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router_with(short()).await;
    assert_snapshot!(shown(&world, &router, &app).await);
    end(world, router).await;
}

#[tokio::test]
async fn the_time_for_a_first_byte_begins_with_the_end_of_the_request() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router_with(Timeouts { idle: Duration::from_secs(20), ..short() }).await;
    let mut client = router.connect().await;
    client.say(&format!("POST / HTTP/1.1\nhost: {}\ncontent-length: 2\n\nx", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear("x").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    client.say("y").await;
    dyno.hear("y").await;
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 0\n\n").await;
    assert!(client.hear_head().await.starts_with("HTTP/1.1 200 OK"));
    end(world, router).await;
}

#[tokio::test]
async fn h13_when_a_dyno_closes_without_a_response() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let close = async {
        upstream.accept().await.hear_head().await;
    };
    let (shown, ()) = tokio::join!(shown(&world, &router, &app), close);
    assert_snapshot!(shown);
    end(world, router).await;
}

#[tokio::test]
async fn h14_when_web_is_scaled_to_nothing() {
    let world = World::new().await;
    let app = world.app("one-app", 0).await;
    let router = world.router().await;
    assert_snapshot!(shown(&world, &router, &app).await);
    end(world, router).await;
}

#[tokio::test]
async fn h15_when_a_response_stops_flowing() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router_with(short()).await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 10\n\nhalf").await;
    let answer = client.hear_all().await;
    assert!(answer.ends_with("\n\nhalf"), "{answer}");
    assert_snapshot!(world.lines(&app, 1).await);
    end(world, router).await;
}

#[tokio::test]
async fn h15_when_a_tunnel_stands_still() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router_with(short()).await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\nconnection: upgrade\nupgrade: x\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    dyno.say("HTTP/1.1 101 Switching Protocols\nconnection: upgrade\nupgrade: x\n\n").await;
    client.hear_head().await;
    assert_eq!(client.hear_all().await, "");
    assert!(world.lines(&app, 1).await.contains("code=H15"));
    end(world, router).await;
}

#[tokio::test]
async fn h17_when_the_response_is_not_http() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let babble = async {
        let mut dyno = upstream.accept().await;
        dyno.hear_head().await;
        dyno.say("SSH-2.0-OpenSSH_9.2\n\n").await;
        dyno.hear_all().await;
    };
    let (shown, ()) = tokio::join!(shown(&world, &router, &app), babble);
    assert_snapshot!(shown);
    end(world, router).await;
}

#[tokio::test]
async fn h17_when_nobody_asked_for_another_protocol() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let switch = async {
        let mut dyno = upstream.accept().await;
        dyno.hear_head().await;
        dyno.say("HTTP/1.1 101 Switching Protocols\nconnection: upgrade\nupgrade: x\n\n").await;
        dyno.hear_all().await;
    };
    let (shown, ()) = tokio::join!(shown(&world, &router, &app), switch);
    assert!(shown.starts_with("503\n") && shown.contains("code=H17"), "{shown}");
    end(world, router).await;
}

#[tokio::test]
async fn h18_when_a_dyno_closes_in_the_middle() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 10\n\nhalf").await;
    client.hear("half").await;
    drop(dyno);
    client.hear_all().await;
    assert_snapshot!(world.lines(&app, 1).await);
    end(world, router).await;
}

#[tokio::test]
async fn h19_when_no_connection_comes_about() {
    let world = World::new().await;
    let full = Full::new().await;
    let app = world.app_at("one-app", full.address).await;
    let router = world.router_with(Timeouts { connect: Duration::from_millis(200), ..Timeouts::default() }).await;
    assert_snapshot!(shown(&world, &router, &app).await);
    end(world, router).await;
}

#[tokio::test]
async fn h20_when_no_dyno_comes_up() {
    let world = World::new().await;
    let app = world.app("one-app", 1).await;
    world.starting(&app, 1, nowhere().await).await;
    let router = world.router_with(Timeouts { queue: Duration::from_millis(200), ..Timeouts::default() }).await;
    assert_snapshot!(shown(&world, &router, &app).await);
    end(world, router).await;
}

#[tokio::test]
async fn h21_when_every_dyno_refuses() {
    let world = World::new().await;
    let app = world.app("one-app", 2).await;
    let (one, two) = (nowhere().await, nowhere().await);
    world.up(&app, 1, one).await;
    world.up(&app, 2, two).await;
    let router = world.router().await;
    let shown = shown(&world, &router, &app).await.replace("dyno=web.2", "dyno=web.1");
    assert_snapshot!(shown);
    end(world, router).await;
}

#[tokio::test]
async fn h27_when_the_client_goes_away() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    drop(client);
    assert_snapshot!(world.lines(&app, 1).await);
    dyno.hear_all().await;
    end(world, router).await;
}

#[tokio::test]
async fn h28_when_the_client_stops_sending() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router_with(short()).await;
    let mut client = router.connect().await;
    client.say(&format!("POST / HTTP/1.1\nhost: {}\ncontent-length: 10\n\nhalf", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear("half").await;
    assert_eq!(client.hear_all().await, "");
    assert_snapshot!(world.lines(&app, 1).await);
    end(world, router).await;
}

#[tokio::test]
async fn h80_in_maintenance_even_with_dynos_up() {
    let world = World::new().await;
    let app = world.app_at("one-app", nowhere().await).await;
    world.set_maintenance(&app, true).await;
    let router = world.router().await;
    assert_snapshot!(shown(&world, &router, &app).await);
    world.set_maintenance(&app, false).await;
    soon(async { while router.get(&app.host(), "/").await.1.contains("Maintenance") {} }).await;
    end(world, router).await;
}

#[tokio::test]
async fn h81_before_the_first_deploy() {
    let world = World::new().await;
    let app = world.blank_app("one-app").await;
    let router = world.router().await;
    assert_snapshot!(shown(&world, &router, &app).await);
    end(world, router).await;
}

#[tokio::test]
async fn h99_when_every_dyno_stays_quarantined() {
    let world = World::new().await;
    let app = world.app_at("one-app", nowhere().await).await;
    let timeouts =
        Timeouts { queue: Duration::from_millis(300), quarantine: Duration::from_secs(60), ..Timeouts::default() };
    let router = world.router_with(timeouts).await;
    assert_eq!(router.get(&app.host(), "/").await.0, 503);
    router.get(&app.host(), "/path?query=1").await;
    assert_snapshot!(world.lines(&app, 2).await);
    end(world, router).await;
}

#[tokio::test]
async fn another_expectation_fails() {
    let world = World::new().await;
    let app = world.app_at("one-app", nowhere().await).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("POST / HTTP/1.1\nhost: {}\nexpect: tea\nconnection: close\n\n", app.host())).await;
    assert!(client.hear_all().await.starts_with("HTTP/1.1 417 Expectation Failed"));
    assert_snapshot!(world.lines(&app, 1).await);
    end(world, router).await;
}

#[tokio::test]
async fn a_client_cannot_make_up_fields_of_the_line() {
    let world = World::new().await;
    let app = world.app("one-app", 0).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    let forged = "x-forwarded-for: 1.1.1.1\" dyno=web.9, 2.2.2.2\n";
    client.say(&format!("GET /a\"b HTTP/1.1\nhost: {}\n{forged}connection: close\n\n", app.host())).await;
    let answer = client.hear_all().await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert_snapshot!(world.lines(&app, 1).await);
    end(world, router).await;
}
