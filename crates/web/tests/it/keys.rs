use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::support::Api;

pub(crate) const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ me@host";
const FINGERPRINT: &str = "46:5d:0f:4b:7b:74:b6:5f:ce:80:b0:33:70:9e:33:96";

#[tokio::test]
async fn a_key_is_added_shown_and_removed() {
    let api = Api::new().await;
    let made = api.post("/account/keys", json!({ "public_key": format!("{KEY}\n") })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let key = made.json();
    assert_eq!(
        (&key["fingerprint"], &key["comment"], &key["email"]),
        (&json!(FINGERPRINT), &json!("me@host"), &json!("me@host"))
    );
    assert_eq!(api.get("/account/keys").await.json(), json!([key]));
    for identity in [FINGERPRINT, key["id"].as_str().unwrap()] {
        assert_eq!(api.get(&format!("/account/keys/{identity}")).await.json(), key);
    }
    let (_, other) = api.test.tenant("tenant@example.com").await;
    let path = format!("/account/keys/{FINGERPRINT}");
    for method in [Method::GET, Method::DELETE] {
        let answer = api.call_as(&other, method, &path, json!({})).await;
        assert_eq!((answer.status, &answer.json()["resource"]), (StatusCode::NOT_FOUND, &json!("key")));
    }
    assert_eq!(api.delete(&path).await.status, StatusCode::OK);
    assert_eq!(api.get("/account/keys").await.json(), json!([]));
}

#[tokio::test]
async fn a_key_is_on_one_account_only() {
    let api = Api::new().await;
    api.post("/account/keys", json!({ "public_key": KEY })).await;
    let (_, other) = api.test.tenant("tenant@example.com").await;
    let again = api.call_as(&other, Method::POST, "/account/keys", json!({ "public_key": KEY })).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(again.json()["message"], "Fingerprint already exists. Please use unique SSH public key.");
}

#[tokio::test]
async fn what_is_no_public_key_is_refused() {
    let api = Api::new().await;
    let two = format!("{KEY}\n{KEY}");
    for text in ["", "ssh-rsa nonsense", "-----BEGIN OPENSSH PRIVATE KEY-----", &two] {
        let refused = api.post("/account/keys", json!({ "public_key": text })).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
    }
    assert_eq!(api.get("/account/keys").await.text, "[]");
}
