use chrono::Utc;
use paas_db::{SecretHash, dynos, new_secret};
use paas_model::{DynoKind, DynoState, ProcessType, ReleaseState};

use crate::world::World;

async fn state(world: &World, dyno: paas_model::DynoId) -> DynoState {
    dynos::find(world.db().pool(), dyno).await.unwrap().unwrap().state
}

#[tokio::test]
async fn a_dyno_moves_only_the_way_the_model_allows() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let pool = world.db().pool();
    let dyno = world.create(&world.new_dyno(&app, "web.1", None)).await;
    assert_eq!(state(&world, dyno).await, DynoState::Wanted);
    // Too early, each of them.
    assert!(!dynos::starting(pool, dyno, None).await.unwrap());
    assert!(!dynos::up(pool, dyno).await.unwrap());
    assert!(!dynos::crashed(pool, dyno, Some(1), 1, Utc::now(), "crashed").await.unwrap());

    let mut transaction = world.begin().await;
    dynos::lock_placement(&mut transaction).await.unwrap();
    assert!(dynos::place(&mut transaction, dyno, world.host).await.unwrap());
    assert!(!dynos::place(&mut transaction, dyno, world.host).await.unwrap());
    transaction.commit().await.unwrap();
    assert!(dynos::starting(pool, dyno, Some(([10, 0, 0, 1], 5_000).into())).await.unwrap());
    assert!(dynos::up(pool, dyno).await.unwrap());
    let row = dynos::find(pool, dyno).await.unwrap().unwrap();
    assert_eq!((row.address.as_deref(), row.name().to_string()), (Some("10.0.0.1:5000"), "web.1".to_owned()));
    assert!(row.started_at.is_some() && row.up_at.is_some());

    assert!(world.stop(dyno).await);
    assert_eq!(state(&world, dyno).await, DynoState::Stopping);
    // Too late, each of them.
    assert!(!world.stop(dyno).await);
    assert!(!dynos::crashed(pool, dyno, Some(1), 1, Utc::now(), "crashed").await.unwrap());
    assert!(dynos::gone(pool, dyno, Some(143), None).await.unwrap());
    assert!(!dynos::gone(pool, dyno, Some(0), None).await.unwrap());
    let row = dynos::find(pool, dyno).await.unwrap().unwrap();
    assert_eq!((row.state, row.exit_code, row.address), (DynoState::Gone, Some(143), None));
    world.end().await;
}

#[tokio::test]
async fn a_slot_is_filled_once_per_release() {
    let world = World::new().await;
    let mut app = world.app("one-app").await;
    let first = world.up(&app, "web.1").await;
    let db = world.db();
    let second = world.new_dyno(&app, "web.1", Some(world.host));
    assert!(dynos::create(db.pool(), db.vault(), &second).await.is_err());
    // The next release's may stand beside it, and a stopping one holds nothing.
    let old = app.release;
    app.release = world.release(&app, ReleaseState::Succeeded, None).await;
    world.up(&app, "web.1").await;
    app.release = old;
    world.stop(first).await;
    world.up(&app, "web.1").await;
    world.end().await;
}

#[tokio::test]
async fn a_crashed_dyno_holds_its_slot_until_it_is_told_to_end() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let pool = world.db().pool();
    let dyno = world.up(&app, "web.1").await;
    assert!(dynos::crashed(pool, dyno, Some(1), 2, Utc::now() + chrono::Duration::hours(1), "exited").await.unwrap());
    let row = dynos::find(pool, dyno).await.unwrap().unwrap();
    assert_eq!((row.state, row.crashes, row.exit_code, row.address), (DynoState::Crashed, 2, Some(1), None));
    assert!(dynos::create(pool, world.db().vault(), &world.new_dyno(&app, "web.1", None)).await.is_err());

    // Somebody asks for a restart: it is due at once, and forgiven.
    let mut transaction = world.begin().await;
    let asked = dynos::request_restart(&mut transaction, app.id, Some(&ProcessType::web()), Some(1)).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(asked, 1);
    let row = dynos::find(pool, dyno).await.unwrap().unwrap();
    assert!(row.restart_at.unwrap() <= Utc::now() && row.crashes == 0 && !row.restart_requested);
    assert!(world.stop(dyno).await);
    assert_eq!(state(&world, dyno).await, DynoState::Gone);
    world.end().await;
}

