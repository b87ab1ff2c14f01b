use chrono::{TimeDelta, Utc};
use futures::TryStreamExt;
use paas_db::{
    builds, container_images, dynos, new_id, registry_blobs, registry_blobs::BlobKind, registry_garbage, slugs, sources,
};
use paas_model::{ContainerImages, LeaseId, ProcessType, ReleaseState, SlugId};

use crate::world::{App, HERE, World};

/// Rank, whether it is next, whether it runs, whether it was released.
type Uses = (Option<u32>, bool, bool, bool);

async fn uses(world: &World, app: &App, slug: SlugId) -> Option<Uses> {
    let kept = slugs::kept(world.db().pool(), app.id).await.unwrap();
    let found = kept.into_iter().find(|kept| kept.id == slug)?;
    Some((found.uses.rank, found.uses.is_next, found.uses.runs, found.uses.was_released))
}

#[tokio::test]
async fn a_slugs_rank_is_that_of_its_newest_release_that_succeeded() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let mut made = Vec::new();
    for number in 0..4 {
        made.push(world.slug_of(&app, &format!("registry/app@sha256:{number}")).await);
    }
    let [old, failed, back, never] = made[..] else { panic!("four slugs") };
    for slug in [back, old, back] {
        world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
    }
    // A change of a config var.
    world.release(&app, ReleaseState::Succeeded, Some(back)).await;
    world.release(&app, ReleaseState::Failed, Some(failed)).await;
    assert_eq!(uses(&world, &app, back).await, Some((Some(1), false, false, true)));
    assert_eq!(uses(&world, &app, old).await, Some((Some(3), false, false, true)));
    assert_eq!(uses(&world, &app, failed).await, Some((None, true, false, true)), "the next config change has it");
    assert_eq!(uses(&world, &app, never).await, Some((None, false, false, false)));

    let pending = world.release(&app, ReleaseState::Pending, Some(old)).await;
    world.release(&app, ReleaseState::Succeeded, Some(back)).await;
    assert_eq!(uses(&world, &app, old).await, Some((Some(4), true, false, true)), "its release phase may run");
    let mut tx = world.begin().await;
    paas_db::releases::advance(&mut tx, pending, ReleaseState::Pending, ReleaseState::Failed).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(uses(&world, &app, old).await, Some((Some(4), false, false, true)));
    world.end().await;
}

#[tokio::test]
async fn a_slug_runs_until_its_last_dyno_has_ended() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let slug = world.slug(&app).await;
    let release = world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
    let mut dyno = world.new_dyno(&app, "web.1", Some(world.host));
    dyno.release_id = release;
    let dyno = world.create(&dyno).await;
    assert!(uses(&world, &app, slug).await.unwrap().2);
    let mut tx = world.begin().await;
    dynos::gone(&mut *tx, dyno, None, None).await.unwrap();
    tx.commit().await.unwrap();
    assert!(!uses(&world, &app, slug).await.unwrap().2);
    world.end().await;
}

#[tokio::test]
async fn what_all_apps_keep_is_what_each_keeps() {
    let world = World::new().await;
    let pool = world.db().pool();
    let mut each = Vec::new();
    for name in ["one-app", "two-app"] {
        let app = world.app(name).await;
        let (old, new) = (world.slug(&app).await, world.slug(&app).await);
        for slug in [old, new] {
            world.release(&app, ReleaseState::Succeeded, Some(slug)).await;
        }
        let mut tx = world.begin().await;
        slugs::collect(&mut tx, world.slug(&app).await).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(uses(&world, &app, old).await, Some((Some(2), false, false, true)));
        each.push((app.id, slugs::kept(pool, app.id).await.unwrap()));
    }
    each.sort_by_key(|(app, _)| *app);
    let each: Vec<_> = each.into_iter().flat_map(|(_, kept)| kept).map(|kept| (kept.id, kept.uses)).collect();
    let all: Vec<_> = slugs::kept_by_all(pool).map_ok(|kept| (kept.id, kept.uses)).try_collect().await.unwrap();
    assert_eq!((all.len(), all), (4, each));
    world.end().await;
}

