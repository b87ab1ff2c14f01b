use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use insta::assert_snapshot;
use paas_web::WebConfig;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::support::{Api, stable};

#[tokio::test]
async fn errors_have_herokus_form() {
    let api = Api::new().await;
    api.app("example").await;
    let shown = [
        ("a path that there is not", api.get("/nothing/here").await),
        ("a verb that there is not", api.delete("/stacks").await),
        ("a path of git's", api.get("/example.git/info/refs").await),
        ("an app that there is not", api.get("/apps/nobodys-app").await),
        ("a name that is taken", api.post("/apps", json!({"name": "example"})).await),
        ("a name that is malformed", api.post("/apps", json!({"name": "Example!"})).await),
        ("no JSON", api.send_text(Method::POST, "/apps", "{").await),
        ("a wrong type", api.post("/apps", json!({"name": 5})).await),
        ("a type that there is not", api.patch("/apps/example/formation/cron", json!({"quantity": 1})).await),
        ("a dyno before the first deploy", api.post("/apps/example/dynos", json!({"command": "bash"})).await),
        ("a source that cannot be fetched", {
            let body = json!({"source_blob": {"url": "ftp://example.com/a.tgz"}});
            api.post("/apps/example/builds", body).await
        }),
        ("a command inside a dyno", api.post("/apps/example/dynos/web.1", json!({"command": "ls"})).await),
    ];
    let text: String = shown.iter().map(|(what, answer)| format!("# {what}\n{}\n\n", answer.shown())).collect();
    stable(|| assert_snapshot!("errors", text));
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let api = Api::new().await;
    let body = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
    let answer = api.send_text(Method::POST, "/apps", &body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", answer.text);
}

#[tokio::test]
async fn a_token_is_taken_as_bearer_and_as_basic_password() {
    let api = Api::new().await;
    let token = api.test.token.expose_secret();
    for authorization in [format!("Bearer {token}"), format!("Basic {}", STANDARD.encode(format!(":{token}")))] {
        let request = Request::get("/account").header(header::AUTHORIZATION, authorization);
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.json()["email"], "owner@example.com");
    }
    let request = Request::get("/account").header(header::AUTHORIZATION, "Bearer HRKU-nobodys");
    let answer = api.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.text, r#"{"id":"unauthorized","message":"Invalid credentials provided."}"#);
}

#[tokio::test]
async fn only_version_3_is_served() {
    let api = Api::new().await;
    for (accept, want) in [
        ("application/vnd.heroku+json; version=3.sdk", StatusCode::OK),
        ("application/vnd.heroku+json; version=2", StatusCode::NOT_ACCEPTABLE),
    ] {
        let mut request = api.as_owner(Method::GET, "/account").body(Body::empty()).unwrap();
        request.headers_mut().insert(header::ACCEPT, accept.parse().unwrap());
        let answer = api.send(request).await;
        assert_eq!(answer.status, want, "{accept}: {}", answer.text);
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_our_own() {
    let api = Api::new().await;
    let mut ids = Vec::new();
    for path in ["/account", "/nothing/here", "/healthz"] {
        let request = api.as_owner(Method::GET, path).header("request-id", "theirs");
        let answer = api.send(request.body(Body::empty()).unwrap()).await;
        ids.push(answer.header("request-id").unwrap().to_owned());
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let api = Api::new().await;
    let first = api.get("/account").await;
    let tag = first.header("etag").unwrap().to_owned();
    assert_eq!(tag.trim_matches('"').len(), 32);
    let request = api.as_owner(Method::GET, "/account").header(header::IF_NONE_MATCH, &tag);
    let again = api.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(again.header("etag"), Some(tag.as_str()));
    let request = api.as_owner(Method::GET, "/stacks").header(header::IF_NONE_MATCH, &tag);
    assert_eq!(api.send(request.body(Body::empty()).unwrap()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn calls_are_counted_and_in_the_end_refused() {
    let api = Api::with(WebConfig { rate_limit: 3, refill_per_minute: 0, ..WebConfig::default() }).await;
    assert_eq!(api.get("/account").await.header("ratelimit-remaining"), Some("2"));
    assert_eq!(api.get("/account/rate-limits").await.text, r#"{"remaining":2}"#);
    assert_eq!(api.get("/apps/nobodys-app").await.header("ratelimit-remaining"), Some("1"));
    api.get("/account").await;
    let refused = api.get("/account").await;
    assert_eq!((refused.status, &refused.json()["id"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limit")));
    assert_eq!(api.get("/account/rate-limits").await.text, r#"{"remaining":0}"#);
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_given_up() {
    let api = Api::with(WebConfig { answer_within: Duration::from_millis(300), ..WebConfig::default() }).await;
    let app = api.app("example").await;
    let mut other = api.test.control.db.begin().await.unwrap();
    assert!(paas_db::apps::lock(&mut other, app.id).await.unwrap());
    let answer = api.patch("/apps/example/config-vars", json!({"A": "1"})).await;
    assert_eq!((answer.status, &answer.json()["id"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("maintenance")));
    drop(other);
    assert_eq!(api.patch("/apps/example/config-vars", json!({"A": "1"})).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_home_page_tells_the_addresses() {
    let api = Api::new().await;
    let page = api.send(Request::get("/").body(Body::empty()).unwrap()).await;
    assert_eq!((page.status, page.header("content-type")), (StatusCode::OK, Some("text/html; charset=utf-8")));
    assert!(page.text.contains("https://localhost:5443") && page.text.contains("paas login"), "{}", page.text);
}