#[tokio::test]
async fn a_restart_is_asked_of_an_app_a_type_or_one_dyno() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    for name in ["web.1", "web.2", "worker.1"] {
        world.up(&app, name).await;
    }
    let ask = async |kind: Option<ProcessType>, number| {
        let mut transaction = world.begin().await;
        dynos::request_restart(&mut transaction, app.id, kind.as_ref(), number).await.unwrap()
    };
    assert_eq!(ask(None, None).await, 3);
    assert_eq!(ask(Some(ProcessType::web()), None).await, 2);
    assert_eq!(ask(Some(ProcessType::web()), Some(2)).await, 1);
    assert_eq!(ask(Some(ProcessType::web()), Some(3)).await, 0);
    world.end().await;
}

#[tokio::test]
async fn one_client_alone_attaches_to_a_dyno() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let (secret, other) = (SecretHash::of(&new_secret("")), SecretHash::of(&new_secret("")));
    let mut dyno = world.new_dyno(&app, "run.1", Some(world.host));
    dyno.kind = DynoKind::OneOff;
    dyno.attach = Some(secret.clone());
    let id = world.create(&dyno).await;
    let pool = world.db().pool();
    assert_eq!(dynos::by_attach(pool, &secret).await.unwrap(), Some(id));
    assert!(!dynos::take_attach(pool, id, &other).await.unwrap());
    let (one, two) = futures::join!(dynos::take_attach(pool, id, &secret), dynos::take_attach(pool, id, &secret));
    assert_eq!([one.unwrap(), two.unwrap()].iter().filter(|taken| **taken).count(), 1);
    assert_eq!(dynos::by_attach(pool, &secret).await.unwrap(), None);
    world.end().await;
}

#[tokio::test]
async fn a_host_learns_early_which_images_it_will_need() {
    let world = World::new().await;
    let mut app = world.app("one-app").await;
    let slug = world.slug(&app).await;
    app.release = world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
    world.up(&app, "web.1").await;
    let ahead = async || dynos::images_ahead(world.db().pool(), world.host).await.unwrap();
    assert_eq!(ahead().await, Vec::<String>::new(), "it runs the newest");
    world.release(&app, ReleaseState::RunningPhase, Some(slug)).await;
    assert_eq!(ahead().await, ["registry/app:1"]);
    world.release(&app, ReleaseState::Failed, Some(slug)).await;
    assert_eq!(ahead().await, ["registry/app:1"], "a failed one does not run");
    assert_eq!(dynos::images_ahead(world.db().pool(), paas_db::new_id()).await.unwrap(), Vec::<String>::new());
    world.end().await;
}

#[tokio::test]
async fn a_host_keeps_the_images_of_its_dynos_and_the_newest_ones_of_their_apps() {
    let world = World::new().await;
    let mut app = world.app("one-app").await;
    let mut images = Vec::new();
    for number in 1..=4 {
        let image = format!("registry/app:{number}");
        let slug = world.slug_of(&app, &image).await;
        let state = if number == 4 { ReleaseState::Failed } else { ReleaseState::Succeeded };
        let release = world.release(&app, state, Some(slug)).await;
        // Of a change of config vars: another release, the same image.
        world.release(&app, state, Some(slug)).await;
        images.push((release, image));
    }
    let kept = async || {
        let mut kept = dynos::images_kept(world.db().pool(), world.host, 2).await.unwrap();
        kept.sort();
        kept
    };
    assert_eq!(kept().await, Vec::<String>::new(), "the app was never here");
    app.release = images[0].0;
    let oldest = world.up(&app, "web.1").await;
    assert_eq!(kept().await, ["registry/app:1", "registry/app:2", "registry/app:3"]);
    dynos::gone(world.db().pool(), oldest, None, None).await.unwrap();
    assert_eq!(kept().await, ["registry/app:2", "registry/app:3"], "it may come back soon");
    world.end().await;
}

#[tokio::test]
async fn a_dyno_that_is_up_is_cycled_once() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let dyno = world.up(&app, "web.1").await;
    assert!(dynos::cycle(world.db().pool(), dyno).await.unwrap());
    assert!(!dynos::cycle(world.db().pool(), dyno).await.unwrap());
    assert!(dynos::find(world.db().pool(), dyno).await.unwrap().unwrap().restart_requested);
    world.end().await;
}

#[tokio::test]
async fn dynos_that_ended_are_forgotten_in_time() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let pool = world.db().pool();
    let (ended, running) = (world.up(&app, "web.1").await, world.up(&app, "web.2").await);
    dynos::gone(pool, ended, Some(0), None).await.unwrap();
    assert_eq!(dynos::forget(pool, Utc::now() - chrono::Duration::hours(1)).await.unwrap(), 0);
    assert_eq!(dynos::forget(pool, Utc::now() + chrono::Duration::hours(1)).await.unwrap(), 1);
    assert_eq!(dynos::with_container(pool, world.host).await.unwrap(), [running]);
    world.end().await;
}
