use std::collections::BTreeMap;

use paas_control::{OpError, ops, testing::TestControl};
use paas_hosts::{ContainerName, testing::Program};
use paas_model::DynoState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{app, log, until};

fn run(command: &str, attach: bool) -> ops::dynos::Run {
    ops::dynos::Run {
        command: command.to_owned(),
        attach,
        tty: false,
        env: BTreeMap::from([("EXTRA".to_owned(), "1".to_owned())]),
        size: None,
        kind: None,
        time_to_live: None,
    }
}

#[tokio::test]
async fn an_attached_dyno_starts_with_its_client_and_keeps_its_exit_status() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("cat", Program::echoes());
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    let (dyno, secret) = ops::dynos::run(&test.control, &test.owner, &app, run("cat", true)).await.unwrap();
    let mut attachment = ops::attach::attach(&test.control, &secret.clone().unwrap()).await.unwrap();
    attachment.streams.input.write_all(b"hello").await.unwrap();
    attachment.streams.input.shutdown().await.unwrap();
    let mut output = String::new();
    attachment.streams.output.read_to_string(&mut output).await.unwrap();
    assert_eq!(output, "hello");
    let spec = test.engine.spec(&ContainerName(format!("dyno-{}", dyno.id)));
    until("it is complete", async || {
        let dyno = ops::dynos::find(&test.control, &app, &dyno.id.to_string()).await.unwrap();
        dyno.state == DynoState::Gone && dyno.exit_code == Some(0)
    })
    .await;
    if let Some(spec) = spec {
        assert_eq!(spec.env["EXTRA"], "1");
    }
    let again = ops::attach::attach(&test.control, &secret.unwrap()).await.unwrap_err();
    assert!(matches!(again, OpError::NotFound { .. }));
}

#[tokio::test]
async fn nobody_attaching_is_r13() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    let (dyno, _) = ops::dynos::run(&test.control, &test.owner, &app, run("bash", true)).await.unwrap();
    until("it is given up", async || {
        ops::dynos::find(&test.control, &app, &dyno.id.to_string()).await.unwrap().state == DynoState::Gone
    })
    .await;
    let want = format!("heroku[{}]: Error R13 (Attach error) -> Failed to attach to process", dyno.name());
    assert!(log(&test, &app).await.contains(&want));
}

#[tokio::test]
async fn a_detached_dynos_output_is_in_the_log() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("report", Program::exits(3).printing("done"));
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    let (dyno, secret) = ops::dynos::run(&test.control, &test.owner, &app, run("report", false)).await.unwrap();
    assert!(secret.is_none());
    until("it has ended", async || {
        ops::dynos::find(&test.control, &app, &dyno.id.to_string()).await.unwrap().exit_code == Some(3)
    })
    .await;
    assert!(log(&test, &app).await.contains(&format!("app[{}]: done", dyno.name())));
}

#[tokio::test]
async fn running_needs_code_and_a_command() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    let error = ops::dynos::run(&test.control, &test.owner, &app, run("bash", false)).await.unwrap_err();
    assert!(matches!(error, OpError::Conflict(_)), "{error}");
    test.deploy(&app, &[("web", "serve")]).await;
    let error = ops::dynos::run(&test.control, &test.owner, &app, run("  ", false)).await.unwrap_err();
    assert_eq!(error.to_string(), "Give a command to run.");
}
