use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::Api;

const PASSWORD: &str = "correct horse";

#[tokio::test]
async fn the_first_password_needs_a_token_and_the_next_one_the_password() {
    let api = Api::new().await;
    let token = api.person("ann@example.com", PASSWORD).await;
    let patch = async |body| api.call_as(&token, Method::PATCH, "/account", body).await;
    let refused = patch(json!({ "new_password": "battery staple" })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let refused = patch(json!({ "new_password": "battery staple", "password": "wrong" })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let refused = patch(json!({ "new_password": "short", "password": PASSWORD })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let changed = patch(json!({ "new_password": "battery staple", "password": PASSWORD })).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert!(!changed.text.contains("staple"));
    assert_eq!(api.log_in("ann@example.com", PASSWORD, None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(api.log_in("ann@example.com", "battery staple", None).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_name_is_changed_freely_and_an_address_with_the_password() {
    let api = Api::new().await;
    let token = api.person("ann@example.com", PASSWORD).await;
    let patch = async |body| api.call_as(&token, Method::PATCH, "/account", body).await;
    assert_eq!(patch(json!({ "name": "Ann" })).await.json()["name"], "Ann");
    assert_eq!(patch(json!({ "beta": true })).await.json()["name"], "Ann", "what is not said stays");
    assert_eq!(patch(json!({ "name": null })).await.json()["name"], json!(null));
    let refused = patch(json!({ "email": "eve@example.com" })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for bad in ["OWNER@example.com", "nonsense"] {
        let refused = patch(json!({ "email": bad, "password": PASSWORD })).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    let changed = patch(json!({ "email": "anna@example.com", "password": PASSWORD })).await;
    assert_eq!(changed.json()["email"], "anna@example.com");
    assert_eq!(api.log_in("anna@example.com", PASSWORD, None).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_account_is_deleted_with_its_password_once_it_owns_no_app() {
    let api = Api::new().await;
    let token = api.person("ann@example.com", PASSWORD).await;
    let delete = async |body| api.call_as(&token, Method::DELETE, "/account", body).await;
    assert_eq!(api.call_as(&token, Method::POST, "/apps", json!({ "name": "hers" })).await.status, StatusCode::CREATED);
    let refused = delete(json!({ "password": PASSWORD })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text.contains("owns apps"), "{}", refused.text);
    assert_eq!(api.call_as(&token, Method::DELETE, "/apps/hers", json!({})).await.status, StatusCode::OK);
    assert_eq!(delete(json!({ "password": "wrong" })).await.status, StatusCode::FORBIDDEN);
    assert_eq!(delete(json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(delete(json!({ "password": PASSWORD })).await.status, StatusCode::OK);
    assert_eq!(api.call_as(&token, Method::GET, "/account", json!({})).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(api.log_in("ann@example.com", PASSWORD, None).await.status, StatusCode::UNAUTHORIZED);
    api.person("ann@example.com", PASSWORD).await;
}

#[tokio::test]
async fn a_user_is_oneself_by_any_name_and_nobody_else() {
    let api = Api::new().await;
    for user in ["~", "owner@example.com", &api.test.owner.id.to_string()] {
        assert_eq!(api.get(&format!("/users/{user}")).await.json()["email"], "owner@example.com", "{user}");
    }
    api.test.tenant("tenant@example.com").await;
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let answer = api.call(method, "/users/tenant@example.com", json!({ "name": "Eve" })).await;
        assert_eq!((answer.status, &answer.json()["resource"]), (StatusCode::NOT_FOUND, &json!("user")));
    }
    let renamed = api.patch("/users/~", json!({ "name": "Owner" })).await;
    assert_eq!(renamed.json()["name"], "Owner");
}

#[tokio::test]
async fn the_installations_owner_cannot_be_deleted() {
    let api = Api::new().await;
    api.patch("/account", json!({ "new_password": PASSWORD })).await;
    let refused = api.call(Method::DELETE, "/account", json!({ "password": PASSWORD })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
}
