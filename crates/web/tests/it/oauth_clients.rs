use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Answer, Api, request};

const EMAIL: &str = "ann@example.com";
const LOGIN: &str = "email=ann@example.com&password=correct+horse";
const REDIRECT: &str = "https://app.example.com/callback?from=paas";

/// The owner's client, and somebody who may let it in.
pub(crate) async fn client(api: &Api) -> Value {
    api.person(EMAIL, "correct horse").await;
    let made = api.post("/oauth/clients", json!({ "name": "App <1>", "redirect_uri": REDIRECT })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

fn page(client: &Value, rest: &str) -> String {
    format!("/oauth/authorize?client_id={}&response_type=code&state=s1{rest}", client["id"].as_str().unwrap())
}

async fn open(api: &Api, method: Method, path: &str, body: &str) -> Answer {
    api.send(request(method, path, None).body(Body::from(body.to_owned())).unwrap()).await
}

pub(crate) async fn code(api: &Api, client: &Value) -> String {
    let sent = open(api, Method::POST, &page(client, "&scope=read"), LOGIN).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let location = sent.header("location").unwrap().to_owned();
    let rest = location.strip_prefix(REDIRECT).unwrap().strip_prefix("&code=").unwrap();
    rest.strip_suffix("&state=s1").unwrap().to_owned()
}

async fn exchange(api: &Api, client: &Value, fields: &str) -> Answer {
    let form = format!("{fields}&client_secret={}", client["secret"].as_str().unwrap());
    open(api, Method::POST, "/oauth/token", &form).await
}

#[tokio::test]
async fn a_client_is_let_in_renews_its_token_and_is_shut_out() {
    let api = Api::new().await;
    let client = client(&api).await;
    let shown = open(&api, Method::GET, &page(&client, "&scope=read"), "").await;
    assert!(shown.status == StatusCode::OK && shown.text.contains("App &lt;1&gt;"), "{}", shown.text);
    let code = code(&api, &client).await;
    let first = exchange(&api, &client, &format!("grant_type=authorization_code&code={code}")).await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    let body = first.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(28_800)));
    let token = |body: &Value| SecretString::from(body["access_token"].as_str().unwrap());
    let account = api.call_as(&token(&body), Method::GET, "/account", json!({})).await;
    assert_eq!((&account.json()["email"], account.header("oauth-scope")), (&json!(EMAIL), Some("read")));
    let refresh = format!("grant_type=refresh_token&refresh_token={}", body["refresh_token"].as_str().unwrap());
    let second = exchange(&api, &client, &refresh).await.json();
    let status = async |body| api.call_as(&token(body), Method::GET, "/apps", json!({})).await.status;
    assert_eq!((status(&body).await, status(&second).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    let path = format!("/oauth/clients/{}", client["id"].as_str().unwrap());
    assert_eq!(api.delete(&path).await.status, StatusCode::OK);
    assert_eq!(status(&second).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_is_good_once_and_its_token_ends_with_the_second_try() {
    let api = Api::new().await;
    let client = client(&api).await;
    let code = code(&api, &client).await;
    let fields = format!("grant_type=authorization_code&code={code}");
    let wrong = json!({ "secret": "another" });
    assert_eq!(exchange(&api, &wrong, &fields).await.status, StatusCode::UNAUTHORIZED);
    let body = exchange(&api, &client, &fields).await.json();
    let token = SecretString::from(body["access_token"].as_str().unwrap());
    assert_eq!(exchange(&api, &client, &fields).await.status, StatusCode::UNAUTHORIZED);
    let over = api.call_as(&token, Method::GET, "/account", json!({})).await;
    assert_eq!(over.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_or_refresh_token_is_no_use_to_another_client() {
    let api = Api::new().await;
    let client = client(&api).await;
    let other =
        api.post("/oauth/clients", json!({ "name": "Other", "redirect_uri": "http://localhost/x" })).await.json();
    let fields = format!("grant_type=authorization_code&code={}", code(&api, &client).await);
    assert_eq!(exchange(&api, &other, &fields).await.status, StatusCode::UNAUTHORIZED);
    let body = exchange(&api, &client, &fields).await.json();
    let refresh = format!("grant_type=refresh_token&refresh_token={}", body["refresh_token"].as_str().unwrap());
    assert_eq!(exchange(&api, &other, &refresh).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn nobody_is_sent_where_the_client_did_not_say() {
    let api = Api::new().await;
    let client = client(&api).await;
    for (rest, login, want) in [
        ("&redirect_uri=https://evil.example.com/", LOGIN, StatusCode::UNPROCESSABLE_ENTITY),
        ("&redirect_uri=https://app.example.com/callback", LOGIN, StatusCode::UNPROCESSABLE_ENTITY),
        ("&scope=everything", LOGIN, StatusCode::UNPROCESSABLE_ENTITY),
        ("", "email=ann@example.com&password=wrong", StatusCode::UNAUTHORIZED),
    ] {
        let answer = open(&api, Method::POST, &page(&client, rest), login).await;
        assert_eq!((answer.status, answer.header("location")), (want, None), "{rest}");
    }
    let denied = open(&api, Method::POST, &page(&client, ""), "refuse=1").await;
    assert_eq!(denied.header("location").unwrap(), format!("{REDIRECT}&error=access_denied&state=s1"));
}

#[tokio::test]
async fn a_client_is_its_owners_business_alone() {
    let api = Api::new().await;
    let client = client(&api).await;
    let path = format!("/oauth/clients/{}", client["id"].as_str().unwrap());
    let (_, other) = api.test.tenant("tenant@example.com").await;
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PATCH, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/actions/rotate-credentials")),
    ] {
        let answer = api.call_as(&other, method.clone(), &path, json!({ "name": "Mine" })).await;
        assert_eq!((answer.status, &answer.json()["resource"]), (StatusCode::NOT_FOUND, &json!("client")), "{method}");
    }
    assert_eq!(api.patch(&path, json!({ "name": "Renamed" })).await.json()["name"], "Renamed");
    let rotated = api.post(&format!("{path}/actions/rotate-credentials"), json!({})).await.json();
    assert_ne!(rotated["secret"], client["secret"]);
    let bad = api.patch(&path, json!({ "redirect_uri": "http://example.com/" })).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn preferences_are_kept_and_nonsense_is_not() {
    let api = Api::new().await;
    let path = "/users/~/preferences";
    assert_eq!(api.get(path).await.json()["timezone"], json!(null));
    api.patch(path, json!({ "timezone": "UTC", "dismissed-sms-banner": true })).await;
    api.patch(path, json!({ "dismissed-sms-banner": null })).await;
    let kept = api.get(path).await.json();
    assert_eq!((&kept["timezone"], &kept["dismissed-sms-banner"]), (&json!("UTC"), &json!(null)));
    for nonsense in [json!({ "timezone": 1 }), json!({ "colour": "red" }), json!([])] {
        assert_eq!(api.patch(path, nonsense.clone()).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{nonsense}");
    }
    assert_eq!(api.get("/users/other@example.com/preferences").await.status, StatusCode::NOT_FOUND);
}
