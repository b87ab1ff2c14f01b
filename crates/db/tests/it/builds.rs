use std::{collections::BTreeMap, time::Duration};

use futures::future::join_all;
use paas_db::{
    DbError, GiveBack, build_output,
    builds::{self, Outcome},
    dynos, hosts, new_id,
    releases::{self, NewRelease},
};
use paas_model::{BuildState, LeaseId, ReleaseState};

use crate::world::{App, HERE, World};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn each_build_is_claimed_by_one_of_many_workers() {
    let world = World::new().await;
    let mut wanted = Vec::new();
    for number in 0..6 {
        let app = world.app(&format!("app-{number}")).await;
        wanted.push(world.build(&app).await);
    }
    let claims = (0..12).map(|_| builds::claim(world.db().pool(), new_id(), MINUTE, Some(HERE)));
    let mut claimed: Vec<_> = join_all(claims).await.into_iter().filter_map(Result::unwrap).collect();
    // `skip locked` may pass over a row that another worker is just taking: a later look finds what is left.
    while let Some(build) = builds::claim(world.db().pool(), new_id(), MINUTE, Some(HERE)).await.unwrap() {
        claimed.push(build);
    }
    claimed.sort();
    assert_eq!(claimed, wanted);
    world.end().await;
}

#[tokio::test]
async fn builds_of_one_app_run_one_at_a_time_in_order() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let (first, second) = (world.build(&app).await, world.build(&app).await);
    let (pool, lease): (_, LeaseId) = (world.db().pool(), new_id());
    assert_eq!(builds::claim(pool, lease, MINUTE, Some(HERE)).await.unwrap(), Some(first));
    assert_eq!(builds::claim(pool, new_id(), MINUTE, Some(HERE)).await.unwrap(), None);
    builds::fail(pool, first, lease, "the buildpack said no").await.unwrap();
    assert_eq!(builds::claim(pool, new_id(), MINUTE, Some(HERE)).await.unwrap(), Some(second));
    let failed = builds::find(pool, first).await.unwrap().unwrap();
    assert_eq!((failed.state, failed.last_error.as_deref()), (BuildState::Failed, Some("the buildpack said no")));
    world.end().await;
}

#[tokio::test]
async fn whoever_lost_the_lease_writes_nothing() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let build = world.build(&app).await;
    let (pool, late, quick): (_, LeaseId, LeaseId) = (world.db().pool(), new_id(), new_id());
    // A lease that has run out when it is given.
    assert_eq!(builds::claim(pool, late, Duration::ZERO, Some(HERE)).await.unwrap(), Some(build));
    assert_eq!(builds::claim(pool, quick, MINUTE, Some(HERE)).await.unwrap(), Some(build));
    assert_eq!(builds::find(pool, build).await.unwrap().unwrap().attempt, 2);

    let outcome = Outcome {
        slug_id: world.slug(&app).await,
        buildpacks_used: Vec::new(),
        stages: BTreeMap::from([("detect".into(), 12)]),
    };
    let mut transaction = world.begin().await;
    for lost in [
        builds::extend(pool, build, late, MINUTE).await.map(drop),
        builds::fail(pool, build, late, "late").await,
        builds::release(pool, build, late, "late", GiveBack::Failed { wait: MINUTE }).await,
        builds::succeed(&mut transaction, build, late, &outcome).await,
    ] {
        assert!(matches!(lost, Err(DbError::LeaseLost)), "{lost:?}");
    }
    builds::extend(pool, build, quick, MINUTE).await.unwrap();
    builds::succeed(&mut transaction, build, quick, &outcome).await.unwrap();
    transaction.commit().await.unwrap();
    let stored = builds::find(pool, build).await.unwrap().unwrap();
    assert_eq!((stored.state, stored.stages["detect"]), (BuildState::Succeeded, 12));
    assert!(builds::claim(pool, new_id(), MINUTE, Some(HERE)).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn the_first_dyno_of_a_build_and_its_first_router_end_its_last_stages() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let build = world.build(&app).await;
    let pool = world.db().pool();
    builds::add_stages(pool, build, &BTreeMap::from([("compile".to_owned(), 5)])).await.unwrap();
    let release = NewRelease {
        id: new_id(),
        app_id: app.id,
        state: ReleaseState::Succeeded,
        description: "Deploy".into(),
        account_id: world.owner,
        slug_id: None,
        config_id: app.config,
        build_id: Some(build),
    };
    let mut transaction = world.begin().await;
    releases::create(&mut transaction, &release).await.unwrap();
    transaction.commit().await.unwrap();
    let app = App { release: release.id, ..app };
    let stages = async || {
        let found = builds::find(pool, build).await.unwrap().unwrap();
        found.stages.into_keys().collect::<Vec<_>>()
    };

    let first = world.create(&world.new_dyno(&app, "web.1", Some(world.host))).await;
    builds::routed(pool, &[first]).await.unwrap();
    assert_eq!(stages().await, ["compile"], "it is not up yet");
    assert!(dynos::starting(pool, first, None).await.unwrap() && dynos::up(pool, first).await.unwrap());
    assert_eq!(stages().await, ["compile", "start"]);
    builds::routed(pool, &[first]).await.unwrap();
    let after_first = builds::find(pool, build).await.unwrap().unwrap().stages;
    assert_eq!(stages().await, ["compile", "route", "start"]);

    let second = world.up(&app, "web.2").await;
    builds::routed(pool, &[first, second]).await.unwrap();
    assert_eq!(builds::find(pool, build).await.unwrap().unwrap().stages, after_first, "others change nothing");
    world.end().await;
}

