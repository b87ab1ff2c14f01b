use futures::TryStreamExt;
use paas_control::{ops, testing::TestControl};
use paas_hosts::testing::Program;
use paas_model::ReleaseState;

use crate::support::{app, until_shown};

#[tokio::test]
async fn a_release_command_that_succeeds_lets_the_release_through() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.engine.program("migrate", Program::exits(0).printing("migrated"));
    let release = test.deploy(&app, &[("web", "serve"), ("release", "migrate")]).await;
    assert_eq!(release.state, ReleaseState::Pending);
    let _loops = test.start();
    let ended = ops::releases::wait(&test.control, release.id).await.unwrap();
    assert_eq!(ended.state, ReleaseState::Succeeded);
    let output: Vec<String> = ops::releases::follow_phase(&test.control, release.id).try_collect().await.unwrap();
    assert_eq!(output.concat(), "migrated\n");
    until_shown(&test, &app, &["web.1 up v3"]).await;
}

#[tokio::test]
async fn one_that_fails_leaves_the_old_release_and_formation() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    test.engine.program("migrate", Program::exits(1));
    let release = test.deploy(&app, &[("worker", "work"), ("release", "migrate")]).await;
    let ended = ops::releases::wait(&test.control, release.id).await.unwrap();
    assert_eq!((ended.state, ended.version.0, ended.current), (ReleaseState::Failed, 4, false));
    until_shown(&test, &app, &["web.1 up v3"]).await;
    assert!(ops::releases::rollback(&test.control, &test.owner, &app, &ended).await.is_err());
}
