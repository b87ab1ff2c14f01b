use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use paas_db::{apps, build_output, builds, new_id, slug_uploads, sources};
use paas_logs::Filter;
use paas_model::{BuildId, LeaseId};
use serde_json::{Value, json};

use crate::{
    registry::{RegistryProcess, put, source},
    support::{Api, path_of, request, until},
};

#[tokio::test]
async fn a_source_is_uploaded_and_built() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let source = api.post("/sources", json!({})).await;
    assert_eq!(source.status, StatusCode::CREATED);
    let urls = source.json()["source_blob"].clone();
    let build = |extra: Value| {
        let mut blob = json!({"url": urls["get_url"], "version": "7894b412"});
        blob.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"source_blob": blob})
    };
    let early = api.post("/apps/example/builds", build(json!({}))).await;
    assert_eq!(early.json()["message"], "There is no uploaded source at this source_blob URL.");
    let unsized_and_empty = Body::from_stream(futures::stream::empty::<std::io::Result<bytes::Bytes>>());
    let empty = api.send(Request::put(path_of(&urls["put_url"])).body(unsized_and_empty).unwrap()).await;
    assert_eq!(empty.json()["message"], "The upload cannot be taken: the blob is empty.");
    assert_eq!(put(&api, &urls["put_url"], "a tarball").await.status, StatusCode::OK);
    let back = api.send(Request::get(path_of(&urls["get_url"])).body(Body::empty()).unwrap()).await;
    assert_eq!((back.text.as_str(), back.header("content-length")), ("a tarball", Some("9")));
    let wrong = api
        .post(
            "/apps/example/builds",
            build(json!({"checksum": "SHA256:0000000000000000000000000000000000000000000000000000000000000000"})),
        )
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Of `a tarball`.
    let checksum = "SHA256:2469D8880C5D140FA5774872D571FC600547EDA0B1B29545EF8BF19B20AA3837";
    let made = api.post("/apps/example/builds", build(json!({"checksum": checksum}))).await;
    assert_eq!((made.status, &made.json()["status"]), (StatusCode::CREATED, &json!("pending")), "{}", made.text);
    assert_eq!(made.json()["source_blob"]["url"], urls["get_url"]);
    let path = format!("/apps/example/builds/{}", made.json()["id"].as_str().unwrap());
    let found = api.get(&path).await.json();
    assert_eq!(found["source_blob"]["version"], "7894b412");
    assert!(!found["source_blob"]["url"].as_str().unwrap().contains(urls["get_url"].as_str().unwrap()));
    assert_eq!(api.get("/apps/example/builds").await.json(), json!([found]));
}

/// heroku3's `create_build` sends one unasked.
#[tokio::test]
async fn an_empty_list_of_buildpacks_is_none() {
    let api = Api::new().await;
    api.app("example").await;
    let build = json!({"source_blob": {"url": "https://example.com/source.tgz", "checksum": null}, "buildpacks": []});
    let made = api.post("/apps/example/builds", build).await;
    assert_eq!((made.status, &made.json()["buildpacks"]), (StatusCode::CREATED, &Value::Null), "{}", made.text);
}

#[tokio::test]
async fn another_tenants_source_cannot_be_built() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    let source = api.post("/sources", json!({})).await.json()["source_blob"].clone();
    assert_eq!(put(&api, &source["put_url"], "a tarball").await.status, StatusCode::OK);
    let (tenant, token) = api.test.tenant("tenant@example.com").await;
    let new = paas_control::ops::apps::NewApp { name: Some("theirs".to_owned()), stack: None };
    paas_control::ops::apps::create(&api.test.control, &tenant, new).await.unwrap();
    let body = json!({"source_blob": {"url": source["get_url"]}}).to_string();
    let request = request(Method::POST, "/apps/theirs/builds", Some(&token));
    let refused = api.send(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
}

