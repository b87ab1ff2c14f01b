use paas_db::formations;
use paas_model::{DynoSize, ProcessType};

use crate::world::{World, process_types};

/// `type=quantity:size:command` of each type.
async fn after(world: &World, app: paas_model::AppId, types: &[(&str, &str)]) -> Vec<String> {
    let mut transaction = world.begin().await;
    formations::follow(&mut transaction, app, &process_types(types)).await.unwrap();
    transaction.commit().await.unwrap();
    let rows = formations::list(world.db().pool(), app).await.unwrap();
    rows.iter().map(|row| format!("{}={}:{}:{}", row.kind, row.quantity, row.size.name(), row.command)).collect()
}

#[tokio::test]
async fn the_first_formation_has_one_web_dyno_and_no_other() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    assert_eq!(
        after(&world, app.id, &[("web", "serve"), ("worker", "work")]).await,
        ["web=1:Standard-1X:serve", "worker=0:Standard-1X:work"]
    );
    world.end().await;
}

#[tokio::test]
async fn a_later_release_brings_commands_and_types_and_keeps_the_scale() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    after(&world, app.id, &[("worker", "work")]).await;
    let mut transaction = world.begin().await;
    let worker = ProcessType::parse("worker").unwrap();
    formations::set(&mut transaction, app.id, &worker, 3, DynoSize::Standard2X).await.unwrap();
    transaction.commit().await.unwrap();
    // Not the first formation any more: web is added with no dyno.
    assert_eq!(
        after(&world, app.id, &[("web", "serve"), ("worker", "work harder")]).await,
        ["web=0:Standard-1X:serve", "worker=3:Standard-2X:work harder"]
    );
    assert_eq!(after(&world, app.id, &[("web", "serve")]).await, ["web=0:Standard-1X:serve"]);
    world.end().await;
}

#[tokio::test]
async fn a_clock_is_never_to_run_twice_and_no_other_type_is_like_it() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    after(&world, app.id, &[("clock", "tick"), ("web", "serve")]).await;
    let rows = paas_db::world::formations(world.db().pool()).await.unwrap();
    let singletons: Vec<_> = rows.iter().map(|row| (row.kind.as_str(), row.singleton)).collect();
    assert_eq!(singletons, [("clock", true), ("web", false)]);
    world.end().await;
}