#[tokio::test]
async fn a_build_that_is_given_back_waits_for_its_time() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let build = world.build(&app).await;
    let (pool, lease): (_, LeaseId) = (world.db().pool(), new_id());
    builds::claim(pool, lease, MINUTE, Some(HERE)).await.unwrap();
    builds::release(pool, build, lease, "the engine is gone", GiveBack::Failed { wait: MINUTE }).await.unwrap();
    assert!(builds::place(pool, build, world.host).await.unwrap());
    assert_eq!(builds::claim(pool, lease, MINUTE, Some(HERE)).await.unwrap(), None);
    let due = builds::next_due(pool).await.unwrap().unwrap();
    assert!(due > chrono::Utc::now());
    world.end().await;
}

#[tokio::test]
async fn a_build_runs_where_it_was_placed_and_nowhere_before() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let build = world.unplaced_build(&app).await;
    let (pool, controller) = (world.db().pool(), new_id());
    assert_eq!(builds::claim(pool, new_id(), MINUTE, Some(HERE)).await.unwrap(), None);
    assert_eq!(builds::next_due(pool).await.unwrap(), None);
    assert!(builds::place(pool, build, world.host).await.unwrap());
    let elsewhere = world.remote_host(1, controller).await;
    assert!(!builds::place(pool, build, elsewhere).await.unwrap(), "it has a place");
    // Only who has the socket may take it.
    assert_eq!(builds::claim(pool, new_id(), MINUTE, None).await.unwrap(), None);
    let lease: LeaseId = new_id();
    assert_eq!(builds::claim(pool, lease, MINUTE, Some(HERE)).await.unwrap(), Some(build));
    builds::release(pool, build, lease, "the engine is gone", GiveBack::Failed { wait: Duration::ZERO }).await.unwrap();
    assert_eq!(builds::find(pool, build).await.unwrap().unwrap().host_id, None);
    // Servers that stop, however many, are no attempts.
    for _ in 0..4 {
        let lease = new_id();
        assert!(builds::place(pool, build, elsewhere).await.unwrap());
        assert_eq!(builds::claim(pool, lease, MINUTE, None).await.unwrap(), Some(build));
        assert_eq!(builds::find(pool, build).await.unwrap().unwrap().attempt, 2);
        builds::release(pool, build, lease, "the server stops", GiveBack::Stopping).await.unwrap();
    }
    world.end().await;
}

#[tokio::test]
async fn a_build_on_a_host_that_is_lost_is_placed_anew_once_nobody_runs_it() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let build = world.unplaced_build(&app).await;
    let (pool, controller, lease): (_, _, LeaseId) = (world.db().pool(), new_id(), new_id());
    let host = world.remote_host(1, controller).await;
    builds::place(pool, build, host).await.unwrap();
    builds::claim(pool, lease, MINUTE, None).await.unwrap().unwrap();
    assert!(builds::extend(pool, build, lease, MINUTE).await.unwrap());
    hosts::unseen(pool, host, controller, Some(Duration::ZERO), "refused").await.unwrap();
    assert!(!builds::extend(pool, build, lease, MINUTE).await.unwrap(), "it leads nowhere");
    assert_eq!(builds::displace(pool).await.unwrap(), 0);
    builds::extend(pool, build, lease, Duration::ZERO).await.unwrap();
    assert_eq!(builds::displace(pool).await.unwrap(), 1);
    let build = builds::find(pool, build).await.unwrap().unwrap();
    assert_eq!((build.state, build.host_id), (BuildState::Pending, None));
    world.end().await;
}

#[tokio::test]
async fn output_is_numbered_without_gaps_and_read_from_anywhere() {
    let world = World::new().await;
    let app = world.app("one-app").await;
    let build = world.build(&app).await;
    let pool = world.db().pool();
    for chunk in ["one\n", "two\0\n", "three\n"] {
        build_output::append(pool, build, chunk).await.unwrap();
    }
    let pieces = build_output::read(pool, build, 1).await.unwrap();
    let pieces: Vec<_> = pieces.iter().map(|piece| (piece.seq, piece.chunk.as_str())).collect();
    assert_eq!(pieces, [(2, "two\u{fffd}\n"), (3, "three\n")]);
    world.end().await;
}
