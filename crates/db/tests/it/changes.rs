use std::time::Duration;

use paas_db::{Changes, Topic, builds, dynos, new_id};
use paas_model::ReleaseState;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::world::World;

#[tokio::test]
async fn a_subscription_wakes_for_its_topics_alone_and_once_for_many_changes() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let changes = Changes::listen(world.db(), stop.clone()).await.unwrap();
    let (mut dynos_changed, mut hosts_changed) =
        (changes.subscribe(&[Topic::Dynos, Topic::Apps]), changes.subscribe(&[Topic::Hosts]));
    let app = world.app("one-app").await;
    let dyno = world.up(&app, "web.1").await;
    dynos::gone(world.db().pool(), dyno, None, None).await.unwrap();
    timeout(Duration::from_secs(20), dynos_changed.changed()).await.expect("a change is heard of");
    assert!(timeout(Duration::from_millis(200), hosts_changed.changed()).await.is_err());
    // The changes before are all one wake-up, or a few: then it is quiet.
    while timeout(Duration::from_millis(200), dynos_changed.changed()).await.is_ok() {}
    stop.cancel();
    world.end().await;
}

#[tokio::test]
async fn a_host_is_woken_for_its_own_dynos_and_releases_of_the_apps_that_it_runs() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let changes = Changes::listen(world.db(), stop.clone()).await.unwrap();
    let elsewhere = world.remote_host(1, new_id()).await;
    let on = |host| [Topic::Dynos, Topic::Releases].map(|topic| changes.subscribe_on(host, topic));
    let ([mut dynos_here, mut releases_here], [mut dynos_there, mut releases_there]) = (on(world.host), on(elsewhere));
    let quiet = Duration::from_millis(200);
    for subscription in [&mut dynos_here, &mut releases_here, &mut dynos_there, &mut releases_there] {
        while timeout(quiet, subscription.changed()).await.is_ok() {}
    }

    let app = world.app("one-app").await;
    let dyno = world.up(&app, "web.1").await;
    timeout(Duration::from_secs(20), dynos_here.changed()).await.expect("its dyno has changed");
    world.release(&app, ReleaseState::Succeeded, None).await;
    timeout(Duration::from_secs(20), releases_here.changed()).await.expect("its app has a release");
    while timeout(quiet, dynos_here.changed()).await.is_ok() {}
    world.delete(&app).await;
    timeout(Duration::from_secs(20), dynos_here.changed()).await.unwrap_or_else(|_| panic!("{dyno} has gone"));
    for subscription in [&mut dynos_there, &mut releases_there] {
        assert!(timeout(quiet, subscription.changed()).await.is_err(), "nothing of it has changed");
    }
    stop.cancel();
    world.end().await;
}

#[tokio::test]
async fn a_burst_of_changes_is_few_wake_ups_and_its_first_comes_at_once() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let changes = Changes::listen(world.db(), stop.clone()).await.unwrap();
    let pause = Duration::from_secs(2);
    let mut apps = changes.subscribe(&[Topic::Apps]).at_most_every(pause);
    let begin = Instant::now();
    world.app("app-0").await;
    timeout(Duration::from_secs(20), apps.changed()).await.expect("a change is heard of");
    let first = begin.elapsed();
    for number in 1..5 {
        world.app(&format!("app-{number}")).await;
    }
    timeout(Duration::from_secs(20), apps.changed()).await.expect("the last change is heard of");
    assert!(begin.elapsed() - first >= pause, "the second wake-up came after {:?}", begin.elapsed() - first);
    // All of the burst was one.
    assert!(timeout(Duration::from_millis(200), apps.changed()).await.is_err());
    // Whoever does something else during the pause, and asks again, hears of it all the same.
    world.app("app-last").await;
    for _ in 0..5 {
        assert!(timeout(Duration::from_millis(100), apps.changed()).await.is_err(), "it is too early");
    }
    timeout(Duration::from_secs(20), apps.changed()).await.expect("the change is not lost");
    stop.cancel();
    world.end().await;
}

#[tokio::test]
async fn a_change_between_two_waits_is_not_missed() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let changes = Changes::listen(world.db(), stop.clone()).await.unwrap();
    let mut apps = changes.subscribe(&[Topic::Apps]);
    for number in 0..5 {
        world.app(&format!("app-{number}")).await;
        timeout(Duration::from_secs(20), apps.changed()).await.expect("a change is heard of");
    }
    stop.cancel();
    world.end().await;
}

#[tokio::test]
async fn looking_for_work_and_keeping_a_lease_wake_nobody() {
    let world = World::new().await;
    let stop = CancellationToken::new();
    let changes = Changes::listen(world.db(), stop.clone()).await.unwrap();
    let app = world.app("one-app").await;
    let dyno = world.up(&app, "web.1").await;
    let mut any = changes.subscribe(&[Topic::Builds, Topic::Dynos]);
    while timeout(Duration::from_millis(200), any.changed()).await.is_ok() {}
    let pool = world.db().pool();
    assert!(builds::claim(pool, new_id(), Duration::from_secs(1), None).await.unwrap().is_none());
    assert!(!dynos::up(pool, dyno).await.unwrap());
    dynos::set_logged_until(pool, dyno, chrono::Utc::now()).await.unwrap();
    assert!(timeout(Duration::from_millis(300), any.changed()).await.is_err());
    stop.cancel();
    world.end().await;
}