#[tokio::test]
async fn an_upload_that_cannot_be_is_refused() {
    let api = Api::new().await;
    let url = api.post("/sources", json!({})).await.json()["source_blob"]["put_url"].clone();
    let empty = Request::put(path_of(&url)).header("content-length", "0");
    assert_eq!(api.send(empty.body(Body::empty()).unwrap()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let huge = Request::put(path_of(&url)).header("content-length", "99999999999");
    assert_eq!(api.send(huge.body(Body::empty()).unwrap()).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // The registry of these tests does not answer.
    let down = put(&api, &url, "a tarball").await;
    assert_eq!((down.status, &down.json()["id"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("maintenance")));
    let unknown = Request::put("/sources/guessed").body(Body::from("a tarball")).unwrap();
    assert_eq!(api.send(unknown).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_builds_output_streams_until_it_ends() {
    let api = Api::new().await;
    let app = api.app("example").await;
    let (control, pool) = (&api.test.control, api.test.control.db.pool());
    let (source, _) = paas_control::ops::sources::create(control, &api.test.owner).await.unwrap();
    let (id, lease) = (new_id::<BuildId>(), new_id::<LeaseId>());
    let build = builds::NewBuild {
        id,
        app_id: app.id,
        account_id: api.test.owner.id,
        source_id: source,
        version: None,
        version_description: None,
        buildpacks: None,
        stack: app.stack.clone(),
    };
    builds::create(pool, &build).await.unwrap();
    let host = api.host("first").await;
    builds::place(pool, id, host).await.unwrap();
    assert_eq!(builds::claim(pool, lease, Duration::from_secs(60), None).await.unwrap(), Some(id));
    let path = path_of(&api.get(&format!("/apps/example/builds/{id}")).await.json()["output_stream_url"]);
    build_output::append(pool, id, "-----> one\n").await.unwrap();
    let (status, headers, mut pieces) = api.open(Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!((status, headers["content-type"].to_str().unwrap()), (StatusCode::OK, "text/plain; charset=utf-8"));
    pieces.until("one\n").await;
    build_output::append(pool, id, "-----> two\n").await.unwrap();
    pieces.until("two\n").await;
    builds::fail(pool, id, lease, "compile failed").await.unwrap();
    assert_eq!(pieces.rest().await, "-----> one\n-----> two\n");
    assert_eq!(api.get(&format!("/apps/example/builds/{id}")).await.json()["status"], "failed");
}

#[tokio::test]
async fn a_build_that_nobody_has_begun_is_cancelled_on_the_spot() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let url = source(&api, b"a tarball".to_vec()).await;
    let made = api.post("/apps/example/builds", json!({"source_blob": {"url": url}})).await.json();
    let path = format!("/apps/example/builds/{}", made["id"].as_str().unwrap());
    assert_eq!(api.delete(&path).await.json()["status"], "failed");
    let result = api.get(&format!("{path}/result")).await.json();
    assert_eq!((&result["exit_code"], &result["build"]["status"]), (&json!(1), &json!("failed")));
    assert_eq!(result["lines"][0]["line"], " !     The build was cancelled by owner@example.com.\n");
    assert_eq!(api.delete("/apps/example/builds/nobodys").await.status, StatusCode::NOT_FOUND);
    let app = made["app"]["id"].as_str().unwrap().parse().unwrap();
    let logs = &api.test.control.logs;
    logs.flush().await;
    let lines = logs.read(app, &Filter::default(), 100).await.unwrap();
    let lines: Vec<_> = lines.iter().map(|stored| stored.line.message.as_str()).collect();
    assert_eq!(lines.last(), Some(&"Build cancelled by user owner@example.com"), "{lines:?}");
}

#[tokio::test]
async fn a_cancelled_build_whose_runner_died_is_ended_by_the_next() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let url = source(&api, b"a tarball".to_vec()).await;
    let made = api.post("/apps/example/builds", json!({"source_blob": {"url": url}})).await.json();
    let id: BuildId = made["id"].as_str().unwrap().parse().unwrap();
    let pool = api.test.control.db.pool();
    builds::place(pool, id, api.host("first").await).await.unwrap();
    builds::claim(pool, new_id::<LeaseId>(), Duration::from_millis(1), None).await.unwrap();
    let path = format!("/apps/example/builds/{id}");
    assert_eq!(api.delete(&path).await.json()["status"], "pending", "somebody runs it, for all we know");
    let _loops = api.test.start();
    until("it ends", || async { api.get(&path).await.json()["status"] == "failed" }).await;
    let lines = api.get(&format!("{path}/result")).await.json()["lines"].clone();
    assert_eq!(lines[0]["line"], " !     The build was cancelled by owner@example.com.\n");
}

#[tokio::test]
async fn the_build_cache_is_forgotten() {
    let api = Api::new().await;
    let app = api.app("example").await;
    let mut tx = api.test.control.db.begin().await.unwrap();
    apps::set_cache(&mut tx, &app, Some("sha256:0"), "debian-13").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(api.delete("/apps/example/build-cache").await.status, StatusCode::OK);
    let now = || async { apps::by_id(api.test.control.db.pool(), app.id).await.unwrap().unwrap() };
    assert_eq!(now().await.cache_digest, None);

    // A build that began before leaves nothing; one that began since does.
    for (began, kept) in [(app.clone(), None), (now().await, Some("sha256:1"))] {
        let mut tx = api.test.control.db.begin().await.unwrap();
        apps::set_cache(&mut tx, &began, Some("sha256:1"), "debian-13").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(now().await.cache_digest.as_deref(), kept);
    }
}

#[tokio::test]
async fn a_build_whose_server_is_killed_each_time_comes_to_an_end() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let url = source(&api, b"a tarball".to_vec()).await;
    let made = api.post("/apps/example/builds", json!({"source_blob": {"url": url}})).await.json();
    let id: BuildId = made["id"].as_str().unwrap().parse().unwrap();
    let pool = api.test.control.db.pool();
    builds::place(pool, id, api.host("first").await).await.unwrap();
    for _ in 0..5 {
        assert_eq!(builds::claim(pool, new_id::<LeaseId>(), Duration::ZERO, None).await.unwrap(), Some(id));
    }
    let _loops = api.test.start();
    let path = format!("/apps/example/builds/{id}");
    until("it ends", || async { api.get(&path).await.json()["status"] == "failed" }).await;
    let build = builds::find(pool, id).await.unwrap().unwrap();
    assert_eq!(build.last_error.as_deref(), Some("the server ended 5 times while it ran"));
    let lines = api.get(&format!("{path}/result")).await.json()["lines"].clone();
    assert!(lines[0]["line"].as_str().unwrap().contains("The platform could not run this build."), "{lines}");
}

#[tokio::test]
async fn what_nothing_was_made_of_is_forgotten() {
    let registry = RegistryProcess::start().await;
    let api = registry.api().await;
    api.app("example").await;
    let (used, unused) = (source(&api, b"a tarball".to_vec()).await, source(&api, b"another".to_vec()).await);
    let build = |url: &Value| json!({"source_blob": {"url": url}});
    assert_eq!(api.post("/apps/example/builds", build(&used)).await.status, StatusCode::CREATED);
    let slug = api.post("/apps/example/slugs", json!({"process_types": {"web": "x"}})).await.json();
    let pool = api.test.control.db.pool();
    let (early, late) =
        (chrono::Utc::now() - chrono::TimeDelta::hours(1), chrono::Utc::now() + chrono::TimeDelta::hours(1));
    for (before, count) in [(early, 0), (late, 1), (late, 0)] {
        assert_eq!(sources::forget_unused(pool, before).await.unwrap(), count);
        assert_eq!(slug_uploads::forget(pool, before).await.unwrap(), count);
    }
    assert_eq!(api.post("/apps/example/builds", build(&used)).await.status, StatusCode::CREATED);
    assert_eq!(api.post("/apps/example/builds", build(&unused)).await.status, StatusCode::NOT_FOUND);
    let path = format!("/apps/example/slugs/{}", slug["id"].as_str().unwrap());
    assert_eq!(api.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(put(&api, &slug["blob"]["url"], "x").await.status, StatusCode::NOT_FOUND);
}
