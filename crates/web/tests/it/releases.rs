use axum::http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Api, stable};

#[tokio::test]
async fn a_slug_is_released_and_rolled_back_to() {
    let api = Api::new().await;
    let app = api.app("example").await;
    api.test.deploy(&app, &[("web", "serve")]).await;
    let release = api.get("/apps/example/releases/v3").await;
    stable(|| assert_snapshot!("release", release.shown()));
    let slug = release.json()["slug"]["id"].clone();
    let shown = api.get(&format!("/apps/example/slugs/{}", slug.as_str().unwrap())).await;
    stable(|| assert_snapshot!("slug", shown.shown()));
    api.patch("/apps/example/config-vars", json!({"A": "1"})).await;
    let back = api.post("/apps/example/releases", json!({"release": release.json()["id"]})).await;
    assert_eq!((back.status, &back.json()["description"]), (StatusCode::CREATED, &json!("Rollback to v3")));
    assert_eq!(api.get("/apps/example/config-vars").await.text, "{}");
    let again = api.post("/apps/example/releases", json!({"slug": slug, "description": "Once more"})).await.json();
    assert_eq!((&again["version"], &again["description"]), (&json!(6), &json!("Once more")));
    assert_eq!((&again["current"], &again["status"]), (&json!(true), &json!("succeeded")));
}

#[tokio::test]
async fn a_release_with_a_command_is_pending_and_has_output() {
    let api = Api::new().await;
    let app = api.app("example").await;
    api.test.deploy(&app, &[("web", "serve"), ("release", "migrate")]).await;
    let release = api.get("/apps/example/releases/3").await.json();
    assert_eq!((&release["status"], &release["current"]), (&json!("pending"), &json!(false)));
    let url = format!("https://localhost:5443/streams/releases/{}", release["id"].as_str().unwrap());
    let shown = release["output_stream_url"].as_str().unwrap();
    let proof = shown.strip_prefix(&format!("{url}.")).unwrap();
    assert_eq!(proof.len(), 32, "{shown}");
    for guess in [url.clone(), format!("{url}."), format!("{url}.{}", "0".repeat(32))] {
        let path = guess.strip_prefix("https://localhost:5443").unwrap();
        assert_eq!(api.get(path).await.status, StatusCode::NOT_FOUND, "the id alone opens nothing: {guess}");
    }
    assert_eq!(api.get("/apps/example/releases/2").await.json()["current"], true);
}

#[tokio::test]
async fn pages_of_releases_follow_one_another() {
    let api = Api::new().await;
    api.app("example").await;
    for value in 3..=5 {
        api.patch("/apps/example/config-vars", json!({"A": value})).await;
    }
    let path = "/apps/example/releases";
    let versions = |answer: &crate::support::Answer| {
        answer.json().as_array().unwrap().iter().map(|release| release["version"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let first = api.range(path, "version ..; max=2, order=desc").await;
    assert_eq!((first.status, versions(&first)), (StatusCode::PARTIAL_CONTENT, vec![5, 4]));
    assert_eq!(first.header("content-range"), Some("version 5..4; max=2, order=desc"));
    assert_eq!(first.header("accept-ranges"), Some("version, id"));
    let second = api.range(path, first.header("next-range").unwrap()).await;
    assert_eq!(versions(&second), [3, 2]);
    let last = api.range(path, second.header("next-range").unwrap()).await;
    assert_eq!((last.status, versions(&last), last.header("next-range")), (StatusCode::OK, vec![1], None));
    for odd in ["id ..; ;", "order=desc,max=x", "\u{7f}", "version v..z"] {
        let request = api.as_owner(Method::GET, path);
        let request = request.header("range", odd.as_bytes().escape_ascii().to_string());
        let answer = api.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!((answer.status, versions(&answer).len()), (StatusCode::OK, 5), "{odd}");
    }
}

#[tokio::test]
async fn a_release_that_cannot_be_gone_back_to_is_refused() {
    let api = Api::new().await;
    api.app("example").await;
    let refused = api.post("/apps/example/releases", json!({"release": "v1"})).await;
    assert_eq!(refused.json()["message"], "Cannot roll back to v1: nothing was deployed then.");
    for body in [json!({}), json!({"slug": "a", "release": "b"})] {
        assert_eq!(api.post("/apps/example/releases", body).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let refused = api.post("/apps/example/releases", json!({"slug": "nobodys"})).await;
    assert_eq!((refused.status, &refused.json()["resource"]), (StatusCode::NOT_FOUND, &json!("slug")));
}
