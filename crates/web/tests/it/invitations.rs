use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use serde_json::json;

use crate::support::{Answer, Api, path_of, request};

const EMAIL: &str = "ann@example.com";

async fn submit(api: &Api, path: &str, form: &str) -> Answer {
    let request = request(Method::POST, path, None).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    api.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

async fn invited(api: &Api) -> String {
    let made = api.post("/invitations", json!({ "email": EMAIL })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    path_of(&made.json()["url"])
}

#[tokio::test]
async fn a_person_who_is_invited_sets_a_password_and_logs_in() {
    let api = Api::new().await;
    let link = invited(&api).await;
    assert_eq!(api.get("/invitations").await.json()[0]["url"], json!(null), "the link is shown once");
    let page = api.send(request(Method::GET, &link, None).body(Body::empty()).unwrap()).await;
    assert!(page.status == StatusCode::OK && page.text.contains(EMAIL), "{}", page.text);
    assert!(page.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    for wrong in
        ["", "password=correct+horse&password_confirmation=other", "password=short&password_confirmation=short"]
    {
        assert_eq!(submit(&api, &link, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let form = "name=Ann+%3Cb%3E&password=correct+horse&password_confirmation=correct+horse";
    assert_eq!(submit(&api, &link, form).await.status, StatusCode::OK);
    assert_eq!(submit(&api, &link, form).await.status, StatusCode::NOT_FOUND, "the link is good once");
    let login = api.log_in(EMAIL, "correct horse", None).await;
    assert_eq!((login.status, &login.json()["user"]["full_name"]), (StatusCode::CREATED, &json!("Ann <b>")));
    assert_eq!(api.get("/invitations").await.text, "[]");
    let accounts = api.get("/accounts").await.json();
    let emails: Vec<_> = accounts.as_array().unwrap().iter().map(|account| account["email"].clone()).collect();
    assert_eq!(emails, [EMAIL, "owner@example.com"]);
}

#[tokio::test]
async fn only_the_installations_owner_invites_and_only_newcomers() {
    let api = Api::new().await;
    let (_, tenant) = api.test.tenant("tenant@example.com").await;
    let refused = api.call_as(&tenant, Method::POST, "/invitations", json!({ "email": EMAIL })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    for bad in ["Tenant@example.com", "nonsense"] {
        assert_eq!(api.post("/invitations", json!({ "email": bad })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let (old, new) = (invited(&api).await, invited(&api).await);
    for (link, want) in [(old, StatusCode::NOT_FOUND), (new, StatusCode::OK)] {
        let page = api.send(request(Method::GET, &link, None).body(Body::empty()).unwrap()).await;
        assert_eq!(page.status, want, "a new link ends the one before");
    }
}

#[tokio::test]
async fn a_form_of_another_site_is_refused() {
    let api = Api::new().await;
    let link = invited(&api).await;
    let form = "password=correct+horse&password_confirmation=correct+horse";
    let request = request(Method::POST, &link, None).header("sec-fetch-site", "cross-site");
    let answer = api.send(request.body(Body::from(form)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_reset_is_asked_for_without_learning_anything_and_its_link_comes_from_the_owner() {
    let api = Api::new().await;
    let token = api.person(EMAIL, "correct horse").await;
    let ask = async |email: &str| {
        let body = Body::from(json!({ "email": email }).to_string());
        api.send(request(Method::POST, "/password-resets", None).body(body).unwrap()).await
    };
    let (known, unknown) = (ask(EMAIL).await, ask("nobody@example.com").await);
    assert_eq!((known.status, unknown.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(known.json()["user"], json!({ "email": EMAIL }));
    assert_eq!(unknown.json()["user"], json!({ "email": "nobody@example.com" }));
    assert!(api.get("/accounts").await.json()[0]["reset_requested_at"].is_string());
    let refused = api.call_as(&token, Method::POST, "/accounts/~/password-resets", json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let made = api.post(&format!("/accounts/{EMAIL}/password-resets"), json!({})).await.json();
    let link = path_of(&made["url"]);
    let secret = link.rsplit('/').next().unwrap();
    let finalize = format!("/password-resets/{secret}/actions/finalize");
    let send = async |body: serde_json::Value| {
        api.send(request(Method::POST, &finalize, None).body(Body::from(body.to_string())).unwrap()).await
    };
    let bad = send(json!({ "password": "battery staple", "password_confirmation": "other" })).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    let good = json!({ "password": "battery staple", "password_confirmation": "battery staple" });
    assert_eq!(send(good.clone()).await.json()["user"]["email"], EMAIL);
    assert_eq!(send(good).await.status, StatusCode::NOT_FOUND, "the link is good once");
    assert_eq!(api.log_in(EMAIL, "correct horse", None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(api.log_in(EMAIL, "battery staple", None).await.status, StatusCode::CREATED);
    assert_eq!(api.get("/accounts").await.json()[0]["reset_requested_at"], json!(null));
}

#[tokio::test]
async fn the_owner_removes_an_account_but_not_the_own_one() {
    let api = Api::new().await;
    let token = api.person(EMAIL, "correct horse").await;
    assert_eq!(api.delete("/accounts/owner@example.com").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(api.delete("/accounts/nobody@example.com").await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.delete(&format!("/accounts/{EMAIL}")).await.status, StatusCode::OK);
    let over = api.call_as(&token, Method::GET, "/account", json!({})).await;
    assert_eq!(over.status, StatusCode::UNAUTHORIZED);
}
