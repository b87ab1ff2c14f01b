use std::collections::BTreeMap;

use paas_control::{ops, testing::TestControl};
use paas_hosts::ContainerName;
use paas_model::{ConfigPatch, Permission};

use crate::support::{app, dynos, shown, until_shown};

fn patch(pairs: &[(&str, Option<&str>)]) -> ConfigPatch {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), value.map(str::to_owned)));
    ConfigPatch(pairs.collect::<BTreeMap<_, _>>())
}

#[tokio::test]
async fn a_change_makes_a_release_and_restarts_the_dynos_with_it() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let _loops = test.start();
    until_shown(&test, &app, &["web.1 up v3"]).await;
    let (vars, release) =
        ops::config::patch(&test.control, &test.owner, &app, &patch(&[("KEY", Some("one\ntwo"))])).await.unwrap();
    assert_eq!(vars.get("KEY"), Some("one\ntwo"));
    let release = release.unwrap();
    assert_eq!((release.version.0, release.description.as_str()), (4, "Set KEY config vars"));
    until_shown(&test, &app, &["web.1 up v4"]).await;
    let dyno = dynos(&test, &app).await.remove(0);
    let spec = test.engine.spec(&ContainerName(format!("dyno-{}", dyno.id))).unwrap();
    assert_eq!(spec.env["KEY"], "one\ntwo");
    assert_eq!(spec.env["DYNO"], "web.1");
    assert_eq!(spec.env["PORT"], spec.port.unwrap().to_string());
}

#[tokio::test]
async fn values_that_are_what_they_were_make_no_release() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    ops::config::patch(&test.control, &test.owner, &app, &patch(&[("A", Some("1"))])).await.unwrap();
    let (_, release) =
        ops::config::patch(&test.control, &test.owner, &app, &patch(&[("A", Some("1")), ("B", None)])).await.unwrap();
    assert!(release.is_none());
}

#[tokio::test]
async fn patches_at_once_lose_nothing() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    let patches = (0..8).map(|n| {
        let (control, owner, app) = (test.control.clone(), test.owner.clone(), app.clone());
        tokio::spawn(async move {
            let key = format!("KEY_{n}");
            ops::config::patch(&control, &owner, &app, &patch(&[(&key, Some("x"))])).await.unwrap();
        })
    });
    for done in patches.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    let app = ops::apps::find(&test.control, &test.owner, "example", &[Permission::View]).await.unwrap();
    assert_eq!(ops::config::get(&test.control, &app).await.unwrap().len(), 8);
    let versions: Vec<_> =
        ops::releases::list(&test.control, &app).await.unwrap().iter().map(|release| release.version.0).collect();
    assert_eq!(versions, (1..=10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_bad_patch_changes_nothing() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    let bad = patch(&[("GOOD", Some("1")), ("B-D", Some("1"))]);
    assert!(ops::config::patch(&test.control, &test.owner, &app, &bad).await.is_err());
    assert!(ops::config::get(&test.control, &app).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_rollback_brings_back_code_and_config() {
    let test = TestControl::new().await;
    let app = app(&test, "example").await;
    let first = test.deploy(&app, &[("web", "serve one")]).await;
    ops::config::patch(&test.control, &test.owner, &app, &patch(&[("A", Some("1"))])).await.unwrap();
    test.deploy(&app, &[("web", "serve two"), ("worker", "work")]).await;
    let back = ops::releases::rollback(&test.control, &test.owner, &app, &first).await.unwrap();
    assert_eq!((back.version.0, back.description.as_str(), back.slug_id), (6, "Rollback to v3", first.slug_id));
    let app = ops::apps::find(&test.control, &test.owner, "example", &[Permission::View]).await.unwrap();
    assert!(ops::config::get(&test.control, &app).await.unwrap().is_empty());
    let formation = ops::formation::list(&test.control, &app).await.unwrap();
    assert_eq!(formation.len(), 1);
    assert_eq!((formation[0].command.as_str(), formation[0].quantity), ("serve one", 1));
    let empty = ops::releases::find(&test.control, &app, "v2").await.unwrap();
    assert!(ops::releases::rollback(&test.control, &test.owner, &app, &empty).await.is_err());
    assert!(shown(&test, &app).await.is_empty());
}
