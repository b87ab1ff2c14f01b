use std::time::Duration;

use axum::http::{Method, StatusCode};
use insta::assert_snapshot;
use paas_db::{dynos, hosts};
use paas_model::{DynoSize, HostState};
use serde_json::json;

use crate::support::{Api, stable};

/// Two hosts, and a dyno on the first.
async fn carrying() -> Api {
    let api = Api::new().await;
    let first = api.host("first").await;
    api.host("second").await;
    let app = api.app("example").await;
    let release = api.test.deploy(&app, &[("web", "serve")]).await;
    let dyno = dynos::NewDyno {
        id: paas_db::new_id(),
        app_id: app.id,
        release_id: release.id,
        kind: paas_model::DynoKind::Formation,
        name: "web.1".parse().unwrap(),
        size: DynoSize::Standard2X,
        command: "serve".to_owned(),
        host_id: Some(first),
        account_id: None,
        env: std::collections::BTreeMap::new(),
        attach: None,
        tty: false,
        expires_at: None,
        crashes: 0,
    };
    dynos::create(api.test.control.db.pool(), api.test.control.db.vault(), &dyno).await.unwrap();
    api
}

#[tokio::test]
async fn a_host_shows_what_it_is_and_carries() {
    let api = carrying().await;
    let all = api.get("/hosts").await;
    let names: Vec<_> = all.json().as_array().unwrap().iter().map(|host| host["name"].clone()).collect();
    assert_eq!(names, ["first", "second"]);
    let first = api.get("/hosts/first").await;
    stable(|| assert_snapshot!("host", first.shown()));
    let by_id = api.get(&format!("/hosts/{}", first.json()["id"].as_str().unwrap())).await;
    assert_eq!(by_id.json(), first.json());
    for nobody in ["third", "First", "..", "01234567-89ab-7def-8123-456789abcdef"] {
        let answer = api.get(&format!("/hosts/{nobody}")).await;
        assert_eq!((answer.status, answer.json()["resource"].clone()), (StatusCode::NOT_FOUND, json!("host")));
    }
}

#[tokio::test]
async fn draining_is_asked_for_and_taken_back() {
    let api = carrying().await;
    for _ in 0..2 {
        let host = api.post("/hosts/first/actions/drain", json!({})).await.json();
        assert_eq!((&host["state"], &host["drain_requested"]), (&json!("draining"), &json!(true)));
    }
    let host = api.post("/hosts/first/actions/undrain", json!({})).await.json();
    assert_eq!((&host["state"], &host["drain_requested"]), (&json!("ready"), &json!(false)));
}

#[tokio::test]
async fn a_host_is_removed_when_it_is_empty_or_by_force() {
    let api = carrying().await;
    let refused = api.delete("/hosts/first").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("first still runs 1 dyno. Drain it first"), "{}", refused.text);
    assert_eq!(api.delete("/hosts/second").await.json()["name"], "second");
    assert_eq!(api.get("/hosts/second").await.status, StatusCode::NOT_FOUND);
    let forced = api.call(Method::DELETE, "/hosts/first", json!({"force": true})).await;
    assert_eq!((forced.status, &forced.json()["dynos"]), (StatusCode::OK, &json!(1)));
    assert_eq!(api.get("/hosts").await.text, "[]");
    assert_eq!(api.get("/apps/example/dynos").await.text, "[]", "what ran there does not count as running");
}

#[tokio::test]
async fn the_last_host_that_is_ready_stays_while_apps_have_dynos() {
    let api = carrying().await;
    api.post("/hosts/first/actions/drain", json!({})).await;
    let refused = api.delete("/hosts/second").await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("second is the last host that is ready"), "{}", refused.text);
}

#[tokio::test]
async fn the_servers_own_machine_is_not_removed() {
    let api = Api::new().await;
    let db = api.test.control.db.pool();
    let socket = "unix:///var/run/docker.sock";
    hosts::enter(db, paas_db::new_id(), "local", socket, 1_000, 2).await.unwrap();
    // Its controller lives.
    hosts::claim_local(db, paas_db::new_id(), Duration::from_secs(60), socket).await.unwrap().unwrap();
    let refused = api.call(Method::DELETE, "/hosts/local", json!({"force": true})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("would come back at once"), "{}", refused.text);
}

#[tokio::test]
async fn a_host_that_is_being_ended_is_not_drained() {
    let api = Api::new().await;
    let id = api.host("first").await;
    let db = api.test.control.db.pool();
    hosts::advance(db, id, &[HostState::Ready], HostState::Terminating, None).await.unwrap();
    let refused = api.post("/hosts/first/actions/drain", json!({})).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert!(refused.text.contains("its machine is being ended"), "{}", refused.text);
}

#[tokio::test]
async fn a_host_is_given_labels_and_no_others_stay() {
    let api = Api::new().await;
    api.host("first").await;
    let labelled = api.patch("/hosts/first", json!({"labels": {"role": "build", "zone": "a"}})).await;
    assert_eq!(labelled.status, StatusCode::OK, "{}", labelled.text);
    let relabelled = api.patch("/hosts/first", json!({"labels": {"role": "build"}})).await;
    assert_eq!(relabelled.json()["labels"], json!({"role": "build"}));
    assert_eq!(api.get("/hosts/first").await.json()["labels"], json!({"role": "build"}));
    for (body, status) in [
        (json!({"labels": {"": "x"}}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"labels": {"role": "a b c\n"}}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let refused = api.patch("/hosts/first", body).await;
        assert_eq!(refused.status, status, "{}", refused.text);
    }
    assert_eq!(api.patch("/hosts/second", json!({"labels": {}})).await.status, StatusCode::NOT_FOUND);
}
