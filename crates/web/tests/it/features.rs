use axum::http::StatusCode;
use serde_json::json;

use crate::support::{Answer, Api, until};

const PATH: &str = "/apps/example/features";

#[tokio::test]
async fn only_what_has_an_effect_can_be_switched() {
    let api = Api::new().await;
    api.app("example").await;
    let shown = |answer: &Answer| answer.json()["enabled"].as_bool();
    let metadata = format!("{PATH}/runtime-dyno-metadata");
    assert_eq!(shown(&api.get(&metadata).await), Some(false));
    assert_eq!(shown(&api.patch(&metadata, json!({"enabled": 1})).await), Some(true));
    assert_eq!(shown(&api.patch(&metadata, json!({"enabled": true})).await), Some(true));
    let names: Vec<_> = api
        .get(PATH)
        .await
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["name"].clone(), f["enabled"].clone()))
        .collect();
    assert_eq!(names, [(json!("preboot"), json!(true)), (json!("runtime-dyno-metadata"), json!(true))]);
    assert_eq!(shown(&api.patch(&metadata, json!({"enabled": false})).await), Some(false));
    assert_eq!(api.patch(&metadata, json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let preboot = format!("{PATH}/preboot");
    assert_eq!(shown(&api.patch(&preboot, json!({"enabled": true})).await), Some(true));
    assert_eq!(api.patch(&preboot, json!({"enabled": false})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    for name in ["http-session-affinity", "log-runtime-metrics"] {
        let refused = api.patch(&format!("{PATH}/{name}"), json!({"enabled": true})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert_eq!(api.get(&format!("{PATH}/{name}")).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(api.patch(&format!("{PATH}/nothing"), json!({"enabled": true})).await.json()["resource"], "feature");
    assert_eq!(api.get("/account/features").await.text, "[]");
    assert_eq!(api.get("/account/features/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn dynos_learn_of_their_release_once_the_app_asks_for_it() {
    let api = Api::new().await;
    let app = api.app("example").await;
    let loops = api.test.start();
    api.test.deploy(&app, &[("web", "serve")]).await;
    let environments = || {
        let engine = &api.test.engine;
        let specs = engine.containers().into_iter().filter_map(|container| engine.spec(&container.name));
        specs.map(|spec| spec.env).collect::<Vec<_>>()
    };
    until("a dyno", async || !environments().is_empty()).await;
    assert!(environments().iter().all(|env| !env.contains_key("HEROKU_APP_NAME")));
    api.patch(&format!("{PATH}/runtime-dyno-metadata"), json!({"enabled": true})).await;
    api.test.deploy(&app, &[("web", "serve")]).await;
    let told = |env: &std::collections::BTreeMap<String, String>| {
        let is = |name: &str, value: &str| env.get(name).is_some_and(|set| set == value);
        is("HEROKU_APP_NAME", "example")
            && is("HEROKU_APP_ID", &app.id.to_string())
            && is("HEROKU_RELEASE_VERSION", "v4")
            && is("HEROKU_APP_DEFAULT_DOMAIN_NAME", "example.localhost")
            && is("HEROKU_SLUG_COMMIT", "7894b4129a8c")
    };
    until("a dyno that knows", async || environments().iter().any(told)).await;
    api.test.stop(loops).await;
}
