use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use paas_control::ops;
use paas_db::{apps, builds, formations, new_id, releases, setups, setups::Overrides, slugs, sources};
use paas_hosts::testing::Program;
use paas_model::{AccountId, AppId, BuildId, LeaseId, ProcessType, ReleaseState, SetupId, SlugId, SlugLayer};
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
    set_up_as(api, app_json, json!({"name": "example"}), overrides).await
}

async fn set_up_as(api: &Api, app_json: &str, app: Value, overrides: Value) -> Value {
    let url = source(api, archive(&[("x-main/app.json", app_json), ("x-main/Procfile", "web: serve")])).await;
    let body = json!({"source_blob": {"url": url}, "app": app, "overrides": overrides});
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
    let process_types =
        BTreeMap::from(["web", "worker"].map(|kind| (ProcessType::parse(kind).unwrap(), "serve".to_owned())));
    let mut tx = api.test.control.db.begin().await.unwrap();
    apps::lock(&mut tx, app).await.unwrap();
    let row = apps::by_id(&mut *tx, app).await.unwrap().unwrap();
    let new = slugs::NewSlug {
        id: slug,
        app_id: app,
        stack: row.stack,
        layers: vec![SlugLayer::default()],
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

/// As [`set_up`], of a tree with these files.
async fn set_up_tree(api: &Api, files: &[(&str, &str)], overrides: Value) -> Value {
    let url = source(api, archive(files)).await;
    let body = json!({"source_blob": {"url": url}, "app": {"name": "example"}, "overrides": overrides});
    api.post("/app-setups", body).await.json()
}

const HEROKU_YML: &str = "\
setup:
  addons:
    - plan: heroku-postgresql
  config: {BUCKET: example, GREETING: hello}
build:
  docker: {web: Dockerfile}
";

#[tokio::test]
async fn a_heroku_yml_says_what_an_app_of_images_is_set_up_with() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let app_json =
        r#"{"env": {"GREETING": "welcome", "BUCKET": {"description": "where it stores"}}, "buildpacks": []}"#;
    let files = [("heroku.yml", HEROKU_YML), ("app.json", app_json), ("Dockerfile", "FROM scratch")];
    let setup = set_up_tree(&api, &files, json!({"addons": []})).await;
    once(&api, &setup, "it builds", |setup| !setup["build"].is_null()).await;
    assert_eq!(
        api.get("/apps/example/config-vars").await.json(),
        json!({"BUCKET": "example", "GREETING": "welcome"}),
        "the app.json stands above it"
    );
}

#[tokio::test]
async fn what_a_heroku_yml_asks_for_and_cannot_have_is_said() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let setup = set_up_tree(&api, &[("heroku.yml", HEROKU_YML)], json!({})).await;
    let failed = once(&api, &setup, "it fails", |setup| setup["status"] == "failed").await;
    assert_eq!(failed["failure_message"], "invalid heroku.yml");
    let errors = failed["manifest_errors"].as_array().unwrap();
    assert!(errors[0].as_str().unwrap().starts_with("add-on heroku-postgresql cannot be had here"), "{errors:?}");

    api.delete("/apps/example").await;
    let setup =
        set_up_tree(&api, &[("heroku.yml", "setup: {config: {A: [1]}}\nbuild:\n  docker: {web: D}\n")], json!({}))
            .await;
    let failed = once(&api, &setup, "it fails", |setup| setup["status"] == "failed").await;
    assert_eq!(failed["failure_message"], "invalid heroku.yml");
    assert_eq!(failed["manifest_errors"], json!(["setup.config.A must be text or a number"]));
}

#[tokio::test]
async fn a_heroku_yml_says_nothing_of_an_app_that_buildpacks_build() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let with_buildpacks = r#"{"buildpacks": [{"url": "heroku/nodejs"}]}"#;
    let setup_alone = "setup: {config: {BUCKET: example}, addons: [heroku-postgresql]}";
    let with_url = r#"{"env": {"BUILDPACK_URL": "heroku/nodejs"}}"#;
    let cases = [
        (HEROKU_YML, with_buildpacks, json!({})),
        (HEROKU_YML, with_url, json!({"BUILDPACK_URL": "heroku/nodejs"})),
        (setup_alone, "{}", json!({})),
        ("setup: [broken", "{}", json!({})),
    ];
    for (heroku_yml, app_json, config) in cases {
        let setup = set_up_tree(&api, &[("heroku.yml", heroku_yml), ("app.json", app_json)], json!({})).await;
        once(&api, &setup, "it builds", |setup| !setup["build"].is_null()).await;
        assert_eq!(api.get("/apps/example/config-vars").await.json(), config, "{heroku_yml}");
        api.delete("/apps/example").await;
    }
}

