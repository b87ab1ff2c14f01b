use axum::http::StatusCode;
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Api, stable};

async fn deployed() -> Api {
    let api = Api::new().await;
    let app = api.app("example").await;
    api.test.deploy(&app, &[("web", "serve"), ("worker", "work")]).await;
    api
}

#[tokio::test]
async fn a_formation_is_scaled_by_numbers_and_by_differences() {
    let api = deployed().await;
    let body = json!({"updates": [{"type": "web", "quantity": "+1"}, {"type": "worker", "quantity": 3, "size": "standard-2x"}]});
    let all = api.patch("/apps/example/formation", body).await.json();
    let shown: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{}={}:{}", one["type"], one["quantity"], one["size"]))
        .collect();
    assert_eq!(shown, ["\"web\"=2:\"Standard-1X\"", "\"worker\"=3:\"Standard-2X\""]);
    let one = api.patch("/apps/example/formation/web", json!({"quantity": "-2", "dyno_size": {"name": "Basic"}})).await;
    stable(|| assert_snapshot!("formation", one.shown()));
    assert_eq!(api.get("/apps/example/formation/web").await.json(), one.json());
}

#[tokio::test]
async fn one_bad_change_refuses_all() {
    let api = deployed().await;
    for (bad, status) in [
        (json!({"type": "cron", "quantity": 1}), StatusCode::NOT_FOUND),
        (json!({"type": "worker", "quantity": "many"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"type": "worker", "quantity": 101}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"type": "worker", "quantity": 1, "size": "huge"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"type": "worker", "docker_image": "sha256:0"}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"quantity": 1}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let body = json!({"updates": [{"type": "web", "quantity": 5}, bad]});
        let answer = api.patch("/apps/example/formation", body).await;
        assert_eq!(answer.status, status, "{bad}: {}", answer.text);
    }
    assert_eq!(api.get("/apps/example/formation/web").await.json()["quantity"], 1);
}
