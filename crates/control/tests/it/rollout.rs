use paas_control::{ops, testing::TestControl};
use paas_hosts::testing::{Method, Program};
use paas_model::DynoState;
use tokio_util::sync::CancellationToken;

use crate::support::{app, dynos, log, scale, until, until_shown, up};

#[tokio::test]
async fn the_first_deploy_starts_one_web_dyno_and_no_other() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve"), ("worker", "work")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    let lines = log(&test, &app).await;
    let want = [
        "app[api]: Deploy 7894b412 by user owner@example.com",
        "app[api]: Release v3 created by user owner@example.com",
        "heroku[web.1]: Starting process with command `serve`",
        "heroku[web.1]: State changed from starting to up",
    ];
    assert_eq!(lines[lines.len() - 4..], want);
}

#[tokio::test]
async fn scaling_up_and_down_adds_and_takes_the_highest_numbers() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    scale(&test, &app, "web", 3).await;
    until_shown(&test, &app, &["web.1 up v3", "web.2 up v3", "web.3 up v3"]).await;
    scale(&test, &app, "web", 1).await;
    until_shown(&test, &app, &["web.1 up v3"]).await;
    scale(&test, &app, "web", 0).await;
    until_shown(&test, &app, &[]).await;
    until("containers are removed", async || test.engine.containers().is_empty()).await;
}

#[tokio::test]
async fn unknown_types_and_too_many_dynos_are_refused() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let change = |kind: &str, quantity: &str| ops::formation::Scale {
        kind: kind.parse_kind(),
        quantity: Some(quantity.parse().unwrap()),
        size: None,
    };
    let error = ops::formation::scale(&test.control, &test.owner, &app, &[change("worker", "1")]).await.unwrap_err();
    assert_eq!(error.to_string(), "Couldn't find that process type (worker).");
    let error = ops::formation::scale(&test.control, &test.owner, &app, &[change("web", "101")]).await.unwrap_err();
    assert_eq!(error.to_string(), "An app may have 100 dynos in all; this would be 101.");
}

trait ParseKind {
    fn parse_kind(&self) -> paas_model::ProcessType;
}

impl ParseKind for str {
    fn parse_kind(&self) -> paas_model::ProcessType {
        paas_model::ProcessType::parse(self).unwrap()
    }
}

#[tokio::test]
async fn during_a_deploy_as_many_dynos_are_up_as_before() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve one")]).await;
    scale(&test, &app, "web", 4).await;
    let _loops = test.start();
    until("four are up", async || dynos(&test, &app).await.iter().filter(|dyno| up(dyno)).count() == 4).await;
    test.deploy(&app, &[("web", "serve two")]).await;
    until("all run the new release", async || {
        let dynos = dynos(&test, &app).await;
        assert!(dynos.iter().filter(|dyno| up(dyno)).count() >= 4, "{dynos:?}");
        dynos.len() == 4 && dynos.iter().all(|dyno| up(dyno) && dyno.release_version.0 == 4)
    })
    .await;
}

#[tokio::test]
async fn a_release_that_does_not_come_up_leaves_the_old_one_serving() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("broken", Program::exits(1));
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    test.deploy(&app, &[("web", "broken")]).await;
    until("the new one has crashed twice", async || {
        let dynos = dynos(&test, &app).await;
        assert!(dynos.iter().any(|dyno| up(dyno) && dyno.release_version.0 == 3));
        dynos.iter().any(|dyno| dyno.release_version.0 == 4 && dyno.crashes >= 2)
    })
    .await;
    // And the next good one takes over.
    test.deploy(&app, &[("web", "serve again")]).await;
    until_shown(&test, &app, &["web.1 up v5"]).await;
}

#[tokio::test]
async fn a_restart_gives_a_new_dyno_in_the_same_slot() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    let before = dynos(&test, &app).await.remove(0).id;
    ops::dynos::restart(&test.control, &app, &ops::dynos::Which::All).await.unwrap();
    until("another dyno is up alone", async || {
        let dynos = dynos(&test, &app).await;
        dynos.len() == 1 && up(&dynos[0]) && dynos[0].id != before
    })
    .await;
}

#[tokio::test]
async fn a_dyno_that_ignores_sigterm_is_killed_and_the_log_says_so() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("stubborn", Program::serves("ok").ignoring_term());
    test.deploy(&app, &[("web", "stubborn")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    scale(&test, &app, "web", 0).await;
    until_shown(&test, &app, &[]).await;
    let lines = log(&test, &app).await;
    let want = [
        "heroku[web.1]: Stopping all processes with SIGTERM",
        "heroku[web.1]: Error R12 (Exit timeout) -> At least one process failed to exit within 2 seconds of SIGTERM",
        "heroku[web.1]: Stopping remaining processes with SIGKILL",
        "heroku[web.1]: Process exited with status 137",
        "heroku[web.1]: State changed from up to down",
    ];
    assert_eq!(lines[lines.len() - 5..], want);
}

#[tokio::test]
async fn a_new_server_adopts_what_runs() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let first = CancellationToken::new();
    let loops = test.start_until(first.clone());
    until_shown(&test, &app, &["web.1 up v3"]).await;
    let dyno = dynos(&test, &app).await.remove(0).id;
    first.cancel();
    loops.await.unwrap();
    let made = test.engine.calls_of(Method::Create).len();
    let _second = test.start();
    scale(&test, &app, "web", 2).await;
    until_shown(&test, &app, &["web.1 up v3", "web.2 up v3"]).await;
    assert_eq!(dynos(&test, &app).await[0].id, dyno);
    assert_eq!(test.engine.calls_of(Method::Create).len(), made + 1);
}

#[tokio::test]
async fn whatever_call_to_the_engine_fails_the_app_comes_up() {
    for method in [Method::Pull, Method::Create, Method::Start, Method::Inspect, Method::List] {
        for after in [false, true] {
            let test = TestControl::new().await;
            let app = app(&test, "example").await;
            match after {
                true => test.engine.fail_after(method, 1),
                false => test.engine.fail_before(method, 1),
            }
            test.deploy(&app, &[("web", "serve")]).await;
            let loops = test.start();
            until_shown(&test, &app, &["web.1 up v3"]).await;
            assert_eq!(test.engine.containers().len(), 1, "{method:?} {after}");
            test.stop(loops).await;
        }
    }
}

#[tokio::test]
async fn a_deleted_apps_containers_end() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    ops::apps::delete(&test.control, &app).await.unwrap();
    until("the container is gone", async || test.engine.containers().is_empty()).await;
}

#[tokio::test]
async fn a_pool_that_is_full_says_what_it_waits_for() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.set_info(paas_hosts::EngineInfo {
        id: "1".to_owned(),
        memory_mb: 1_100,
        cpus: 1,
        version: "1".to_owned(),
    });
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    scale(&test, &app, "web", 3).await;
    until("two are up", async || dynos(&test, &app).await.iter().filter(|dyno| up(dyno)).count() == 2).await;
    until("the log names the nearest miss", async || {
        let want = "heroku[web]: Waiting to start: no host has 512 MB of memory free; the nearest is local with 76 MB";
        log(&test, &app).await.iter().any(|line| line == want)
    })
    .await;
    assert!(dynos(&test, &app).await.iter().all(|dyno| dyno.state == DynoState::Up));
}