/// The app belongs to somebody else from now on.
async fn hand_over(api: &Api, setup: &Value, to: AccountId) {
    let mut tx = api.test.control.db.begin().await.unwrap();
    apps::set_owner(&mut tx, setup["app"]["id"].as_str().unwrap().parse().unwrap(), to).await.unwrap();
    tx.commit().await.unwrap();
}

/// What stands above its app.json.
async fn overrides(api: &Api, setup: &Value) -> Option<Overrides> {
    let db = &api.test.control.db;
    let id = setup["id"].as_str().unwrap().parse().unwrap();
    setups::find(db.pool(), id).await.unwrap().unwrap().overrides(db.vault()).unwrap()
}

#[tokio::test]
async fn an_app_that_changed_hands_is_set_up_no_further() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let (tenant, _) = api.test.tenant("tenant@example.com").await;
    let (given, message) =
        (json!({"env": {"TOKEN": "given"}}), "The app was transferred to another account meanwhile.");
    let early = set_up(&api, APP_JSON, given.clone()).await;
    hand_over(&api, &early, tenant.id).await;
    let _loops = api.test.start();
    let failed = once(&api, &early, "it fails", |setup| setup["status"] == "failed").await;
    assert!(failed["failure_message"].as_str().unwrap().starts_with(message), "{failed}");
    assert_eq!(api.get("/apps/example/config-vars").await.json(), json!({}));
    assert_eq!(api.get("/apps/example/builds").await.json(), json!([]));

    let late = set_up_as(&api, APP_JSON, json!({"name": "other"}), given).await;
    let building = once(&api, &late, "it builds", |setup| !setup["build"].is_null()).await;
    hand_over(&api, &late, tenant.id).await;
    succeed(&api, &building["build"], late["app"]["id"].as_str().unwrap().parse().unwrap()).await;
    let failed = once(&api, &late, "it fails", |setup| setup["status"] == "failed").await;
    assert!(failed["failure_message"].as_str().unwrap().starts_with(message), "{failed}");
    assert_eq!(api.get("/apps/other/formation/web").await.json()["quantity"], 1);
}

