use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use paas_db::{builds, sources};
use paas_model::{BuildId, BuildState};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    registry::{RegistryProcess, archive},
    support::{Api, path_of, until},
};

/// A server of somebody else's: its address, and the credentials that it was given.
async fn origin() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (log, near, far) = (seen.clone(), format!("{url}/app.tgz"), "http://169.254.169.254/latest/".to_owned());
    let app = archive(&[("example-main/Procfile", "web: serve")]);
    let serve = move |headers: HeaderMap| async move {
        let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
        log.lock().unwrap().extend(given);
        app
    };
    let router = Router::new()
        .route("/app.tgz", get(serve))
        .route("/near", get(move || async move { Redirect::temporary(&near) }))
        .route("/far", get(move || async move { Redirect::temporary(&far) }))
        .route("/file", get(|| async { (StatusCode::FOUND, [(header::LOCATION, "file:///etc/passwd")]) }))
        .route("/round", get(|| async { Redirect::temporary("/round") }))
        .route("/page", get(|| async { "<html>log in</html>" }))
        .route("/gone", get(|| async { StatusCode::GONE.into_response() }))
        .route("/silent", get(|| async { std::future::pending::<()>().await }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

async fn build(api: &Api, url: &str, more: Value) -> Value {
    let mut blob = json!({"url": url});
    blob.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = api.post("/apps/example/builds", json!({"source_blob": blob})).await;
    assert_eq!((made.status, &made.json()["status"]), (StatusCode::CREATED, &json!("pending")), "{}", made.text);
    made.json()
}

/// What the build printed, once it has failed.
async fn failure(api: &Api, build: &Value) -> String {
    let path = path_of(&build["output_stream_url"]);
    let (_, _, mut pieces) = api.open(Request::get(path).body(Body::empty()).unwrap()).await;
    let printed = pieces.rest().await.to_owned();
    let path = format!("/apps/example/builds/{}", build["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.json()["status"], "failed");
    printed
}

#[tokio::test]
async fn a_source_is_fetched_once_and_its_credentials_are_forgotten() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let (origin, seen) = origin().await;
    let _loops = api.test.start();
    let url = format!("{}/near?token=t0ken", origin.replace("http://", "http://me:hunter2@"));
    let made = build(&api, &url, json!({"version": "v1"})).await;
    assert_eq!(made["source_blob"]["url"], format!("{origin}/near"));
    let id: BuildId = made["id"].as_str().unwrap().parse().unwrap();
    let pool = api.test.control.db.pool();
    let source = builds::find(pool, id).await.unwrap().unwrap().source_id;
    until("the source is in the registry", || async {
        sources::by_id(pool, source).await.unwrap().unwrap().digest.is_some()
    })
    .await;
    let stored = sources::by_id(pool, source).await.unwrap().unwrap();
    assert!(stored.url(api.test.control.db.vault()).unwrap().is_none());
    assert_eq!(stored.size, Some(archive(&[("example-main/Procfile", "web: serve")]).len() as i64));
    // The redirect names this host anew, without credentials.
    assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
    let shown = api.get(&format!("/apps/example/builds/{id}")).await;
    assert!(!shown.text.contains("hunter2") && !shown.text.contains("t0ken"), "{}", shown.text);
}

#[tokio::test]
async fn credentials_of_a_url_are_given_to_its_host() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let (origin, seen) = origin().await;
    let _loops = api.test.start();
    build(&api, &format!("{}/app.tgz", origin.replace("http://", "http://me:hunter2@")), json!({})).await;
    until("the source was asked for", || async { !seen.lock().unwrap().is_empty() }).await;
    assert_eq!(seen.lock().unwrap()[0], "Basic bWU6aHVudGVyMg==");
}

#[tokio::test]
async fn what_cannot_be_fetched_fails_its_build_and_says_why() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let (origin, _) = origin().await;
    let _loops = api.test.start();
    let other = format!("SHA256:{}", "0".repeat(64));
    for (path, more, why) in [
        ("far", json!({}), "169.254.169.254 is at 169.254.169.254, which is not an address on the public internet"),
        ("file", json!({}), "it redirects elsewhere, and it must begin with http:// or https://, not file:"),
        ("round", json!({}), "it redirects more than 5 times"),
        ("page", json!({}), "what its server sent is no gzip archive"),
        ("gone", json!({}), "its server answered 410 Gone"),
        ("app.tgz", json!({"checksum": other}), "its checksum is SHA256:"),
    ] {
        let made = build(&api, &format!("{origin}/{path}"), more).await;
        let printed = failure(&api, &made).await;
        assert!(is_forgotten(&api, &made).await, "{path}");
        assert!(printed.contains(why), "{path}: {printed}");
        let head = format!(" !     The source cannot be fetched from {origin}/{path}:\n");
        assert!(printed.starts_with(&head) && printed.ends_with(" !     Push failed\n"), "{printed}");
    }
    let log = api.test.control.logs.flush();
    log.await;
}

/// Whether nobody could read any more where the build's source is.
async fn is_forgotten(api: &Api, build: &Value) -> bool {
    let db = &api.test.control.db;
    let build = builds::find(db.pool(), build["id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    let source = sources::by_id(db.pool(), build.source_id).await.unwrap().unwrap();
    source.url(db.vault()).unwrap().is_none()
}

#[tokio::test]
async fn where_the_source_of_a_cancelled_build_was_is_forgotten() {
    let api = Api::new().await;
    api.app("example").await;
    let made = build(&api, "https://me:hunter2@example.test/app.tgz", json!({})).await;
    assert!(!is_forgotten(&api, &made).await);
    assert_eq!(
        api.delete(&format!("/apps/example/builds/{}", made["id"].as_str().unwrap())).await.status,
        StatusCode::OK
    );
    assert!(is_forgotten(&api, &made).await);
}

#[tokio::test]
async fn a_request_that_is_refused_leaves_no_source() {
    let api = Api::new().await;
    api.app("example").await;
    let blob = json!({"url": "https://me:hunter2@example.test/app.tgz"});
    for (path, body) in [
        ("/apps/example/builds", json!({"source_blob": blob, "buildpacks": [{"url": "x"}]})),
        ("/app-setups", json!({"source_blob": blob, "app": {"name": "example"}})),
        ("/app-setups", json!({"source_blob": blob, "app": {"stack": "no-such-stack"}})),
        ("/app-setups", json!({"source_blob": blob, "overrides": {"env": {"a b": "x"}}})),
    ] {
        let refused = api.post(path, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    }
    let late = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    assert_eq!(sources::forget_unused(api.test.control.db.pool(), late).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_no_url_is_refused_at_once() {
    let api = Api::new().await;
    api.app("example").await;
    for url in ["file:///etc/passwd", "example.test/app.tgz", ""] {
        let refused = api.post("/apps/example/builds", json!({"source_blob": {"url": url}})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{url}: {}", refused.text);
    }
    let blob = json!({"url": "https://example.test/app.tgz", "checksum": "md5:00"});
    let refused = api.post("/apps/example/builds", json!({"source_blob": blob})).await;
    assert_eq!(refused.json()["message"], "A checksum must be SHA256: and 64 hexadecimal digits.");
}

#[tokio::test]
async fn a_build_that_runs_is_cancelled_within_seconds() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let (origin, _) = origin().await;
    let _loops = api.test.start();
    let made = build(&api, &format!("{origin}/silent"), json!({})).await;
    let id: BuildId = made["id"].as_str().unwrap().parse().unwrap();
    let pool = api.test.control.db.pool();
    let is = |state| async move { builds::find(pool, id).await.unwrap().unwrap().state == state };
    until("it runs", || is(BuildState::Building)).await;
    let path = format!("/apps/example/builds/{id}");
    assert_eq!(api.delete(&path).await.json()["id"], made["id"]);
    assert_eq!(
        failure(&api, &made).await,
        " !     The build was cancelled by owner@example.com.\n\n !     Push failed\n"
    );
    let again = api.delete(&path).await;
    assert_eq!((again.status, &again.json()["status"]), (StatusCode::OK, &json!("failed")));
}
