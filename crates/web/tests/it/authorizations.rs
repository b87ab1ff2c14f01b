use axum::{
    body::Body,
    http::{Method, StatusCode},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::support::{Api, request};

const PASSWORD: &str = "correct horse";

fn token_in(answer: &Value) -> SecretString {
    SecretString::from(answer["access_token"]["token"].as_str().unwrap())
}

async fn status(api: &Api, token: &SecretString, method: Method, path: &str) -> StatusCode {
    api.send(request(method, path, Some(token)).body(Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn a_password_gives_a_token_that_works_and_is_shown_once() {
    let api = Api::new().await;
    api.person("ann@example.com", PASSWORD).await;
    let made = api.log_in("Ann@Example.com", PASSWORD, None).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let body = made.json();
    assert_eq!(body["user"]["email"], "ann@example.com");
    assert_eq!((&body["access_token"]["expires_in"], &body["scope"]), (&json!(2_592_000), &json!(["global"])));
    let token = token_in(&body);
    let listed = api.call_as(&token, Method::GET, "/oauth/authorizations", json!({})).await;
    let shown = &listed.json()[1]["access_token"]["token"];
    let (front, back) = shown.as_str().unwrap().split_once("**********").unwrap();
    let secret = token.expose_secret();
    assert!(secret.starts_with(front) && secret.ends_with(back) && !listed.text.contains(secret), "{shown}");
    let account = api.call_as(&token, Method::GET, "/account", json!({})).await;
    assert_eq!(account.header("oauth-scope"), Some("global"));
    assert!(account.json()["last_login"].is_string());
}

#[tokio::test]
async fn wrong_passwords_and_unknown_addresses_look_the_same() {
    let api = Api::new().await;
    api.person("ann@example.com", PASSWORD).await;
    api.test.tenant("no-password@example.com").await;
    let answers = [
        api.log_in("ann@example.com", "wrong horse", None).await,
        api.log_in("nobody@example.com", PASSWORD, None).await,
        api.log_in("no-password@example.com", "", None).await,
    ];
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (StatusCode::UNAUTHORIZED, &answers[0].text));
    }
}

#[tokio::test]
async fn too_many_guesses_stop_even_the_right_password() {
    let api = Api::new().await;
    api.person("ann@example.com", PASSWORD).await;
    for _ in 0..10 {
        assert_eq!(api.log_in("ann@example.com", "guess", None).await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = api.log_in("ann@example.com", PASSWORD, None).await;
    assert_eq!((refused.status, &refused.json()["id"]), (StatusCode::TOO_MANY_REQUESTS, &json!("rate_limit")));
    assert_eq!(api.log_in("bob@example.com", "guess", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_password_opens_nothing_but_the_making_of_a_token() {
    let api = Api::new().await;
    api.person("ann@example.com", PASSWORD).await;
    for (method, path) in [(Method::GET, "/account"), (Method::GET, "/apps"), (Method::GET, "/oauth/authorizations")] {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let basic = format!("Basic {}", STANDARD.encode(format!("ann@example.com:{PASSWORD}")));
        let request = request(method, path, None).header("authorization", basic).body(Body::empty()).unwrap();
        assert_eq!(api.send(request).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn a_token_may_do_what_its_scope_says() {
    let api = Api::new().await;
    api.app("example").await;
    let gets = [
        "/account",
        "/apps/example",
        "/apps/example/config-vars",
        "/apps/example/log-drains",
        "/oauth/authorizations",
        "/hosts",
    ];
    for (scope, want) in [
        ("global", [true; 6]),
        ("identity", [true, false, false, false, false, false]),
        ("read", [true, true, false, false, false, false]),
        ("write", [true, true, false, false, false, false]),
        ("read-protected", [true, true, true, true, false, false]),
        ("write-protected", [true, true, true, true, false, false]),
    ] {
        let made = api.post("/oauth/authorizations", json!({ "scope": [scope] })).await.json();
        let token = token_in(&made);
        for (path, may) in gets.into_iter().zip(want) {
            let answer = api.call_as(&token, Method::GET, path, json!({})).await;
            assert_eq!(answer.status == StatusCode::OK, may, "{scope} {path}: {}", answer.text);
            if !may {
                assert_eq!((answer.status, &answer.json()["id"]), (StatusCode::FORBIDDEN, &json!("forbidden")));
                assert_eq!(answer.header("oauth-scope"), Some(scope));
                assert!(answer.header("oauth-scope-accepted").unwrap().starts_with("global"));
            }
        }
        let looked = api.call_as(&token, Method::POST, "/filters/apps", json!({ "in": {} })).await;
        assert_eq!(looked.status == StatusCode::OK, scope != "identity", "{scope}: {}", looked.text);
        let patched = api.call_as(&token, Method::PATCH, "/apps/example", json!({ "maintenance": false })).await;
        assert_eq!(
            patched.status == StatusCode::OK,
            ["global", "write", "write-protected"].contains(&scope),
            "{scope}"
        );
        let minted = api.call_as(&token, Method::POST, "/oauth/authorizations", json!({ "scope": ["global"] })).await;
        assert_eq!(minted.status == StatusCode::CREATED, scope == "global", "{scope} does not make itself mightier");
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time() {
    let api = Api::new().await;
    // A string: Heroku's command line sends one.
    let made = api.post("/oauth/authorizations", json!({ "expires_in": "1", "description": "short" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let token = token_in(&made.json());
    while status(&api, &token, Method::GET, "/account").await != StatusCode::UNAUTHORIZED {
        tokio::task::yield_now().await;
    }
    assert!(!api.get("/oauth/authorizations").await.text.contains("short"));
    for nonsense in [json!(0), json!("soon"), json!(-1), json!(999_999_999_999_u64)] {
        let refused = api.post("/oauth/authorizations", json!({ "expires_in": nonsense })).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{nonsense}");
    }
    let refused = api.post("/oauth/authorizations", json!({ "scope": ["everything"] })).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn an_authorization_is_described_renewed_and_revoked() {
    let api = Api::new().await;
    let made = api.post("/oauth/authorizations", json!({ "description": "ci" })).await.json();
    let (path, old) = (format!("/oauth/authorizations/{}", made["id"].as_str().unwrap()), token_in(&made));
    let updated = api.patch(&path, json!({ "description": "robot" })).await.json();
    assert_eq!(updated["description"], "robot");
    let renewed = api.post(&format!("{path}/actions/regenerate-tokens"), json!({})).await.json();
    let new = token_in(&renewed);
    assert_eq!(status(&api, &old, Method::GET, "/account").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&api, &new, Method::GET, "/account").await, StatusCode::OK);
    assert_eq!(api.get(&path).await.json()["description"], "robot");
    assert_eq!(api.delete(&path).await.status, StatusCode::OK);
    assert_eq!(status(&api, &new, Method::GET, "/account").await, StatusCode::UNAUTHORIZED);
    assert_eq!(api.get(&path).await.json()["resource"], "authorization");
}

#[tokio::test]
async fn the_default_authorization_is_the_first_token_and_not_that_of_a_login() {
    let api = Api::new().await;
    let login = token_in(&api.post("/oauth/authorizations", json!({ "expires_in": 60 })).await.json());
    let default = api.call_as(&login, Method::GET, "/oauth/authorizations/~", json!({})).await.json();
    let shown = default["access_token"]["token"].as_str().map(str::to_owned);
    // It is not known before the token was used.
    assert_eq!((shown.is_some(), &default["description"]), (true, &json!("First token")));
    let session = api.call_as(&login, Method::DELETE, "/oauth/sessions/~", json!({})).await;
    assert_eq!((session.status, &session.json()["resource"]), (StatusCode::NOT_FOUND, &json!("session")));
}

#[tokio::test]
async fn other_peoples_authorizations_do_not_exist() {
    let api = Api::new().await;
    let made = api.post("/oauth/authorizations", json!({ "description": "mine" })).await.json();
    let path = format!("/oauth/authorizations/{}", made["id"].as_str().unwrap());
    let (_, other) = api.test.tenant("tenant@example.com").await;
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::PATCH, path.clone()),
        (Method::DELETE, path.clone()),
        (Method::POST, format!("{path}/actions/regenerate-tokens")),
    ] {
        assert_eq!(status(&api, &other, method.clone(), &path).await, StatusCode::NOT_FOUND, "{method}");
    }
    let listed = api.call_as(&other, Method::GET, "/oauth/authorizations", json!({})).await;
    assert!(!listed.text.contains("mine"), "{}", listed.text);
}