#[tokio::test]
async fn a_setup_is_shown_to_nobody_who_may_not_see_its_app() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let (_, token) = api.test.tenant("tenant@example.com").await;
    let body = json!({"source_blob": {"url": "https://example.test/x.tgz"}, "app": {"name": "example"}});
    let setup = api.call_as(&token, Method::POST, "/app-setups", body).await.json();
    let path = format!("/app-setups/{}", setup["id"].as_str().unwrap());
    assert_eq!(api.call_as(&token, Method::GET, &path, json!({})).await.status, StatusCode::OK);
    hand_over(&api, &setup, api.test.owner.id).await;
    assert_eq!(api.call_as(&token, Method::GET, &path, json!({})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.get(&path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_stands_above_an_app_json_is_forgotten_when_it_was_read() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let begun = set_up(&api, APP_JSON, json!({"env": {"TOKEN": "given"}})).await;
    assert_eq!(overrides(&api, &begun).await.unwrap().env["TOKEN"], "given");
    let lacking = set_up_as(&api, APP_JSON, json!({"name": "other"}), json!({"env": {"X": "secret"}})).await;
    let _loops = api.test.start();
    once(&api, &begun, "it builds", |setup| !setup["build"].is_null()).await;
    once(&api, &lacking, "it fails", |setup| setup["status"] == "failed").await;
    assert_eq!((overrides(&api, &begun).await, overrides(&api, &lacking).await), (None, None));
}

#[tokio::test]
async fn a_setup_that_fails_forgets_where_its_source_was() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    // No machine has this address.
    let body = json!({"source_blob": {"url": "http://me:hunter2@169.254.169.254/x.tgz"}, "app": {"name": "example"}});
    let setup = api.post("/app-setups", body).await.json();
    let _loops = api.test.start();
    once(&api, &setup, "it fails", |setup| setup["status"] == "failed").await;
    let db = &api.test.control.db;
    let row = setups::find(db.pool(), setup["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let source = sources::by_id(db.pool(), row.source_id).await.unwrap().unwrap();
    assert!(source.url(db.vault()).unwrap().is_none());
}

#[tokio::test]
async fn a_setup_whose_server_is_killed_each_time_comes_to_an_end() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let setup = set_up(&api, "{}", json!({})).await;
    let id: SetupId = setup["id"].as_str().unwrap().parse().unwrap();
    for _ in 0..5 {
        let claimed = setups::claim(api.test.control.db.pool(), new_id::<LeaseId>(), Duration::ZERO).await;
        assert_eq!(claimed.unwrap(), Some(id));
    }
    let _loops = api.test.start();
    let failed = once(&api, &setup, "it ends", |setup| setup["status"] != "pending" || !setup["build"].is_null()).await;
    let message = "The platform could not set this app up. It is not your app's fault: try again later.";
    assert_eq!(failed["failure_message"], message);
}

#[tokio::test]
async fn an_app_json_gets_no_more_dynos_than_an_app_may_have() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let app_json = r#"{"formation": {"web": {"quantity": 60}, "worker": {"quantity": 60}}}"#;
    let setup = set_up(&api, app_json, json!({})).await;
    let building = once(&api, &setup, "it builds", |setup| !setup["build"].is_null()).await;
    succeed(&api, &building["build"], setup["app"]["id"].as_str().unwrap().parse().unwrap()).await;
    let failed = once(&api, &setup, "it ends", |setup| setup["status"] != "pending").await;
    let error = "formation: An app may have 100 dynos in all; this would be 120.";
    assert_eq!(failed["manifest_errors"], json!([error]), "{failed}");
    assert_eq!(api.get("/apps/example/formation/web").await.json()["quantity"], 1);
}

#[tokio::test]
async fn a_nul_character_in_an_app_json_is_said() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let setup = set_up(&api, r#"{"env": {"A\u0000": "x"}, "success_url": "/\u0000"}"#, json!({})).await;
    let failed = once(&api, &setup, "it fails", |setup| setup["status"] == "failed").await;
    let said = ["env.A\\0", "success_url"].map(|path| format!("{path} holds the character NUL (\\u0000)"));
    assert_eq!(failed["manifest_errors"], json!(said));
}

#[tokio::test]
async fn a_setup_that_cannot_be_read_stops_no_other() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let broken = set_up(&api, "{}", json!({})).await;
    once(&api, &broken, "it builds", |setup| !setup["build"].is_null()).await;
    api.test.db.execute("update app_setups set rest = '\"broken\"'").await;
    let other = set_up_as(&api, "{}", json!({"name": "other"}), json!({})).await;
    let building = once(&api, &other, "it builds", |setup| !setup["build"].is_null()).await;
    succeed(&api, &building["build"], other["app"]["id"].as_str().unwrap().parse().unwrap()).await;
    once(&api, &other, "it ends", |setup| setup["status"] == "succeeded").await;
}

#[tokio::test]
async fn the_stack_that_was_asked_for_stands_above_the_app_jsons() {
    let registry = RegistryProcess::start().await;
    let api = registry.api_that_builds(0).await;
    let _loops = api.test.start();
    let app = json!({"name": "example", "stack": "debian-13"});
    let setup = set_up_as(&api, r#"{"stack": "heroku-18"}"#, app, json!({})).await;
    let begun =
        once(&api, &setup, "it begins", |setup| setup["status"] != "pending" || !setup["build"].is_null()).await;
    assert_eq!((&begun["failure_message"], begun["build"].is_null()), (&Value::Null, false), "{begun}");
    assert_eq!(api.get("/apps/example").await.json()["stack"]["name"], "debian-13");
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
        json!({"source_blob": {"url": url}, "app": {"name": "example", "stack": "no-such-stack"}}),
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
    let request = crate::support::request(Method::GET, &path, Some(&token));
    assert_eq!(api.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ops::apps::list(&api.test.control, &api.test.owner).await.unwrap().len(), 2);
}
