use futures::future::join_all;
use paas_db::{apps, releases};
use paas_model::{ReleaseState, ReleaseVersion};

use crate::world::World;

#[tokio::test]
async fn versions_have_no_gaps_and_no_doubles_however_many_write() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let release = async || {
        let mut transaction = world.begin().await;
        assert!(apps::lock(&mut transaction, app.id).await.unwrap());
        world.release_in(&mut transaction, &app, ReleaseState::Succeeded, None).await;
        transaction.commit().await.unwrap();
    };
    join_all((0..12).map(|_| release())).await;
    let versions: Vec<_> =
        releases::list(world.db().pool(), app.id).await.unwrap().iter().map(|r| r.version.0).collect();
    assert_eq!(versions, (1..=13).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test]
async fn the_current_release_is_the_newest_that_succeeded() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    world.release(&app, ReleaseState::Failed, None).await;
    let pending = world.release(&app, ReleaseState::Pending, None).await;
    let pool = world.db().pool();
    let version = |release: Option<releases::Release>| release.map(|release| release.version.0);
    assert_eq!(version(releases::current(pool, app.id).await.unwrap()), Some(1));
    assert_eq!(version(releases::newest(pool, app.id).await.unwrap()), Some(3));
    assert_eq!(releases::open(pool).await.unwrap().len(), 1);

    let mut transaction = world.begin().await;
    let moved = releases::advance(&mut transaction, pending, ReleaseState::Pending, ReleaseState::Succeeded).await;
    assert!(moved.unwrap());
    let again = releases::advance(&mut transaction, pending, ReleaseState::Pending, ReleaseState::Failed).await;
    assert!(!again.unwrap());
    transaction.commit().await.unwrap();
    let current = releases::by_version(pool, app.id, ReleaseVersion(3)).await.unwrap().unwrap();
    assert!(current.current && current.id == pending);
    assert!(!releases::by_version(pool, app.id, ReleaseVersion(1)).await.unwrap().unwrap().current);
    assert!(releases::by_id(pool, pending).await.unwrap().unwrap().current);
    world.end().await;
}
