use std::{collections::BTreeMap, time::Duration};

use axum::http::StatusCode;
use paas_control::ops;
use paas_db::{apps, builds, formations, new_id, releases, slugs};
use paas_hosts::testing::Program;
use paas_model::{AppId, BuildId, LeaseId, ProcessType, ReleaseState, SlugId};
use serde_json::{Value, json};

use crate::{
    registry::{RegistryProcess, archive, source},
    support::{Api, stable, until},
};

const APP_JSON: &str = r#"{
    "success_url": "/welcome",
    "env": {"GREETING": "hello", "SECRET_KEY": {"generator": "secret"}, "TOKEN": {"description": "a token"}},
    "buildpacks": [{"url": "heroku/nodejs"}],
    "formation": {"web": {"quantity": 2}},
    "scripts": {"postdeploy": "seed"}
}"#;

async fn set_up(api: &Api, app_json: &str, overrides: Value) -> Value {
    let url = source(api, archive(&[("x-main/app.json", app_json), ("x-main/Procfile", "web: serve")])).await;
    let body = json!({"source_blob": {"url": url}, "app": {"name": "example"}, "overrides": overrides});
    let made = api.post("/app-setups", body).await;
    assert_eq!((made.status, &made.json()["status"]), (StatusCode::ACCEPTED, &json!("pending")), "{}", made.text);
    made.json()
}

/// The setup once this holds.
async fn once(api: &Api, setup: &Value, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/app-setups/{}", setup["id"].as_str().unwrap());
    until(what, || async { holds(&api.get(&path).await.json()) }).await;
    api.get(&path).await.json()
}

/// Ends the setup's build as one that made a slug.
async fn succeed(api: &Api, build: &Value, app: AppId) {
    let (pool, owner) = (api.test.control.db.pool(), api.test.owner.id);
    let (id, lease): (BuildId, _) = (build["id"].as_str().unwrap().parse().unwrap(), new_id::<LeaseId>());
    until("its build has a place", || async {
        builds::claim(pool, lease, Duration::from_secs(60), Some("unix:///fake")).await.unwrap() == Some(id)
    })
    .await;
    let slug = new_id::<SlugId>();
    let image = format!("127.0.0.1:9/apps/{app}:{slug}");
    api.test.engine.add_image(&image);
    let process_types = BTreeMap::from([(ProcessType::web(), "serve".to_owned())]);
    let mut tx = api.test.control.db.begin().await.unwrap();
    apps::lock(&mut tx, app).await.unwrap();
    let row = apps::by_id(&mut *tx, app).await.unwrap().unwrap();
    let new = slugs::NewSlug {
        id: slug,
        app_id: app,
        stack: row.stack,
        digest: "sha256:0".to_owned(),
        diff_id: "sha256:0".to_owned(),
        size: 1,
        image,
        commit: None,
        commit_description: None,
        buildpack_provided_description: None,
        process_types: process_types.clone(),
    };
    slugs::create(&mut *tx, &new).await.unwrap();
    let release = releases::NewRelease {
        id: new_id(),
        app_id: app,
        state: ReleaseState::Succeeded,
        description: "Deploy".to_owned(),
        account_id: owner,
        slug_id: Some(slug),
        config_id: row.config_id,
        build_id: Some(id),
    };
    releases::create(&mut tx, &release).await.unwrap();
    formations::follow(&mut tx, app, &process_types).await.unwrap();
    let outcome = builds::Outcome { slug_id: slug, buildpacks_used: Vec::new(), stages: BTreeMap::new() };
    builds::succeed(&mut tx, id, lease, &outcome).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_app_is_set_up_as_its_app_json_says() {
    let registry = RegistryProcess::start().await;
    // Its builds are this test's to end.
    let api = registry.api_that_builds(0).await;
    api.test.engine.program("seed", Program::exits(0).printing("seeded"));
    let _loops = api.test.start();
    let setup = set_up(&api, APP_JSON, json!({"env": {"TOKEN": "given"}})).await;
    let building = once(&api, &setup, "it builds", |setup| !setup["build"].is_null()).await;
    let config = api.get("/apps/example/config-vars").await.json();
    assert_eq!((&config["GREETING"], &config["TOKEN"]), (&json!("hello"), &json!("given")));
    assert_eq!(config["SECRET_KEY"].as_str().unwrap().len(), 64);
    let packs = api.get("/apps/example/buildpack-installations").await.json();
    assert_eq!(packs[0]["buildpack"]["name"], "heroku/nodejs");

    let app = setup["app"]["id"].as_str().unwrap().parse().unwrap();
    succeed(&api, &building["build"], app).await;
    let done = once(&api, &setup, "it ends", |setup| setup["status"] != "pending").await;
    stable(|| {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"\.[0-9a-f]{32}", ".[proof]");
        settings.bind(|| insta::assert_snapshot!("app_setup", serde_json::to_string_pretty(&done).unwrap()));
    });
    assert_eq!(api.get("/apps/example/formation/web").await.json()["quantity"], 2);
}

