use axum::http::{Method, StatusCode};
use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Api, stable};

#[tokio::test]
async fn an_app_is_made_found_changed_and_deleted() {
    let api = Api::new().await;
    let made = api.post("/apps", json!({"name": "example", "region": "local", "stack": null})).await;
    stable(|| assert_snapshot!("app", made.shown()));
    let by_id = api.get(&format!("/apps/{}", made.json()["id"].as_str().unwrap())).await;
    assert_eq!(by_id.json(), made.json());
    let changed = api.patch("/apps/example", json!({"name": "renamed", "maintenance": 1})).await.json();
    assert_eq!((&changed["name"], &changed["maintenance"]), (&json!("renamed"), &json!(true)));
    assert_eq!(changed["git_url"], "https://localhost:5443/renamed.git");
    assert_eq!(api.get("/apps/example").await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.delete("/apps/renamed").await.json()["name"], "renamed");
    assert_eq!(api.get("/apps").await.text, "[]");
}

#[tokio::test]
async fn an_app_without_a_name_gets_one() {
    let api = Api::new().await;
    let made = api.send_text(Method::POST, "/apps", "").await;
    assert_eq!(made.status, StatusCode::CREATED);
    assert!(made.json()["name"].as_str().unwrap().contains('-'), "{}", made.text);
}

#[tokio::test]
async fn a_stack_or_region_that_there_is_not_is_refused() {
    let api = Api::new().await;
    let answer = api.post("/apps", json!({"stack": "heroku-18"})).await;
    assert_eq!(answer.json()["message"], "There is no stack heroku-18. Stacks: debian-13, container.");
    let answer = api.post("/apps", json!({"region": "mars"})).await;
    assert_eq!(answer.json()["message"], "There is no region mars. Regions: local.");
    let stack = api.get("/stacks/debian-13").await.json();
    let by_id = api.post("/apps", json!({"name": "example", "stack": stack["id"]})).await.json();
    assert_eq!(by_id["stack"], json!({"id": stack["id"], "name": "debian-13"}));
}

/// heroku3's `create_app` sends it unasked.
#[tokio::test]
async fn the_stack_cedar_is_the_default_one() {
    let api = Api::new().await;
    let made = api.post("/apps", json!({"name": "example", "stack": "cedar"})).await;
    assert_eq!((made.status, &made.json()["stack"]["name"]), (StatusCode::CREATED, &json!("debian-13")));
}

#[tokio::test]
async fn what_clients_ask_beside_an_app_is_answered_with_the_truth() {
    let api = Api::new().await;
    api.app("example").await;
    for list in ["addons", "addon-attachments", "log-drains", "dynos", "formation", "buildpack-installations"] {
        let answer = api.get(&format!("/apps/example/{list}")).await;
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "[]"), "{list}");
    }
    let coupling = api.get("/apps/example/pipeline-couplings").await;
    assert_eq!((coupling.status, &coupling.json()["resource"]), (StatusCode::NOT_FOUND, &json!("pipeline_coupling")));
    let collaborators = api.get("/apps/example/collaborators").await.json();
    assert_eq!(collaborators[0]["user"]["email"], "owner@example.com");
    let domains = api.get("/apps/example/domains").await.json();
    assert_eq!((&domains[0]["hostname"], &domains[0]["kind"]), (&json!("example.localhost"), &json!("heroku")));
}

#[tokio::test]
async fn what_the_server_has_can_be_listed_and_found() {
    let api = Api::new().await;
    for (list, one) in [("/stacks", "/stacks/debian-13"), ("/regions", "/regions/local")] {
        let one = api.get(one).await.json();
        assert!(api.get(list).await.json().as_array().unwrap().contains(&one), "{list}");
    }
    assert_eq!(api.get("/dyno-sizes").await.json().as_array().unwrap().len(), 9);
    let size = api.get("/dyno-sizes/standard-1x").await;
    let by_id = api.get(&format!("/dyno-sizes/{}", size.json()["id"].as_str().unwrap())).await;
    assert_eq!(by_id.json(), size.json());
    stable(|| assert_snapshot!("dyno_size", size.shown()));
    assert_eq!(api.get("/dyno-sizes/huge").await.json()["resource"], "dyno_size");
    let account = api.get("/account").await;
    stable(|| assert_snapshot!("account", account.shown()));
}
