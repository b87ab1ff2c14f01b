use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use insta::assert_snapshot;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Answer, Api, request, stable};

const PATH: &str = "/account/app-transfers";
const OFFER: &str = "/account/app-transfers/example";

async fn offered() -> (Api, SecretString, Answer) {
    let api = Api::new().await;
    let (owner, token) = api.test.tenant("old@example.com").await;
    let new = paas_control::ops::apps::NewApp { name: Some("example".to_owned()), stack: None };
    paas_control::ops::apps::create(&api.test.control, &owner, new).await.unwrap();
    let body = json!({"app": "example", "recipient": "owner@example.com"});
    let offer = api_as(&api, &token, Method::POST, PATH, body).await;
    assert_eq!(offer.status, StatusCode::CREATED, "{}", offer.text);
    (api, token, offer)
}

async fn api_as(api: &Api, token: &SecretString, method: Method, path: &str, body: Value) -> Answer {
    api.send(request(method, path, Some(token)).body(Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn an_offer_is_seen_by_both_and_by_nobody_else() {
    let (api, token, offer) = offered().await;
    stable(|| assert_snapshot!("app-transfer", offer.shown()));
    for list in [api.get(PATH).await, api_as(&api, &token, Method::GET, PATH, json!({})).await] {
        assert_eq!(list.json(), json!([offer.json()]));
    }
    let by_id = api.get(&format!("{PATH}/{}", offer.json()["id"].as_str().unwrap())).await;
    assert_eq!((by_id.json(), api.get(OFFER).await.json()), (offer.json(), offer.json()));
    let (_, stranger) = api.test.tenant("stranger@example.com").await;
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        let answer = api_as(&api, &stranger, method, OFFER, json!({"state": "accepted"})).await;
        assert_eq!((answer.status, &answer.json()["resource"]), (StatusCode::NOT_FOUND, &json!("app_transfer")));
    }
    let again =
        api_as(&api, &token, Method::POST, PATH, json!({"app": "example", "recipient": "stranger@example.com"}));
    assert_eq!(again.await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_accepted_app_has_a_new_owner_and_the_old_one_as_collaborator() {
    let (api, token, _) = offered().await;
    let accepted = json!({"state": "accepted"});
    assert_eq!(api_as(&api, &token, Method::PATCH, OFFER, accepted.clone()).await.status, StatusCode::FORBIDDEN);
    assert_eq!(api.patch(OFFER, accepted.clone()).await.json()["state"], "accepted");
    let members = api.get("/apps/example/collaborators").await.json();
    let members: Vec<_> = members.as_array().unwrap().iter().map(|one| (&one["user"]["email"], &one["role"])).collect();
    let want = [(&json!("old@example.com"), &json!("collaborator")), (&json!("owner@example.com"), &json!("owner"))];
    assert_eq!(members, want);
    assert_eq!(api.get("/apps/example").await.json()["owner"]["email"], "owner@example.com");
    let deleted = api_as(&api, &token, Method::DELETE, "/apps/example", json!({})).await;
    assert_eq!(deleted.status, StatusCode::FORBIDDEN, "the old owner may not delete it");
    assert_eq!(api.patch(OFFER, accepted).await.status, StatusCode::UNPROCESSABLE_ENTITY, "it is over");
    assert_eq!(api.delete(OFFER).await.status, StatusCode::UNPROCESSABLE_ENTITY, "it is over");
}

#[tokio::test]
async fn a_declined_or_withdrawn_offer_changes_nothing_and_can_be_made_again() {
    let (api, token, _) = offered().await;
    assert_eq!(api.patch(OFFER, json!({"state": "pending"})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.patch(OFFER, json!({"state": "declined"})).await.json()["state"], "declined");
    let body = json!({"app": "example", "recipient": "owner@example.com"});
    assert_eq!(api_as(&api, &token, Method::POST, PATH, body.clone()).await.status, StatusCode::CREATED);
    assert_eq!(api_as(&api, &token, Method::DELETE, OFFER, json!({})).await.status, StatusCode::OK);
    assert_eq!(api_as(&api, &token, Method::POST, PATH, body).await.status, StatusCode::CREATED);
    assert_eq!(api.get("/apps/example").await.json()["owner"]["email"], "old@example.com");
}

#[tokio::test]
async fn what_a_manager_has_offered_is_taken_back_when_they_manage_the_app_no_more() {
    for (method, body) in [(Method::DELETE, json!({})), (Method::PATCH, json!({"permissions": ["view", "deploy"]}))] {
        let api = Api::new().await;
        api.app("example").await;
        let (_, token) = api.test.tenant("manager@example.com").await;
        api.test.tenant("friend@example.com").await;
        let all = json!({"user": "manager@example.com", "permissions": ["view", "deploy", "operate", "manage"]});
        assert_eq!(api.post("/apps/example/collaborators", all).await.status, StatusCode::CREATED);
        let offer = json!({"app": "example", "recipient": "friend@example.com"});
        let offered = api_as(&api, &token, Method::POST, PATH, offer).await;
        assert_eq!(offered.status, StatusCode::CREATED, "{}", offered.text);
        assert_eq!(api.get(OFFER).await.status, StatusCode::OK);
        let path = "/apps/example/collaborators/manager@example.com";
        let changed =
            api.send(request(method, path, Some(&api.test.token)).body(Body::from(body.to_string())).unwrap());
        assert_eq!(changed.await.status, StatusCode::OK);
        assert_eq!(api.get(OFFER).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_filter_finds_what_one_may_see_by_id_and_by_name() {
    let (api, token, _) = offered().await;
    let mine = api.app("of-the-platform").await;
    let body = json!({"in": {"id": [mine.id.to_string()], "name": ["example", "nobodys-app"]}});
    let names = |answer: Answer| {
        let all = answer.json().as_array().unwrap().clone();
        all.iter().map(|app| format!("{} {}", app["name"].as_str().unwrap(), app["joined"])).collect::<Vec<_>>()
    };
    let mut all = names(api.post("/filters/apps", body.clone()).await);
    all.sort();
    assert_eq!(all, ["example false", "of-the-platform true"]);
    assert_eq!(names(api_as(&api, &token, Method::POST, "/filters/apps", body).await), ["example true"]);
    assert_eq!(api.post("/filters/apps", json!({})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
