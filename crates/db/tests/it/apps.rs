use paas_db::{DbError, apps, buildpacks, new_id};
use paas_model::{AppName, ConfigId, ReleaseState};

use crate::world::World;

#[tokio::test]
async fn a_name_belongs_to_one_app_and_is_free_after_it() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let name = AppName::parse("one-app").unwrap();
    let mut transaction = world.begin().await;
    let config: ConfigId = new_id();
    let taken = apps::create(&mut transaction, new_id(), &name, world.owner, "debian-13", config).await;
    assert!(matches!(taken, Err(DbError::AppNameTaken)), "{taken:?}");
    drop(transaction);
    let other = world.app("other-app").await;
    let mut transaction = world.begin().await;
    let taken = apps::update(&mut transaction, other.id, Some(&name), None, None).await;
    assert!(matches!(taken, Err(DbError::AppNameTaken)), "{taken:?}");
    drop(transaction);
    world.delete(&app).await;
    world.app("one-app").await;
    world.end().await;
}

#[tokio::test]
async fn an_update_changes_what_is_given_and_keeps_the_rest() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let mut transaction = world.begin().await;
    apps::update(&mut transaction, app.id, None, Some(true), None).await.unwrap();
    transaction.commit().await.unwrap();
    let stored = apps::by_name(world.db().pool(), &AppName::parse("one-app").unwrap()).await.unwrap().unwrap();
    assert_eq!((stored.maintenance, stored.stack.as_str(), stored.id), (true, "debian-13", app.id));
    world.end().await;
}

#[tokio::test]
async fn lists_are_of_one_owner_or_of_all_by_name() {
    let world = World::new().await;
    for name in ["charlie", "alpha", "bravo"] {
        world.app(name).await;
    }
    let pool = world.db().pool();
    let names = |apps: Vec<apps::App>| apps.iter().map(|app| app.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(apps::list(pool, None).await.unwrap()), ["alpha", "bravo", "charlie"]);
    assert_eq!(names(apps::list(pool, Some(world.owner)).await.unwrap()).len(), 3);
    assert_eq!(names(apps::list(pool, Some(new_id())).await.unwrap()).len(), 0);
    world.end().await;
}

#[tokio::test]
async fn an_apps_size_is_its_newest_good_slugs() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let size = async || apps::by_id(world.db().pool(), app.id).await.unwrap().unwrap().slug_size;
    assert_eq!(size().await, None);
    let slug = world.slug(&app).await;
    world.release(&app, ReleaseState::Failed, Some(slug)).await;
    assert_eq!(size().await, None);
    world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
    assert_eq!(size().await, Some(1));
    world.end().await;
}

#[tokio::test]
async fn deleting_an_app_takes_every_row_of_it_along() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let slug = world.slug(&app).await;
    world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
    world.build(&app).await;
    world.up(&app, "web.1").await;
    world.delete(&app).await;
    assert!(apps::by_id(world.db().pool(), app.id).await.unwrap().is_none());
    assert!(paas_db::dynos::live(world.db().pool()).await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_list_of_buildpacks_replaces_the_one_before() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    for urls in [vec!["a", "b", "c"], vec!["b"]] {
        let urls: Vec<String> = urls.into_iter().map(str::to_owned).collect();
        let mut transaction = world.begin().await;
        buildpacks::replace(&mut transaction, app.id, &urls, true).await.unwrap();
        transaction.commit().await.unwrap();
        let stored = buildpacks::list(world.db().pool(), app.id).await.unwrap();
        assert_eq!(stored.iter().map(|entry| &entry.url).collect::<Vec<_>>(), urls.iter().collect::<Vec<_>>());
        assert!((0..).zip(&stored).all(|(ordinal, entry)| entry.ordinal == ordinal && entry.pinned));
    }
    world.end().await;
}
