use std::time::Duration;

use paas_db::{controllers, new_id};
use paas_model::ControllerId;

use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn the_eldest_controller_that_is_alive_leads() {
    let world = World::new().await;
    let pool = world.db().pool();
    let (elder, younger): (ControllerId, ControllerId) = (new_id(), new_id());
    controllers::heartbeat(pool, younger).await.unwrap();
    assert!(controllers::is_eldest(pool, younger, MINUTE).await.unwrap());
    controllers::heartbeat(pool, elder).await.unwrap();
    controllers::heartbeat(pool, elder).await.unwrap();
    assert_eq!(controllers::alive(pool, MINUTE).await.unwrap(), 2);
    assert!(controllers::is_eldest(pool, elder, MINUTE).await.unwrap());
    assert!(!controllers::is_eldest(pool, younger, MINUTE).await.unwrap());
    // One that has fallen silent leads nobody.
    assert!(controllers::is_eldest(pool, younger, Duration::ZERO).await.unwrap());
    controllers::leave(pool, elder).await.unwrap();
    assert!(controllers::is_eldest(pool, younger, MINUTE).await.unwrap());
    assert_eq!(controllers::forget(pool, MINUTE).await.unwrap(), 0);
    assert_eq!(controllers::forget(pool, Duration::ZERO).await.unwrap(), 1);
    assert_eq!(controllers::alive(pool, MINUTE).await.unwrap(), 0);
    world.end().await;
}
