use std::collections::BTreeMap;

use paas_db::{SecretHash, configs, dynos, log_sessions, new_id, new_secret};
use paas_model::{ConfigId, ConfigPatch, ConfigVars, ReleaseState};

use crate::world::World;

fn vars(key: &str, value: &str) -> ConfigVars {
    let patch = ConfigPatch(BTreeMap::from([(key.to_owned(), Some(value.to_owned()))]));
    ConfigVars::default().patched(&patch).unwrap().0
}

#[tokio::test]
async fn config_vars_are_stored_unreadable_and_read_back_by_their_app_alone() {
    let world = World::new().await;
    let (app, other) = (world.app("one-app").await, world.app("other-app").await);
    let (db, id): (_, ConfigId) = (world.db(), new_id());
    configs::create(db.pool(), db.vault(), id, app.id, &vars("SECRET", "s3cret")).await.unwrap();
    let read = configs::find(db.pool(), db.vault(), app.id, id).await.unwrap().unwrap();
    assert_eq!(read.get("SECRET"), Some("s3cret"));
    let query = sqlx::query_scalar("select vars from configs where id = $1").bind(id);
    let stored: Vec<u8> = query.fetch_one(db.pool()).await.unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("SECRET"));
    assert!(configs::find(db.pool(), db.vault(), other.id, id).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_dynos_recipe_has_its_releases_image_and_vars_and_its_own_environment() {
    let world = World::new().await;
    let mut app = world.app("one-app").await;
    let db = world.db();
    app.config = new_id();
    configs::create(db.pool(), db.vault(), app.config, app.id, &vars("A", "1")).await.unwrap();
    let slug = world.slug(&app).await;
    let mut dyno = world.new_dyno(&app, "web.1", Some(world.host));
    // The first release has nothing to run.
    world.create(&dyno).await;
    assert!(dynos::recipe(db, dyno.id).await.unwrap().is_none());

    app.release = world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
    dyno = world.new_dyno(&app, "web.1", Some(world.host));
    dyno.env = BTreeMap::from([("B".to_owned(), "2".to_owned())]);
    world.create(&dyno).await;
    let recipe = dynos::recipe(db, dyno.id).await.unwrap().unwrap();
    assert_eq!((recipe.image.as_str(), recipe.config.get("A"), recipe.env), ("registry/app:1", Some("1"), dyno.env));
    world.end().await;
}

#[tokio::test]
async fn a_log_session_is_found_by_its_secret_until_its_time_is_over() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let pool = world.db().pool();
    let session = |seconds| log_sessions::NewLogSession {
        id: new_id(),
        app_id: app.id,
        account_id: world.owner,
        secret: SecretHash::of(&new_secret("")),
        lines: 100,
        tail: true,
        source: None,
        process: Some("web".into()),
        expires_at: chrono::Utc::now() + chrono::Duration::seconds(seconds),
    };
    let (valid, expired) = (session(60), session(-1));
    log_sessions::create(pool, &valid).await.unwrap();
    log_sessions::create(pool, &expired).await.unwrap();
    assert_eq!(log_sessions::by_secret(pool, &valid.secret).await.unwrap().unwrap().id, valid.id);
    assert!(log_sessions::by_secret(pool, &expired.secret).await.unwrap().is_none());
    world.end().await;
}
