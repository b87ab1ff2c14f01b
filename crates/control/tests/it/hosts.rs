use std::time::Duration;

use paas_control::{
    OpError,
    ops::{self, accounts::Owner},
    testing::TestControl,
};
use paas_db::{builds, hosts, new_id};
use paas_hosts::{Engine as _, testing::FakeEngine};
use paas_model::{BuildId, DynoState, HostId, HostState};
use tokio_util::sync::CancellationToken;

use crate::support::{app, dynos, scale, until, until_shown, up};

async fn state(test: &TestControl, host: HostId) -> HostState {
    hosts::find(test.control.db.pool(), host).await.unwrap().unwrap().state
}

async fn until_state(test: &TestControl, host: HostId, want: HostState) {
    until(&format!("the host is {want}"), async || state(test, host).await == want).await;
}

/// How many dynos of the app are up on the host.
async fn up_on(test: &TestControl, app: &paas_control::App, host: HostId) -> usize {
    dynos(test, app).await.iter().filter(|dyno| up(dyno) && dyno.host_id == Some(host)).count()
}

/// Two hosts that joined; this server's own machine is none.
async fn two_hosts(test: &TestControl) -> [(HostId, FakeEngine); 2] {
    [test.join(1, &[]).await, test.join(2, &[]).await]
}

/// Two hosts that a controller looks after, and an app with so many dynos on each.
async fn two_busy_hosts(
    test: &TestControl,
    each: usize,
    stop: &CancellationToken,
) -> ([(HostId, FakeEngine); 2], paas_control::App) {
    let hosts = two_hosts(test).await;
    let _loops = test.start_controller(stop.clone());
    for (host, _) in &hosts {
        until_state(test, *host, HostState::Ready).await;
    }
    let app = serve(test, u32::try_from(each * 2).unwrap()).await;
    for (host, _) in &hosts {
        until(&format!("{each} are up on each"), async || up_on(test, &app, *host).await == each).await;
    }
    (hosts, app)
}

