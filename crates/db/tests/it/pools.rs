use std::{collections::BTreeMap, time::Duration};

use chrono::Utc;
use paas_db::{
    DbError, hosts, new_id,
    pools::{self, Pool},
};
use paas_model::{Labels, Purchase};

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn pool(name: &str) -> Pool {
    Pool {
        id: new_id(),
        name: name.to_owned(),
        min_hosts: 0,
        max_hosts: 3,
        labels: Labels::from([("tier".to_owned(), "web".to_owned())]),
        instance_types: vec!["m7i.large".to_owned(), "m6i.large".to_owned()],
        zones: vec!["zone-a".to_owned(), "zone-b".to_owned()],
        purchase: Purchase::SpotFirst,
        image: "ami-1".to_owned(),
        replace_outdated: true,
        subnets: BTreeMap::from([("zone-a".to_owned(), "subnet-1".to_owned())]),
        security_groups: vec!["sg-1".to_owned()],
        key_name: Some("ops".to_owned()),
        instance_profile: None,
        disk_gb: 50,
        launch_after: None,
        last_error: None,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    }
}

#[tokio::test]
async fn a_pool_is_written_whole_and_read_back() {
    let world = World::new().await;
    let db = world.db().pool();
    let mut wanted = pool("web");
    pools::put(db, &wanted).await.unwrap();
    wanted.max_hosts = 5;
    wanted.labels.clear();
    pools::put(db, &wanted).await.unwrap();
    let found = pools::find(db, wanted.id).await.unwrap().unwrap();
    assert_eq!(found, Pool { created_at: found.created_at, updated_at: found.updated_at, ..wanted.clone() });
    assert_eq!(pools::by_name(db, "web").await.unwrap().as_ref(), Some(&found));
    assert_eq!(pools::list(db).await.unwrap(), [found]);
    assert!(matches!(pools::put(db, &pool("web")).await, Err(DbError::PoolNameTaken)));
    world.end().await;
}

#[tokio::test]
async fn a_pool_whose_settings_do_not_fit_each_other_is_refused() {
    let world = World::new().await;
    let wrong: [fn(&mut Pool); 5] = [
        |pool| pool.min_hosts = 4,
        |pool| pool.max_hosts = 1_001,
        |pool| pool.disk_gb = 7,
        |pool| pool.zones.clear(),
        |pool| pool.instance_types.clear(),
    ];
    for spoil in wrong {
        let mut pool = pool("web");
        spoil(&mut pool);
        assert!(matches!(pools::put(world.db().pool(), &pool).await, Err(DbError::PoolInvalid)), "{pool:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_launch_that_failed_holds_the_pool_until_one_succeeds_or_its_settings_change() {
    let world = World::new().await;
    let (db, pool) = (world.db().pool(), pool("web"));
    pools::put(db, &pool).await.unwrap();
    let held = async || {
        let pool = pools::find(db, pool.id).await.unwrap().unwrap();
        (pool.launch_after.is_some_and(|after| after > Utc::now()), pool.last_error)
    };
    pools::hold(db, pool.id, HOUR, "denied").await.unwrap();
    assert_eq!(held().await, (true, Some("denied".to_owned())));
    pools::put(db, &pool).await.unwrap();
    assert_eq!(held().await, (false, Some("denied".to_owned())));
    pools::unhold(db, pool.id).await.unwrap();
    assert_eq!(held().await, (false, None));
    world.end().await;
}

#[tokio::test]
async fn a_shortage_is_noted_for_a_while() {
    let world = World::new().await;
    let (db, pool) = (world.db().pool(), pool("web"));
    pools::put(db, &pool).await.unwrap();
    pools::note_shortage(db, pool.id, "m7i.large", "zone-a", true, Duration::ZERO).await.unwrap();
    assert_eq!(pools::shortages(db).await.unwrap(), []);
    pools::note_shortage(db, pool.id, "m7i.large", "zone-a", true, HOUR).await.unwrap();
    let known = pools::shortages(db).await.unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!((known[0].instance_type.as_str(), known[0].zone.as_str(), known[0].spot), ("m7i.large", "zone-a", true));
    world.end().await;
}

#[tokio::test]
async fn a_pool_with_hosts_is_not_removed_and_one_without_goes_with_its_shortages() {
    let world = World::new().await;
    let (db, pool) = (world.db().pool(), pool("web"));
    pools::put(db, &pool).await.unwrap();
    pools::note_shortage(db, pool.id, "m7i.large", "zone-a", true, HOUR).await.unwrap();
    let host = crate::hosts::requested(&pool, "web-1");
    hosts::request(db, &host).await.unwrap();
    let delete = async || {
        let mut transaction = world.begin().await;
        let deleted = pools::delete(&mut transaction, pool.id).await.unwrap();
        transaction.commit().await.unwrap();
        deleted
    };
    assert!(!delete().await);
    hosts::gone(db, host.id, None).await.unwrap();
    assert!(delete().await);
    assert_eq!(pools::list(db).await.unwrap(), []);
    assert_eq!(world.host(host.id).await.pool_id, None);
    world.end().await;
}
