use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::{Api, request};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

async fn begun(api: &Api) -> (String, String) {
    let body = Body::from(json!({ "description": "Heroku CLI login from <here>" }).to_string());
    let begun = api.send(request(Method::POST, "/auth", None).body(body).unwrap()).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    let of = |field: &str| begun.json()[field].as_str().unwrap().to_owned();
    assert!(of("cli_url").ends_with(&of("token")));
    (of("browser_url"), of("cli_url"))
}

async fn submit(api: &Api, page: &str, password: &str) -> StatusCode {
    let form = url_form(&[("email", EMAIL), ("password", password), ("code", "")]);
    api.send(request(Method::POST, page, None).body(Body::from(form)).unwrap()).await.status
}

fn url_form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    pairs.join("&")
}

#[tokio::test]
async fn the_command_line_waits_with_blanks_and_gets_a_token_once() {
    let api = Api::new().await;
    api.person(EMAIL, PASSWORD).await;
    let (page, cli) = begun(&api).await;
    let shown = api.send(request(Method::GET, &page, None).body(Body::empty()).unwrap()).await;
    assert!(shown.text.contains("login from &lt;here&gt;"), "{}", shown.text);
    let (status, headers, mut waiting) = api.open(request(Method::GET, &cli, None).body(Body::empty()).unwrap()).await;
    assert_eq!(
        (status, headers["content-type"].to_str().unwrap()),
        (StatusCode::OK, "application/json; charset=utf-8")
    );
    waiting.until(" ").await;
    assert_eq!(submit(&api, &page, "wrong horse").await, StatusCode::UNAUTHORIZED);
    assert_eq!(submit(&api, &page, PASSWORD).await, StatusCode::OK);
    assert_eq!(submit(&api, &page, PASSWORD).await, StatusCode::NOT_FOUND, "the page is over");
    let answer: Value = serde_json::from_str(waiting.rest().await.trim()).unwrap();
    let token = SecretString::from(answer["access_token"].as_str().unwrap());
    let account = api.call_as(&token, Method::GET, "/account", json!({})).await;
    assert_eq!(account.json()["email"], EMAIL);
    let again = api.send(request(Method::GET, &cli, None).body(Body::empty()).unwrap()).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "a token is given once");
    let ended = api.call_as(&token, Method::DELETE, "/oauth/sessions/~", json!({})).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.text);
    let over = api.call_as(&token, Method::GET, "/account", json!({})).await;
    assert_eq!(over.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_login_that_is_refused_says_so() {
    let api = Api::new().await;
    let (page, cli) = begun(&api).await;
    let refused = api.send(request(Method::POST, &page, None).body(Body::from("refuse=1")).unwrap()).await;
    assert_eq!(refused.status, StatusCode::OK);
    let answer = api.send(request(Method::GET, &cli, None).body(Body::empty()).unwrap()).await;
    assert!(answer.json()["error"].as_str().unwrap().contains("refused"), "{}", answer.text);
}

#[tokio::test]
async fn neither_side_plays_the_others_part() {
    let api = Api::new().await;
    api.person(EMAIL, PASSWORD).await;
    let (page, cli) = begun(&api).await;
    let (page_secret, cli_secret) = (page.rsplit('/').next().unwrap(), cli.rsplit('/').next().unwrap());
    for (method, path) in [
        (Method::GET, format!("/auth/cli/{page_secret}")),
        (Method::GET, format!("/auth/browser/{cli_secret}")),
        (Method::POST, format!("/auth/browser/{cli_secret}")),
    ] {
        let answer = api.send(request(method, &path, None).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}