async fn serve(test: &TestControl, web: u32) -> paas_control::App {
    let app = app(test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    scale(test, &app, "web", web).await;
    app
}

#[tokio::test]
async fn a_host_that_joined_is_ready_when_its_engine_answers_and_takes_dynos() {
    let test = TestControl::new().await;
    let [(first, engine), (second, _)] = two_hosts(&test).await;
    let app = serve(&test, 4).await;
    engine.go_down();
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    until_state(&test, second, HostState::Ready).await;
    assert_eq!(state(&test, first).await, HostState::Joining);
    engine.come_back();
    until_state(&test, first, HostState::Ready).await;
    until("four are up", async || dynos(&test, &app).await.iter().filter(|dyno| up(dyno)).count() == 4).await;
    let row = hosts::find(test.control.db.pool(), first).await.unwrap().unwrap();
    assert_eq!((row.memory_mb, row.cpus, row.engine_version.as_deref()), (16_384, 8, Some("fake")));
    stop.cancel();
}

#[tokio::test]
async fn the_dynos_of_a_lost_host_run_elsewhere_and_are_stopped_where_it_returns() {
    let test = TestControl::new().await;
    let stop = CancellationToken::new();
    let ([(first, engine), (second, other)], app) = two_busy_hosts(&test, 2, &stop).await;
    engine.go_down();
    until_state(&test, first, HostState::Lost).await;
    until("all are up on the other", async || up_on(&test, &app, second).await == 4).await;
    assert_eq!(engine.containers().len(), 2, "nobody can have stopped them");
    // Their rows wait until it is known that they do not run.
    let stopping = dynos(&test, &app).await.iter().filter(|dyno| dyno.state == DynoState::Stopping).count();
    assert_eq!(stopping, 2);
    engine.come_back();
    until_state(&test, first, HostState::Ready).await;
    engine.until(<[_]>::is_empty).await;
    until("no row is left of them", async || dynos(&test, &app).await.len() == 4).await;
    assert_eq!(other.containers().len(), 4);
    stop.cancel();
}

#[tokio::test]
async fn a_host_that_was_slow_for_less_than_the_grace_keeps_its_dynos() {
    let test = TestControl::with(paas_control::Settings {
        host_grace: Duration::from_secs(60),
        ..paas_control::testing::settings()
    })
    .await;
    let stop = CancellationToken::new();
    let ([(first, engine), _], app) = two_busy_hosts(&test, 1, &stop).await;
    let before: Vec<_> = dynos(&test, &app).await.iter().map(|dyno| dyno.id).collect();
    engine.go_down();
    let reason = async || hosts::find(test.control.db.pool(), first).await.unwrap().unwrap().reason;
    until("its row tells why", async || reason().await.is_some_and(|reason| reason.contains("not available"))).await;
    assert_eq!(state(&test, first).await, HostState::Ready);
    engine.come_back();
    scale(&test, &app, "web", 3).await;
    until("three are up", async || dynos(&test, &app).await.iter().filter(|dyno| up(dyno)).count() == 3).await;
    let after: Vec<_> = dynos(&test, &app).await.iter().map(|dyno| dyno.id).collect();
    assert!(before.iter().all(|id| after.contains(id)), "{before:?} {after:?}");
    stop.cancel();
}

#[tokio::test]
async fn a_host_that_drains_is_emptied_while_as_many_dynos_serve_as_before() {
    let test = TestControl::new().await;
    let stop = CancellationToken::new();
    let ([(first, engine), (second, _)], app) = two_busy_hosts(&test, 2, &stop).await;
    hosts::request_drain(test.control.db.pool(), first, true).await.unwrap();
    until("all are up on the other", async || {
        let serving = dynos(&test, &app).await.iter().filter(|dyno| up(dyno)).count();
        assert!(serving >= 4, "{serving} serve");
        up_on(&test, &app, second).await == 4 && up_on(&test, &app, first).await == 0
    })
    .await;
    engine.until(<[_]>::is_empty).await;
    assert_eq!(state(&test, first).await, HostState::Draining);
    stop.cancel();
}

#[tokio::test]
async fn controllers_share_the_hosts_and_one_that_dies_leaves_its_share_to_the_others() {
    let test = TestControl::new().await;
    two_hosts(&test).await;
    let app = serve(&test, 4).await;
    for number in 3..=4 {
        test.join(number, &[]).await;
    }
    let holders = async || {
        let mut holders: Vec<_> = hosts::leases(test.control.db.pool()).await.unwrap();
        holders.sort();
        holders
    };
    let second = CancellationToken::new();
    let one = test.start_doomed_controller();
    until("one holds all", async || holders().await.iter().filter(|holder| holder.is_some()).count() == 4).await;
    let two = test.start_controller(second.clone());
    until("each holds half", async || {
        let holders = holders().await;
        holders[0].is_some() && holders[0] == holders[1] && holders[1] != holders[2] && holders[2] == holders[3]
    })
    .await;
    until("four are up", async || dynos(&test, &app).await.iter().filter(|dyno| up(dyno)).count() == 4).await;
    // Killed: it gives nothing up.
    drop(one);
    until("the other holds all", async || {
        let holders = holders().await;
        holders[0].is_some() && holders.iter().all(|holder| *holder == holders[0])
    })
    .await;
    scale(&test, &app, "web", 8).await;
    until("eight are up", async || dynos(&test, &app).await.iter().filter(|dyno| up(dyno)).count() == 8).await;
    // One that stops in good order leaves nothing behind.
    second.cancel();
    two.await.unwrap();
    assert!(holders().await.iter().all(Option::is_none));
}

#[tokio::test]
async fn only_its_own_machines_controller_executes_the_local_host() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let (pure, stop) = (CancellationToken::new(), CancellationToken::new());
    let _pure = test.start_controller(pure.clone());
    // Two servers on one machine: one of them has it.
    let (local, again) = (test.start_until(stop.clone()), test.start_until(stop.clone()));
    until_shown(&test, &app, &["web.1 up v3"]).await;
    assert_eq!(test.engine.containers().len(), 1);
    stop.cancel();
    local.await.unwrap();
    again.await.unwrap();
    let (remote, _) = test.join(1, &[]).await;
    until_state(&test, remote, HostState::Ready).await;
    // Nobody can reach the machine: in time it is lost, and its dynos run elsewhere.
    until("the dyno is up elsewhere", async || up_on(&test, &app, remote).await == 1).await;
    assert_eq!(test.engine.containers().len(), 1);
    let _back = test.start();
    test.engine.until(<[_]>::is_empty).await;
    pure.cancel();
}

#[tokio::test]
async fn what_ran_on_a_removed_host_has_ended_for_everybody() {
    let test = TestControl::new().await;
    let stop = CancellationToken::new();
    let ([(first, engine), (second, _)], app) = two_busy_hosts(&test, 1, &stop).await;
    engine.go_down();
    hosts::gone(test.control.db.pool(), first, Some("it was removed")).await.unwrap();
    until("both are up on the other", async || up_on(&test, &app, second).await == 2).await;
    until("no row is left of what ran there", async || dynos(&test, &app).await.len() == 2).await;
    stop.cancel();
}

/// A build whose source was never uploaded.
async fn build(test: &TestControl, app: &paas_control::App) -> BuildId {
    let (source, db) = (new_id(), test.control.db.pool());
    let secret = paas_db::SecretHash::of(&paas_db::new_secret(""));
    paas_db::sources::create(db, source, test.owner.id, &secret).await.unwrap();
    let build = builds::NewBuild {
        id: new_id(),
        app_id: app.id,
        account_id: test.owner.id,
        source_id: source,
        version: None,
        version_description: None,
        buildpacks: None,
        stack: app.stack.clone(),
    };
    builds::create(db, &build).await.unwrap();
    build.id
}

#[tokio::test]
async fn whoever_pushed_is_told_why_the_build_does_not_begin() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    let build = build(&test, &app).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    until("its output says so", async || {
        let pieces = paas_db::build_output::read(test.control.db.pool(), build, 0).await.unwrap();
        pieces.iter().any(|piece| piece.chunk.starts_with("-----> Waiting for a host: no host is ready"))
    })
    .await;
    stop.cancel();
}