#[tokio::test]
async fn a_postdeploy_script_that_fails_fails_the_setup() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    api.test.engine.program("seed", Program::exits(3).printing("no database"));
    let _loops = api.test.start();
    let setup = set_up(&api, APP_JSON, json!({"env": {"TOKEN": "given"}})).await;
    let building = once(&api, &setup, "it builds", |setup| !setup["build"].is_null()).await;
    succeed(&api, &building["build"], setup["app"]["id"].as_str().unwrap().parse().unwrap()).await;
    let done = once(&api, &setup, "it ends", |setup| setup["status"] != "pending").await;
    assert_eq!((&done["status"], &done["postdeploy"]["exit_code"]), (&json!("failed"), &json!(3)), "{done}");
    assert_eq!(done["failure_message"], "The postdeploy script exited with status 3.");
    assert_eq!(done["postdeploy"]["output"], "no database\n");
}

#[tokio::test]
async fn what_an_app_json_lacks_is_said_and_nothing_is_built() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let app_json = r#"{"env": {"TOKEN": {"description": "a token"}}, "addons": ["heroku-postgresql"]}"#;
    let setup = set_up(&api, app_json, json!({})).await;
    let failed = once(&api, &setup, "it fails", |setup| setup["status"] == "failed").await;
    assert_eq!((&failed["failure_message"], &failed["build"]), (&json!("invalid app.json"), &Value::Null));
    let errors = failed["manifest_errors"].as_array().unwrap();
    assert!(errors[0].as_str().unwrap().starts_with("add-on heroku-postgresql cannot be had here"), "{errors:?}");
    assert_eq!(errors[1], "config var TOKEN is required");
    assert_eq!(api.get("/apps/example/builds").await.json(), json!([]));
}

#[tokio::test]
async fn add_ons_can_be_done_without() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let overrides = json!({"addons": [], "env": {"DATABASE_URL": "postgres://db.example.test/x"}});
    let setup = set_up(&api, r#"{"addons": ["heroku-postgresql"]}"#, overrides).await;
    once(&api, &setup, "it builds", |setup| !setup["build"].is_null()).await;
    assert_eq!(api.get("/apps/example/config-vars").await.json()["DATABASE_URL"], "postgres://db.example.test/x");
}

#[tokio::test]
async fn a_setup_that_cannot_begin_makes_no_app() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let url = source(&api, archive(&[("a", "")])).await;
    api.app("taken").await;
    for body in [
        json!({"source_blob": {"url": url}, "app": {"name": "taken"}}),
        json!({"source_blob": {"url": "ftp://example.test/x"}, "app": {"name": "example"}}),
        json!({"source_blob": {"url": url}, "app": {"name": "example", "stack": "cedar"}}),
        json!({"source_blob": {"url": url}, "app": {"name": "example"}, "overrides": {"env": {"a b": "x"}}}),
        json!({"source_blob": {"url": url}, "app": {"name": "example"}, "overrides": {"buildpacks": [{"url": "x"}]}}),
        json!({"source_blob": {"url": url}, "app": {"name": "example"}, "overrides": {"addons": ["x"]}}),
    ] {
        let refused = api.post("/app-setups", body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", refused.text);
    }
    assert_eq!(api.get("/apps/example").await.status, StatusCode::NOT_FOUND);
    let (_, token) = api.test.tenant("tenant@example.com").await;
    let made = api.post("/app-setups", json!({"source_blob": {"url": url}})).await;
    let path = format!("/app-setups/{}", made.json()["id"].as_str().unwrap());
    let request = crate::support::request(axum::http::Method::GET, &path, Some(&token));
    assert_eq!(api.send(request.body(axum::body::Body::empty()).unwrap()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ops::apps::list(&api.test.control, &api.test.owner).await.unwrap().len(), 2);
}
