use paas_control::{ops, testing::TestControl};
use paas_hosts::{ContainerName, testing::Program};
use paas_model::DynoState;

use crate::support::{app, dynos, log, until, until_shown, up};

#[tokio::test]
async fn any_exit_of_a_formation_dyno_is_a_crash_and_is_tried_again_with_growing_waits() {
    for status in [0, 1] {
        let test = TestControl::new().await;
        let app = app(&test, "example").await;
        test.engine.program("quits", Program::exits(status).printing("bye"));
        test.deploy(&app, &[("web", "quits")]).await;
        let _loops = test.start();
        until("it crashed three times", async || {
            dynos(&test, &app).await.iter().any(|dyno| dyno.state == DynoState::Crashed && dyno.crashes == 3)
        })
        .await;
        let dyno = dynos(&test, &app).await.remove(0);
        assert_eq!(dyno.exit_code, Some(status as i32));
        let lines = log(&test, &app).await;
        let exited = format!("heroku[web.1]: Process exited with status {status}");
        assert_eq!(lines.iter().filter(|line| **line == exited).count(), 3, "{lines:#?}");
        assert_eq!(lines.iter().filter(|line| *line == "app[web.1]: bye").count(), 3, "{lines:#?}");
        assert!(lines.iter().any(|line| line == "heroku[web.1]: State changed from starting to crashed"));
    }
}

#[tokio::test]
async fn an_app_that_never_binds_its_port_gets_r10() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("deaf", Program::runs());
    test.deploy(&app, &[("web", "deaf")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 crashed v3"]).await;
    let lines = log(&test, &app).await;
    let at = lines.iter().position(|line| line.contains("R10")).unwrap();
    let want = [
        "heroku[web.1]: Error R10 (Boot timeout) -> Web process failed to bind to $PORT within 2 seconds of launch",
        "heroku[web.1]: Stopping process with SIGKILL",
        "heroku[web.1]: Process exited with status 137",
        "heroku[web.1]: State changed from starting to crashed",
    ];
    assert_eq!(lines[at..at + 4], want);
}

#[tokio::test]
async fn a_worker_is_up_as_soon_as_it_runs() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("work", Program::runs());
    test.deploy(&app, &[("worker", "work")]).await;
    let _loops = test.start();
    crate::support::scale(&test, &app, "worker", 1).await;
    until_shown(&test, &app, &["worker.1 up v3"]).await;
}

#[tokio::test]
async fn a_dyno_that_used_too_much_memory_gets_r15() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("hungry", Program::runs_out_of_memory());
    test.deploy(&app, &[("web", "hungry")]).await;
    let _loops = test.start();
    until("it is told", async || {
        log(&test, &app).await.iter().any(|line| line == "heroku[web.1]: Error R15 (Memory quota vastly exceeded)")
    })
    .await;
}

#[tokio::test]
async fn a_container_removed_behind_our_back_is_replaced() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    let before = dynos(&test, &app).await.remove(0).id;
    let engine: &dyn paas_hosts::Engine = &test.engine;
    engine.remove(&ContainerName(format!("dyno-{before}"))).await.unwrap();
    until("another is up", async || dynos(&test, &app).await.iter().any(|dyno| up(dyno) && dyno.id != before)).await;
}

#[tokio::test]
async fn a_restart_by_hand_ends_the_back_off() {
    let test = TestControl::with(paas_control::Settings {
        crash: paas_model::CrashPolicy { base: std::time::Duration::from_secs(600), ..Default::default() },
        ..paas_control::testing::settings()
    })
    .await;
    let app = app(&test, "example").await;
    test.engine.program("quits", Program::exits(1));
    test.deploy(&app, &[("web", "quits")]).await;
    let _loops = test.start();
    until("it waits", async || dynos(&test, &app).await.iter().any(|dyno| dyno.crashes == 2)).await;
    test.engine.program("quits", Program::serves("ok"));
    ops::dynos::restart(&test.control, &app, &ops::dynos::Which::All).await.unwrap();
    until_shown(&test, &app, &["web.1 up v3"]).await;
}
