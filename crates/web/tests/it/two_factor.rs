use axum::http::{Method, StatusCode};
use secrecy::SecretString;
use serde_json::{Value, json};
use totp_rs::{Builder, Secret, Totp};

use crate::support::{Answer, Api};

const EMAIL: &str = "ann@example.com";
const PASSWORD: &str = "correct horse";

/// An account whose logins want a second factor.
struct Ann {
    api: Api,
    token: SecretString,
    app: Totp,
    recovery_codes: Vec<String>,
}

impl Ann {
    async fn new() -> Self {
        let api = Api::new().await;
        let token = api.person(EMAIL, PASSWORD).await;
        let enrolled =
            api.call_as(&token, Method::POST, "/account/two-factor", json!({ "password": PASSWORD })).await.json();
        let secret = enrolled["secret"].as_str().unwrap();
        assert!(enrolled["url"].as_str().unwrap().starts_with("otpauth://totp/"), "{enrolled}");
        assert_eq!(api.log_in(EMAIL, PASSWORD, None).await.status, StatusCode::CREATED, "it is not on yet");
        let app = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).with_account_name("ann");
        let app = app.build().unwrap();
        let confirm = "/account/two-factor/actions/confirm";
        let wrong = api.call_as(&token, Method::POST, confirm, json!({ "code": "000000" })).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        let confirmed = api.call_as(&token, Method::POST, confirm, json!({ "code": code(&app, 0) })).await;
        assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.text);
        let codes = confirmed.json()["recovery_codes"].as_array().unwrap().clone();
        let recovery_codes = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
        Self { api, token, app, recovery_codes }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.api.call_as(&self.token, Method::POST, path, body).await
    }

    async fn log_in(&self, code: Option<&str>) -> Answer {
        self.api.log_in(EMAIL, PASSWORD, code).await
    }
}

/// What the telephone shows, so many times 30 seconds from now.
fn code(app: &Totp, later: u64) -> String {
    let now = u64::try_from(chrono::Utc::now().timestamp()).unwrap();
    app.generate(now + later * 30).to_string()
}

#[tokio::test]
async fn a_login_wants_a_code_and_takes_each_once() {
    let ann = Ann::new().await;
    let asked = ann.log_in(None).await;
    assert_eq!((asked.status, &asked.json()["id"]), (StatusCode::FORBIDDEN, &json!("two_factor")), "{}", asked.text);
    assert_eq!(ann.log_in(Some("123")).await.status, StatusCode::UNAUTHORIZED);
    let used = code(&ann.app, 0);
    assert_eq!(ann.log_in(Some(&used)).await.status, StatusCode::UNAUTHORIZED, "it was used to confirm");
    let next = code(&ann.app, 1);
    assert_eq!(ann.log_in(Some(&next)).await.status, StatusCode::CREATED);
    assert_eq!(ann.log_in(Some(&next)).await.status, StatusCode::UNAUTHORIZED, "it was used to log in");
    let account = ann.api.call_as(&ann.token, Method::GET, "/account", json!({})).await.json();
    assert_eq!(account["two_factor_authentication"], true);
}

#[tokio::test]
async fn a_wrong_password_does_not_learn_that_there_is_a_second_factor() {
    let ann = Ann::new().await;
    assert_eq!(ann.api.log_in(EMAIL, "wrong horse", None).await.json()["id"], "unauthorized");
}

#[tokio::test]
async fn codes_cannot_be_guessed_for_long() {
    let ann = Ann::new().await;
    let mut seen = Vec::new();
    for guess in 0..12 {
        // The password alone, which is right, must not set the count back.
        ann.log_in(None).await;
        seen.push(ann.log_in(Some(&format!("{guess:06}"))).await.status);
    }
    assert_eq!(seen.last(), Some(&StatusCode::TOO_MANY_REQUESTS), "{seen:?}");
    assert_eq!(ann.log_in(Some(&code(&ann.app, 1))).await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_recovery_code_logs_in_once_however_it_is_typed() {
    let ann = Ann::new().await;
    assert_eq!(ann.recovery_codes.len(), 10);
    let typed = ann.recovery_codes[0].to_uppercase().replace('-', " ");
    assert_eq!(ann.log_in(Some(&typed)).await.status, StatusCode::CREATED);
    assert_eq!(ann.log_in(Some(&typed)).await.status, StatusCode::UNAUTHORIZED);
    let status = ann.api.call_as(&ann.token, Method::GET, "/account/two-factor", json!({})).await;
    assert_eq!(status.json(), json!({ "enabled": true, "recovery_codes_left": 9 }));
    let renewed = ann
        .post("/account/two-factor/recovery-codes", json!({ "password": PASSWORD, "code": &ann.recovery_codes[1] }))
        .await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.text);
    assert_eq!(
        ann.log_in(Some(&ann.recovery_codes[2])).await.status,
        StatusCode::UNAUTHORIZED,
        "the old ones are over"
    );
}

#[tokio::test]
async fn it_is_turned_off_with_password_and_code_only() {
    let ann = Ann::new().await;
    let path = "/account/two-factor/actions/disable";
    let (right, next) = (code(&ann.app, 1), &ann.recovery_codes[0]);
    for (body, want) in [
        (json!({ "password": PASSWORD }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "code": right }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "password": "wrong horse", "code": right }), StatusCode::FORBIDDEN),
        (json!({ "password": PASSWORD, "code": "000000" }), StatusCode::FORBIDDEN),
        (json!({ "password": PASSWORD, "code": next }), StatusCode::OK),
        (json!({ "password": PASSWORD, "code": right }), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = ann.post(path, body.clone()).await;
        assert_eq!(answer.status, want, "{body}: {}", answer.text);
    }
    assert_eq!(ann.log_in(None).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_enrolled_factor_is_not_replaced_by_whoever_has_the_token() {
    let ann = Ann::new().await;
    let again = ann.post("/account/two-factor", json!({ "password": PASSWORD })).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let refused = ann.post("/account/two-factor", json!({ "password": "wrong horse" })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let (_, other) = ann.api.test.tenant("no-password@example.com").await;
    let refused = ann.api.call_as(&other, Method::POST, "/account/two-factor", json!({})).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
}
