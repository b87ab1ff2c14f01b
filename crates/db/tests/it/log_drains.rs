use std::time::Duration;

use paas_db::{
    log_drains::{self, LogDrain},
    new_id,
};
use paas_model::{ControllerId, DrainId};

use crate::world::World;

/// As it would be after a change of the key.
#[tokio::test]
async fn a_drain_that_cannot_be_decrypted_holds_up_no_other() {
    let world = World::new().await;
    let (app, db, controller) = (world.app("one-app").await, world.db(), new_id::<ControllerId>());
    let (broken, whole): (DrainId, DrainId) = (new_id(), new_id());
    for id in [broken, whole] {
        let url = format!("https://logs.example.com/{id}");
        log_drains::create(db.pool(), db.vault(), id, app.id, &url, &format!("d.{id}")).await.unwrap();
    }
    let spoil = sqlx::query("update log_drains set url = decode('00', 'hex') where id = $1");
    spoil.bind(broken).execute(db.pool()).await.unwrap();
    let ids = |drains: Vec<LogDrain>| drains.iter().map(|drain| drain.id).collect::<Vec<_>>();
    let taken = log_drains::claim(db.pool(), db.vault(), controller, Duration::from_secs(60), 10).await.unwrap();
    assert_eq!(ids(taken), [whole]);
    let held = log_drains::held(db.pool(), db.vault(), controller, &[broken, whole]).await.unwrap();
    assert_eq!(ids(held), [whole]);
    world.end().await;
}
