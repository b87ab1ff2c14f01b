use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::Api;

#[tokio::test]
async fn a_patch_sets_and_removes_and_answers_with_all() {
    let api = Api::new().await;
    api.app("example").await;
    let path = "/apps/example/config-vars";
    assert_eq!(api.patch(path, json!({"A": "1", "B": 2, "C": ""})).await.text, r#"{"A":"1","B":"2","C":""}"#);
    assert_eq!(api.patch(path, json!({"A": null})).await.text, r#"{"B":"2","C":""}"#);
    assert_eq!(api.get(path).await.text, r#"{"B":"2","C":""}"#);
    let releases = api.range("/apps/example/releases", "version ..; order=desc,max=2;").await.json();
    let descriptions: Vec<_> = releases.as_array().unwrap().iter().map(|release| &release["description"]).collect();
    assert_eq!(descriptions, ["Remove A config vars", "Set A, B, C config vars"]);
}

#[tokio::test]
async fn a_release_keeps_its_config_vars() {
    let api = Api::new().await;
    api.app("example").await;
    api.patch("/apps/example/config-vars", json!({"A": "1"})).await;
    api.patch("/apps/example/config-vars", json!({"A": "2"})).await;
    assert_eq!(api.get("/apps/example/releases/v3/config-vars").await.text, r#"{"A":"1"}"#);
    assert_eq!(api.get("/apps/example/releases/4/config-vars").await.text, r#"{"A":"2"}"#);
    assert_eq!(api.get("/apps/example/releases/5/config-vars").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_a_config_var_changes_nothing() {
    let api = Api::new().await;
    api.app("example").await;
    let path = "/apps/example/config-vars";
    for (body, status) in [
        (r#"{"OK":"1","A-B":"2"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"OK":"1","A":{"nested":true}}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"OK":"1","A":"\u0000"}"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"["OK"]"#, StatusCode::UNPROCESSABLE_ENTITY),
        (r#"{"OK":"1","#, StatusCode::BAD_REQUEST),
        ("{\"OK\":\"\u{1}\"}", StatusCode::BAD_REQUEST),
    ] {
        let answer = api.send_text(Method::PATCH, path, body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    assert_eq!(api.get(path).await.text, "{}");
}