#[tokio::test]
async fn builds_are_placed_on_the_hosts_that_are_for_builds() {
    let test = TestControl::new().await;
    let (builder, _) = test.join(1, &[("role", "build")]).await;
    let (other, _) = test.join(2, &[]).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    for host in [builder, other] {
        until_state(&test, host, HostState::Ready).await;
    }
    let app = serve(&test, 1).await;
    let build = build(&test, &app).await;
    let db = test.control.db.pool();
    // Each attempt is given back, and placed anew.
    until("it was tried twice", async || {
        let build = builds::find(db, build).await.unwrap().unwrap();
        assert!(build.host_id.is_none_or(|host| host == builder), "{build:?}");
        build.attempt >= 2
    })
    .await;
    until("the dyno is up on the other", async || up_on(&test, &app, other).await == 1).await;
    stop.cancel();
}

#[tokio::test]
async fn a_dyno_that_uses_more_than_its_memory_is_told_so() {
    let test = TestControl::new().await;
    let stop = CancellationToken::new();
    let ([(_, engine), _], app) = two_busy_hosts(&test, 1, &stop).await;
    engine.use_memory(&engine.containers()[0].name, 529);
    until("its log says R14", async || {
        let lines = crate::support::log(&test, &app).await;
        let at = lines.iter().position(|line| line.ends_with("]: Process running mem=529M(103.3%)"));
        at.is_some_and(|at| lines[at + 1].ends_with("]: Error R14 (Memory quota exceeded)"))
    })
    .await;
    stop.cancel();
}

#[tokio::test]
async fn a_container_without_a_row_is_ended_and_one_that_just_got_its_row_is_not() {
    let test = TestControl::new().await;
    let stop = CancellationToken::new();
    let ([(_, engine), _], _app) = two_busy_hosts(&test, 1, &stop).await;
    let known = engine.containers().remove(0).name;
    let stray = paas_hosts::ContainerName(format!("dyno-{}", new_id::<paas_model::DynoId>()));
    let spec = engine.spec(&known).unwrap();
    let port: &dyn paas_hosts::Engine = &engine;
    port.create(&stray, &spec).await.unwrap();
    engine.until(|containers| containers.iter().all(|container| container.name != stray)).await;
    assert!(engine.containers().iter().any(|container| container.name == known));
    stop.cancel();
}

#[tokio::test]
async fn the_row_of_a_machine_that_nobody_here_can_end_is_removed_by_force() {
    let mut test = TestControl::new().await;
    let owner = Owner::of(&test.owner).unwrap();
    let (host, _) = test.join(1, &[]).await;
    let db = test.control.db.pool().clone();
    hosts::advance(&db, host, &[HostState::Joining], HostState::Terminating, None).await.unwrap();
    test.control.machines = None;
    let refused = ops::hosts::remove(&test.control, &owner, "host-1", false).await;
    assert!(matches!(&refused, Err(OpError::Conflict(why)) if why.contains("End it with its provider")), "{refused:?}");
    ops::hosts::remove(&test.control, &owner, "host-1", true).await.unwrap();
    assert_eq!(state(&test, host).await, HostState::Gone);
}

#[tokio::test]
async fn the_machine_of_a_server_is_removed_once_that_server_is_gone() {
    let test = TestControl::new().await;
    let owner = Owner::of(&test.owner).unwrap();
    let stop = CancellationToken::new();
    let loops = test.start_until(stop.clone());
    let local = async || hosts::by_name(test.control.db.pool(), "local").await.unwrap();
    until("it is looked after", async || {
        hosts::leases(test.control.db.pool()).await.unwrap().iter().any(Option::is_some)
    })
    .await;
    let refused = ops::hosts::remove(&test.control, &owner, "local", true).await;
    assert!(matches!(refused, Err(OpError::Conflict(_))), "{refused:?}");
    stop.cancel();
    loops.await.unwrap();
    ops::hosts::remove(&test.control, &owner, "local", true).await.unwrap();
    assert!(local().await.is_none());
}

#[tokio::test]
async fn images_of_old_releases_are_removed_and_those_that_may_be_wanted_stay() {
    let test = TestControl::new().await;
    let stop = CancellationToken::new();
    let (_, engine) = test.join(1, &[]).await;
    let others = "other.registry/apps/one:v1";
    engine.add_image(others);
    let stack = test.control.settings.stacks[0].published(&test.control.registry);
    engine.add_image(&stack);
    let _loops = test.start_controller(stop.clone());
    let app = app(&test, "example").await;
    let mut images = Vec::new();
    for version in 3..=5 {
        let release = test.deploy(&app, &[("web", "serve")]).await;
        images.push(format!("{}/apps/{}:{}", test.control.registry.host(), app.id, release.slug_id.unwrap()));
        until_shown(&test, &app, &[&format!("web.1 up v{version}")]).await;
    }
    let there = async |image: &str| engine.has_image(image).await.unwrap();
    until("the oldest image is gone", async || !there(&images[0]).await).await;
    for image in [images[1].as_str(), &images[2], &stack, others] {
        assert!(there(image).await, "{image}");
    }
    stop.cancel();
}
