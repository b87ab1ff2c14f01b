use axum::http::{Method, StatusCode};
use insta::assert_snapshot;
use paas_hosts::testing::Program;
use serde_json::{Value, json};

use crate::support::{Api, stable, until};

async fn deployed() -> Api {
    let api = Api::new().await;
    let app = api.app("example").await;
    api.test.engine.program("report", Program::exits(3).printing("done"));
    api.test.deploy(&app, &[("web", "serve")]).await;
    api
}

#[tokio::test]
async fn a_formations_dyno_comes_up_and_is_replaced_on_restart() {
    let api = deployed().await;
    let _loops = api.test.start();
    let first = async || api.get("/apps/example/dynos/web.1").await;
    until("web.1 is up", async || first().await.json()["state"] == "up").await;
    let up = first().await;
    stable(|| assert_snapshot!("dyno", up.shown()));
    for path in ["/apps/example/dynos", "/apps/example/dynos/web.1", "/apps/example/formations/web"] {
        let before = first().await.json()["id"].clone();
        let accepted = api.delete(path).await;
        assert_eq!((accepted.status, accepted.text.as_str()), (StatusCode::ACCEPTED, "{}"), "{path}");
        until("another took its place", async || {
            let now = first().await.json();
            now["id"] != before && now["state"] == "up"
        })
        .await;
    }
}

#[tokio::test]
async fn a_detached_dyno_tells_its_exit_status_by_id() {
    let api = deployed().await;
    let _loops = api.test.start();
    let made = api.post("/apps/example/dynos", json!({"command": "report", "attach": false, "size": null})).await;
    assert_eq!((made.status, &made.json()["attach_url"]), (StatusCode::CREATED, &Value::Null));
    let path = format!("/apps/example/dynos/{}", made.json()["id"].as_str().unwrap());
    until("it has ended", async || api.get(&path).await.json()["exit_code"] == 3).await;
    assert_eq!(api.get(&path).await.json()["state"], "down");
}

#[tokio::test]
async fn an_attached_dyno_has_a_rendezvous() {
    let api = deployed().await;
    let body = json!({"command": "bash", "attach": true, "env": {"TERM": "xterm", "COLUMNS": 80}, "type": "run"});
    let made = api.post("/apps/example/dynos", body).await;
    stable(|| assert_snapshot!("attached_dyno", made.shown()));
}

#[tokio::test]
async fn a_dyno_that_cannot_be_is_refused() {
    let api = deployed().await;
    for body in [
        json!({"command": ""}),
        json!({"command": "a\u{0}b"}),
        json!({"command": "ls", "size": "huge"}),
        json!({"command": "ls", "type": "no type"}),
        json!({"command": "ls", "env": {"A-B": "1"}}),
        json!({"command": "ls", "time_to_live": "long"}),
        json!({}),
    ] {
        let answer = api.post("/apps/example/dynos", body.clone()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.text);
    }
    assert_eq!(api.get("/apps/example/dynos").await.text, "[]");
}

#[tokio::test]
async fn a_dyno_that_there_is_not_is_not_found() {
    let api = deployed().await;
    let nobodys = "/apps/example/dynos/worker.7";
    for (method, path) in
        [(Method::GET, nobodys), (Method::DELETE, nobodys), (Method::POST, "/apps/example/dynos/worker.7/actions/stop")]
    {
        let answer = api.call(method, path, json!({})).await;
        assert_eq!((answer.status, &answer.json()["resource"]), (StatusCode::NOT_FOUND, &json!("dyno")), "{path}");
    }
}
