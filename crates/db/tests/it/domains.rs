use paas_db::{DbError, app_features, domains, new_id};
use paas_model::{DomainId, Hostname};

use crate::world::World;

fn name(text: &str) -> Hostname {
    Hostname::parse(text).unwrap()
}

#[tokio::test]
async fn what_was_deleted_meanwhile_is_named_and_no_failed_statement() {
    let world = World::new().await;
    let (app, pool, id) = (world.app("one-app").await, world.db().pool(), new_id::<DomainId>());
    domains::create(pool, id, app.id, &name("www.example.com"), "a.dns.example.net", None).await.unwrap();
    let attached = domains::attach(pool, id, Some(new_id())).await;
    assert!(matches!(attached, Err(DbError::SniEndpointGone)), "{attached:?}");
    let hostname = name("blog.example.com");
    let made = domains::create(pool, new_id(), app.id, &hostname, "b.dns.example.net", Some(new_id())).await;
    assert!(matches!(made, Err(DbError::SniEndpointGone)), "{made:?}");
    let enabled = app_features::enable(pool, new_id(), "runtime-dyno-metadata").await;
    assert!(matches!(enabled, Err(DbError::AppGone)), "{enabled:?}");
    world.end().await;
}
