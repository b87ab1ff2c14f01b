use paas_db::{apps, dynos, formations, routes};
use paas_model::{DynoKind, DynoState, ReleaseState};

use crate::world::{World, process_types};

#[tokio::test]
async fn every_app_is_a_route_with_the_web_dynos_of_its_formation() {
    let world = World::new().await;
    let blank = world.app("a-blank-app").await;
    let mut app = world.app("b-real-app").await;
    let slug = world.slug(&app).await;
    app.release = world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
    let mut transaction = world.begin().await;
    formations::follow(&mut transaction, app.id, &process_types(&[("web", "serve"), ("worker", "work")]))
        .await
        .unwrap();
    apps::update(&mut transaction, app.id, None, Some(true), None).await.unwrap();
    transaction.commit().await.unwrap();
    let up = world.up(&app, "web.1").await;
    let placed = world.create(&world.new_dyno(&app, "web.2", Some(world.host))).await;
    // None of these takes requests, now or soon.
    world.up(&app, "worker.1").await;
    world.create(&world.new_dyno(&app, "web.3", None)).await;
    let stopping = world.up(&app, "web.4").await;
    world.stop(stopping).await;
    let gone = world.up(&app, "web.5").await;
    dynos::gone(world.db().pool(), gone, None, None).await.unwrap();
    let mut one_off = world.new_dyno(&app, "web.6", Some(world.host));
    one_off.kind = DynoKind::OneOff;
    world.create(&one_off).await;

    let loaded = routes::load(world.db().pool()).await.unwrap();
    let shown: Vec<_> = loaded.iter().map(|r| (r.app_id, r.name.as_str(), r.maintenance, r.has_slug, r.web)).collect();
    assert_eq!(shown, [(blank.id, "a-blank-app", false, false, 0), (app.id, "b-real-app", true, true, 1)]);
    assert!(loaded[0].dynos.is_empty());
    let shown: Vec<_> = loaded[1].dynos.iter().map(|d| (d.id, d.name.to_string(), d.address, d.state)).collect();
    assert_eq!(
        shown,
        [
            (up, "web.1".to_owned(), Some(([127, 0, 0, 1], 5_000).into()), DynoState::Up),
            (placed, "web.2".to_owned(), None, DynoState::Placed)
        ]
    );
    assert_eq!(routes::stopping(world.db().pool()).await.unwrap(), [stopping]);
    world.end().await;
}
