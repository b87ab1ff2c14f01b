//! What goes for every endpoint: verbs, headers, addresses and bodies of all kinds.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use paas_platform::ApiErrorBody;
use serde_json::json;

use crate::support::{Answer, Api, request};

async fn with_app() -> Api {
    let api = Api::new().await;
    api.app("example").await;
    api
}

/// A request of the owner's with one more header.
async fn with(api: &Api, method: Method, path: &str, header: (&str, &str), body: &str) -> Answer {
    let request = api.as_owner(method, path).header(header.0, header.1);
    api.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn a_post_may_stand_for_another_verb() {
    let api = with_app().await;
    let body = r#"{"maintenance": true}"#;
    let changed = with(&api, Method::POST, "/apps/example", ("x-http-method-override", "PATCH"), body).await;
    assert_eq!((changed.status, &changed.json()["maintenance"]), (StatusCode::OK, &json!(true)));
    let gone = with(&api, Method::POST, "/apps/example", ("x-http-method-override", "DELETE"), "").await;
    assert_eq!((gone.status, api.get("/apps").await.text.as_str()), (StatusCode::OK, "[]"));
    // The right to the verb that it becomes is asked for.
    let app = api.app("another").await;
    let (_, token) = api.test.tenant("tenant@example.com").await;
    let theirs = request(Method::POST, &format!("/apps/{}", app.id), Some(&token));
    let theirs = theirs.header("x-http-method-override", "DELETE").body(Body::empty()).unwrap();
    assert_eq!(api.send(theirs).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_write_goes_ahead_only_on_the_version_that_it_names() {
    let api = with_app().await;
    let path = "/apps/example/config-vars";
    let tag = api.get(path).await.header("etag").unwrap().to_owned();
    let set = async |tag: &str| with(&api, Method::PATCH, path, ("if-match", tag), r#"{"A": "1"}"#).await;
    let other = set("\"0123456789abcdef0123456789abcdef\"").await;
    assert_eq!((other.status, &other.json()["id"]), (StatusCode::PRECONDITION_FAILED, &json!("precondition_failed")));
    assert_eq!(api.get(path).await.text, "{}");
    assert_eq!(set(&format!("\"x\", {tag}")).await.status, StatusCode::OK);
    assert_eq!(set(&tag).await.status, StatusCode::PRECONDITION_FAILED, "it has changed since");
    assert_eq!(set("*").await.status, StatusCode::OK);
    // What cannot be read cannot be compared.
    let unread = with(&api, Method::POST, "/apps/example/log-sessions", ("if-match", "*"), "{}").await;
    assert_eq!(unread.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(with(&api, Method::GET, path, ("if-match", &tag), "").await.status, StatusCode::PRECONDITION_FAILED);
    let stranger = Request::delete("/apps/example").header(header::IF_MATCH, "*").body(Body::empty()).unwrap();
    assert_eq!(api.send(stranger).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_post_that_is_sent_again_is_done_once() {
    let api = Api::new().await;
    let first = "7b1d62ae-3c5d-4c8e-9f0e-1a2b3c4d5e6f,11111111-2222-4333-8444-555555555555";
    let create = async |ids: &str, body: &str| with(&api, Method::POST, "/apps", ("request-id", ids), body).await;
    let made = create(first, "{}").await;
    let again = create(first, "{}").await;
    assert_eq!((again.status, &again.text), (StatusCode::CREATED, &made.text));
    assert_eq!((made.header("idempotent-replayed"), again.header("idempotent-replayed")), (None, Some("true")));
    assert_ne!(made.header("request-id"), again.header("request-id"));
    // The next request of the same run, another body, another account, and a client that counts in words.
    let next = format!("9c1d62ae-3c5d-4c8e-9f0e-1a2b3c4d5e6f,{first}");
    assert_ne!(create(&next, "{}").await.text, made.text);
    assert_ne!(create(first, r#"{"name": "another"}"#).await.text, made.text);
    let (_, token) = api.test.tenant("tenant@example.com").await;
    let theirs = request(Method::POST, "/apps", Some(&token)).header("request-id", first);
    assert_ne!(api.send(theirs.body(Body::from("{}")).unwrap()).await.text, made.text);
    assert_ne!(create("one", "{}").await.text, create("one", "{}").await.text);
    // The installation's owner sees the tenant's app too.
    assert_eq!(api.get("/apps").await.json().as_array().unwrap().len(), 6);
}

#[tokio::test]
async fn a_post_goes_on_when_its_client_hangs_up() {
    let api = with_app().await;
    let body = r#"{"name": "another"}"#;
    let send = || with(&api, Method::POST, "/apps", ("request-id", "7b1d62ae-3c5d-4c8e-9f0e-1a2b3c4d5e6f"), body);
    assert!(tokio::time::timeout(Duration::from_millis(1), send()).await.is_err(), "it was done at once");
    let again = send().await;
    assert_eq!((again.status, &again.json()["name"]), (StatusCode::CREATED, &json!("another")), "{}", again.text);
}

#[tokio::test]
async fn pages_of_other_origins_may_call_and_see_no_cookie() {
    let api = with_app().await;
    let asked = Request::builder()
        .method(Method::OPTIONS)
        .uri("/apps/example")
        .header(header::ORIGIN, "https://example.com")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "PATCH");
    let asked = api.send(asked.body(Body::empty()).unwrap()).await;
    assert_eq!((asked.status, asked.text.as_str()), (StatusCode::NO_CONTENT, ""));
    assert!(asked.header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert!(asked.header("access-control-allow-headers").unwrap().contains("Authorization"));
    let answer = with(&api, Method::GET, "/apps/example", ("origin", "https://example.com"), "").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let nowhere = Request::builder().method(Method::OPTIONS).uri("/nothing/here").body(Body::empty()).unwrap();
    assert_eq!(api.send(nowhere).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_answer_says_what_may_be_kept_and_since_when_it_is_so() {
    let api = with_app().await;
    let answer = api.get("/apps/example").await;
    assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    let at = chrono::DateTime::parse_from_rfc2822(answer.header("last-modified").unwrap()).unwrap();
    assert_eq!(at, chrono::DateTime::parse_from_rfc3339(answer.json()["updated_at"].as_str().unwrap()).unwrap());
    assert_eq!(api.get("/apps").await.header("last-modified"), None);
    let head = with(&api, Method::HEAD, "/apps/example", ("accept-encoding", "identity"), "").await;
    assert_eq!((head.status, head.text.as_str(), head.header("etag")), (StatusCode::OK, "", answer.header("etag")));
}

#[tokio::test]
async fn the_description_of_the_api_is_for_everybody() {
    let api = Api::new().await;
    let answer = api.send(Request::get("/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status, &answer.json()["openapi"]), (StatusCode::OK, &json!("3.1.0")));
    let again = Request::get("/openapi.json").header(header::IF_NONE_MATCH, answer.header("etag").unwrap());
    assert_eq!(api.send(again.body(Body::empty()).unwrap()).await.status, StatusCode::NOT_MODIFIED);
    let herokus = api.get("/schema").await;
    assert_eq!((herokus.status, &herokus.json()["id"]), (StatusCode::NOT_IMPLEMENTED, &json!("not_implemented")));
}

#[tokio::test]
async fn nothing_that_a_client_sends_is_an_error_of_ours() {
    let api = with_app().await;
    let long = format!("/apps/{}", "a".repeat(20_000));
    let mut answers = Vec::new();
    for path in [
        "/apps/%ZZ",
        "/apps/%FF",
        "/apps/a%00b",
        "/apps/example/dynos/%00",
        "/hosts/x/explain?app=%00",
        "/apps/%F0%9F%9A%80",
        "/apps/..%2F..%2Fetc",
        "/apps//",
        "//",
        "/apps/example/releases/99999999999999999999",
        "/hosts/x/explain?size",
        &long,
    ] {
        answers.push((path.to_owned(), api.get(path).await));
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        deep.as_str(),
        "{\"name\":\"a\\u0000b\"}",
        "{\"name\":\"\\ud800\"}",
        "\u{feff}{}",
        "1e999",
        "[]",
        "null",
        "\"\"",
        "{\"name\":null,\"name\":1}",
    ] {
        for (method, path) in [(Method::POST, "/apps"), (Method::PATCH, "/apps/example/config-vars")] {
            answers.push((format!("{method} {path}"), api.send_text(method, path, body).await));
        }
    }
    let unknown = Request::builder().method("BREW").uri("/apps/example").body(Body::empty()).unwrap();
    answers.push(("BREW".to_owned(), api.send(unknown).await));
    for (what, answer) in answers {
        if answer.status.is_success() {
            continue;
        }
        let what = format!("{} {}: {} {}", &what[..what.len().min(60)], what.len(), answer.status, answer.text);
        assert!(answer.status.is_client_error(), "{what}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
        let error: ApiErrorBody = serde_json::from_str(&answer.text).unwrap();
        assert!(!error.message.is_empty(), "{what}");
    }
}
