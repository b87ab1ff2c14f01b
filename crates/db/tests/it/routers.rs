use std::time::Duration;

use paas_db::{dynos, new_id, routers};
use uuid::Uuid;

use crate::world::World;

#[tokio::test]
async fn a_dyno_is_drained_when_every_live_router_has_said_so() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let (dyno, other) = (world.up(&app, "web.1").await, world.up(&app, "web.2").await);
    let pool = world.db().pool();
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    assert!(routers::heartbeat(pool, one).await.unwrap());
    assert!(routers::heartbeat(pool, two).await.unwrap());
    assert!(!routers::heartbeat(pool, two).await.unwrap(), "it was there");
    assert_eq!(routers::undrained_by(pool, dyno).await.unwrap(), 2);
    routers::acknowledge(pool, one, &[dyno]).await.unwrap();
    routers::acknowledge(pool, one, &[dyno]).await.unwrap();
    assert_eq!(routers::undrained_by(pool, dyno).await.unwrap(), 1);
    routers::acknowledge(pool, two, &[dyno]).await.unwrap();
    assert_eq!(routers::undrained_by(pool, dyno).await.unwrap(), 0);
    assert_eq!(routers::undrained_by(pool, other).await.unwrap(), 2);
    world.end().await;
}

#[tokio::test]
async fn routers_that_left_or_fell_silent_are_not_waited_for() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let dyno = world.up(&app, "web.1").await;
    let pool = world.db().pool();
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    routers::heartbeat(pool, one).await.unwrap();
    routers::heartbeat(pool, two).await.unwrap();
    routers::leave(pool, one).await.unwrap();
    assert_eq!(routers::undrained_by(pool, dyno).await.unwrap(), 1);
    assert_eq!(routers::alive(pool, routers::ALIVE_WITHIN).await.unwrap(), 1);
    assert_eq!(routers::alive(pool, Duration::ZERO).await.unwrap(), 0);
    assert_eq!(routers::forget(pool, routers::ALIVE_WITHIN).await.unwrap(), 0);
    assert_eq!(routers::forget(pool, Duration::ZERO).await.unwrap(), 1);
    assert!(routers::heartbeat(pool, two).await.unwrap(), "it enters itself again");
    world.end().await;
}

#[tokio::test]
async fn acknowledging_what_has_no_row_is_no_error() {
    let world = World::new().await;
    let pool = world.db().pool();
    let router = Uuid::now_v7();
    routers::acknowledge(pool, router, &[new_id()]).await.unwrap();
    routers::heartbeat(pool, router).await.unwrap();
    routers::acknowledge(pool, router, &[new_id()]).await.unwrap();
    assert_eq!(dynos::forget(pool, chrono::Utc::now()).await.unwrap(), 0);
    world.end().await;
}
