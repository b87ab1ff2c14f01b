use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
};

use paas_db::routers;

use crate::{
    upstream::{Server, Upstream},
    world::{World, soon},
};

#[tokio::test]
async fn a_dyno_is_let_go_of_when_its_last_request_has_ended() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app("one-app", 1).await;
    let dyno = world.up(&app, 1, upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
    let mut server = soon(upstream.accept()).await;
    server.hear_head().await;
    server.say("HTTP/1.1 200 OK\ncontent-length: 8\n\nhalf").await;
    client.hear("half").await;

    let new = Server::start("new").await;
    world.up(&app, 2, new.address).await;
    // Nothing new reaches the old one, whatever table a request sees.
    drop(upstream);
    world.stop_dyno(dyno).await;
    soon(async { while router.get(&app.host(), "/").await.1 != "new" {} }).await;
    // The new table is in force, and the old dyno's request goes on.
    assert_eq!(world.undrained(dyno).await, 1);
    server.say("done").await;
    client.hear("done").await;
    soon(async { while world.undrained(dyno).await > 0 {} }).await;
    // The connection that was kept is closed, so that a server that waits for its clients can end.
    assert_eq!(soon(server.hear_all()).await, "");
    drop(client);
    router.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_dyno_that_a_router_never_had_is_let_go_of_at_once() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app("one-app", 1).await;
    let before = world.up(&app, 1, upstream.address).await;
    world.stop_dyno(before).await;
    let (one, two) = (world.router().await, world.router().await);
    soon(async { while world.undrained(before).await > 0 {} }).await;
    let starting = world.starting(&app, 2, upstream.address).await;
    world.stop_dyno(starting).await;
    soon(async { while world.undrained(starting).await > 0 {} }).await;
    one.end().await;
    two.end().await;
    world.end().await;
}

#[tokio::test]
async fn a_router_that_stops_is_waited_for_no_more() {
    let world = World::new().await;
    let router = world.router().await;
    let alive = async || routers::alive(world.db().pool(), routers::ALIVE_WITHIN).await.unwrap();
    assert_eq!(alive().await, 1);
    router.end().await;
    assert_eq!(alive().await, 0);
    world.end().await;
}

#[tokio::test]
async fn requests_in_flight_are_finished_when_the_router_stops() {
    let world = World::new().await;
    let upstream = Upstream::bind().await;
    let app = world.app_at("one-app", upstream.address).await;
    let router = world.router().await;
    let mut client = router.connect().await;
    client.say(&format!("GET / HTTP/1.1\nhost: {}\n\n", app.host())).await;
    let mut dyno = soon(upstream.accept()).await;
    dyno.hear_head().await;
    let ended = tokio::spawn(router.end());
    dyno.say("HTTP/1.1 200 OK\ncontent-length: 4\n\ndone").await;
    assert!(client.hear_all().await.ends_with("done"));
    ended.await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn no_request_fails_while_dynos_are_replaced_under_fifty_clients() {
    let world = World::new().await;
    let app = world.app("one-app", 1).await;
    let mut server = Server::start("ok").await;
    let mut dyno = world.up(&app, 1, server.address).await;
    let router = world.router().await;
    let (over, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let client = reqwest::Client::builder().resolve(&app.host(), router.address).build().unwrap();
    let url = format!("http://{}:{}/", app.host(), router.address.port());
    let clients: Vec<_> = (0..50)
        .map(|_| {
            let (client, url, over, answered) = (client.clone(), url.clone(), Arc::clone(&over), Arc::clone(&answered));
            tokio::spawn(async move {
                while !over.load(SeqCst) {
                    let response = client.get(&url).send().await.unwrap();
                    assert_eq!(response.status(), 200);
                    assert_eq!(response.text().await.unwrap(), "ok");
                    answered.fetch_add(1, SeqCst);
                }
            })
        })
        .collect();
    // As a deploy does it: the new one up, the old one out of the table, then, when every router has let go of it, gone.
    for number in 2..12 {
        let begun = answered.load(SeqCst);
        let next = Server::start("ok").await;
        let up = world.up(&app, number, next.address).await;
        world.stop_dyno(dyno).await;
        soon(async { while world.undrained(dyno).await > 0 {} }).await;
        std::mem::replace(&mut server, next).kill().await;
        dyno = up;
        soon(async {
            while answered.load(SeqCst) < begun + 50 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    over.store(true, SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    router.end().await;
    world.end().await;
}
