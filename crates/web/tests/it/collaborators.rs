use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode},
};
use insta::assert_snapshot;
use paas_web::WebConfig;
use secrecy::SecretString;
use serde_json::json;

use crate::support::{Answer, Api, path_of, request, stable};

const PATH: &str = "/apps/example/collaborators";

async fn shared() -> (Api, SecretString) {
    let api = Api::with(WebConfig { keep_alive: Duration::from_millis(50), ..WebConfig::default() }).await;
    api.app("example").await;
    let (_, token) = api.test.tenant("friend@example.com").await;
    let added = api.post(PATH, json!({"user": "Friend@Example.com", "permissions": ["view"], "silent": false})).await;
    assert_eq!(added.status, StatusCode::CREATED, "{}", added.text);
    (api, token)
}

async fn as_friend(api: &Api, token: &SecretString, method: Method, path: &str) -> Answer {
    api.send(request(method, path, Some(token)).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_collaborator_is_shown_with_what_they_may_do() {
    let (api, _) = shared().await;
    let list = api.get(PATH).await;
    // The owner's is made from the app's and the account's.
    let shown = list.shown().replace(list.json()[1]["id"].as_str().unwrap(), "[id]");
    stable(|| assert_snapshot!("collaborators", shown));
    let by_email = api.get(&format!("{PATH}/friend%40example.com")).await.json();
    let by_id = api.get(&format!("{PATH}/{}", by_email["id"].as_str().unwrap())).await.json();
    assert_eq!((&by_email, &by_id), (&list.json()[0], &list.json()[0]));
    let missing = api.get(&format!("{PATH}/nobody@example.com")).await;
    assert_eq!((missing.status, &missing.json()["resource"]), (StatusCode::NOT_FOUND, &json!("collaborator")));
}

#[tokio::test]
async fn a_collaborator_gets_all_but_manage_unless_told() {
    let api = Api::new().await;
    api.app("example").await;
    api.test.tenant("friend@example.com").await;
    let names = |answer: &Answer| {
        let all = answer.json()["permissions"].as_array().unwrap().clone();
        all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&api.post(PATH, json!({"user": "friend@example.com"})).await), "view deploy operate");
    let changed = api.patch(&format!("{PATH}/friend@example.com"), json!({"permissions": ["manage"]})).await;
    assert_eq!(names(&changed), "view manage");
}

#[tokio::test]
async fn who_cannot_be_added_is_told_why() {
    let (api, _) = shared().await;
    for (body, want) in [
        (json!({"user": "nobody@example.com"}), "paas accounts:invite nobody@example.com"),
        (json!({"user": "owner@example.com"}), "owner@example.com owns the app example."),
        (json!({"user": "friend@example.com", "permissions": ["deploy"]}), "already, with the permissions view"),
        (json!({"user": "friend@example.com", "permissions": ["admin"]}), "There are: view, deploy, operate, manage."),
        (json!({}), "Say who"),
    ] {
        let refused = api.post(PATH, body).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.json()["message"].as_str().unwrap().contains(want), "{want}: {}", refused.text);
    }
    // An answer that got lost is asked for again.
    assert_eq!(api.post(PATH, json!({"user": "friend@example.com"})).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn everybody_may_leave_but_the_owner() {
    let (api, token) = shared().await;
    let refused = as_friend(&api, &token, Method::DELETE, &format!("{PATH}/owner@example.com")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let left = as_friend(&api, &token, Method::DELETE, &format!("{PATH}/friend%40example.com")).await;
    assert_eq!((left.status, &left.json()["user"]["email"]), (StatusCode::OK, &json!("friend@example.com")));
    assert_eq!(as_friend(&api, &token, Method::GET, "/apps/example").await.status, StatusCode::FORBIDDEN);
    let kept = api.delete(&format!("{PATH}/owner@example.com")).await;
    assert_eq!(kept.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", kept.text);
}

#[tokio::test]
async fn a_log_ends_for_those_who_lose_the_app() {
    let (api, token) = shared().await;
    let call = request(Method::POST, "/apps/example/log-sessions", Some(&token));
    let session = api.send(call.body(Body::from(r#"{"tail": true}"#)).unwrap()).await;
    let path = path_of(&session.json()["logplex_url"]);
    let (status, _, mut open) = api.open(Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(status, StatusCode::OK);
    open.until("Enable Logplex").await;
    assert_eq!(api.delete(&format!("{PATH}/friend@example.com")).await.status, StatusCode::OK);
    open.rest().await;
    let again = api.send(Request::get(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}