#[tokio::test]
async fn what_is_collected_is_named_by_nothing() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let (first, second) = (world.slug_of(&app, "r/a@sha256:1").await, world.slug_of(&app, "r/a@sha256:2").await);
    let pool = world.db().pool();
    assert_eq!(slugs::apps_with_kept(pool, None, 10).await.unwrap(), [app.id]);
    assert_eq!(
        registry_blobs::named(pool).await.unwrap().into_iter().collect::<Vec<_>>(),
        [("sha256:0".into(), BlobKind::Slug)]
    );
    let mut tx = world.begin().await;
    slugs::collect(&mut tx, first).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(registry_blobs::images(pool).await.unwrap(), ["r/a@sha256:2"]);
    assert!(slugs::by_id(pool, first).await.unwrap().unwrap().collected_at.is_some());
    assert!(!slugs::keep_manifest(pool, app.id, "sha256:1").await.unwrap());
    assert!(slugs::keep_manifest(pool, app.id, "sha256:2").await.unwrap());
    // One that was named by a tag may have any.
    let tagged = world.slug_of(&app, "r/a:tag").await;
    assert!(slugs::keep_manifest(pool, app.id, "sha256:1").await.unwrap());
    let mut tx = world.begin().await;
    for slug in [second, tagged] {
        slugs::collect(&mut tx, slug).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert!(slugs::apps_with_kept(pool, None, 10).await.unwrap().is_empty());
    assert!(registry_blobs::named(pool).await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn the_images_of_a_deleted_app_are_noted_and_noted_once() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    for image in ["r/a@sha256:1", "r/a@sha256:2", "r/a@sha256:2"] {
        world.slug_of(&app, image).await;
    }
    let pool = world.db().pool();
    registry_garbage::add(pool, app.id, "r/a@sha256:1").await.unwrap();
    let mut tx = world.begin().await;
    registry_garbage::add_slugs(&mut tx, app.id, None).await.unwrap();
    tx.commit().await.unwrap();
    world.delete(&app).await;
    let mut images: Vec<_> = registry_garbage::due(pool, 10).await.unwrap().into_iter().map(|due| due.image).collect();
    images.sort();
    assert_eq!(images, ["r/a@sha256:1", "r/a@sha256:2"]);
    registry_garbage::failed(pool, "r/a@sha256:1", "405", std::time::Duration::from_secs(60)).await.unwrap();
    registry_garbage::remove(pool, "r/a@sha256:2").await.unwrap();
    assert!(registry_garbage::due(pool, 10).await.unwrap().is_empty());
    assert_eq!(registry_garbage::waiting(pool).await.unwrap(), (1, Some("405".to_owned())));
    world.end().await;
}

#[tokio::test]
async fn the_image_of_each_process_type_is_kept_and_collected_with_its_slug() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let pool = world.db().pool();
    let (kept, other) = (world.slug_of(&app, "r/a@sha256:1").await, world.slug_of(&app, "r/a@sha256:3").await);
    for (slug, worker) in [(kept, "r/a@sha256:2"), (other, "r/a@sha256:4")] {
        let worker = (ProcessType::parse("worker").unwrap(), worker.to_owned());
        let container = ContainerImages { images: [worker].into(), ..ContainerImages::default() };
        container_images::create(pool, slug, &container).await.unwrap();
    }
    let mut tx = world.begin().await;
    slugs::collect(&mut tx, other).await.unwrap();
    registry_garbage::add_slugs(&mut tx, app.id, Some(other)).await.unwrap();
    tx.commit().await.unwrap();
    let mut due: Vec<_> = registry_garbage::due(pool, 10).await.unwrap().into_iter().map(|due| due.image).collect();
    due.sort();
    assert_eq!(due, ["r/a@sha256:3", "r/a@sha256:4"]);
    let mut images = registry_blobs::images(pool).await.unwrap();
    images.sort();
    assert_eq!(images, ["r/a@sha256:1", "r/a@sha256:2"]);
    assert!(slugs::keep_manifest(pool, app.id, "sha256:2").await.unwrap());
    assert!(!slugs::keep_manifest(pool, app.id, "sha256:4").await.unwrap());
    world.end().await;
}

#[tokio::test]
async fn a_source_is_collected_when_every_build_of_it_has_ended_long_ago() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let build = world.build(&app).await;
    let pool = world.db().pool();
    let source = builds::find(pool, build).await.unwrap().unwrap().source_id;
    sources::set_blob(pool, source, "sha256:5", 1).await.unwrap();
    let (past, future) = (Utc::now() - TimeDelta::hours(1), Utc::now() + TimeDelta::hours(1));
    assert_eq!(sources::collect(pool, future).await.unwrap(), 0, "its build waits");
    let lease: LeaseId = new_id();
    builds::claim(pool, lease, std::time::Duration::from_secs(60), Some(HERE)).await.unwrap();
    assert_eq!(sources::collect(pool, future).await.unwrap(), 0, "its build runs");
    builds::fail(pool, build, lease, "no").await.unwrap();
    assert_eq!(sources::collect(pool, past).await.unwrap(), 0, "it has just ended");
    assert_eq!(registry_blobs::named(pool).await.unwrap()["sha256:5"], BlobKind::Source);
    // Somebody is about to build it again.
    let mut tx = world.begin().await;
    sources::hold(&mut tx, source).await.unwrap();
    assert_eq!(sources::collect(pool, future).await.unwrap(), 0);
    tx.rollback().await.unwrap();
    assert_eq!(sources::collect(pool, future).await.unwrap(), 1);
    let row = sources::by_id(pool, source).await.unwrap().unwrap();
    assert!(!row.is_filled() && row.archive().is_none());
    assert!(registry_blobs::named(pool).await.unwrap().is_empty());
    sources::set_blob(pool, source, "sha256:6", 1).await.unwrap();
    assert_eq!(
        sources::by_id(pool, source).await.unwrap().unwrap().archive(),
        Some("sha256:6"),
        "it was uploaded again"
    );
    world.end().await;
}
