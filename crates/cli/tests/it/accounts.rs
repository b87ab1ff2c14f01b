use serde_json::{Value, json};

use crate::{
    fixtures::{account, error, id},
    sandbox::{Sandbox, TOKEN},
    server::{Answer, Server},
};

fn authorization(token: &str) -> Value {
    json!({
        "access_token": { "expires_in": 60, "id": id(20), "token": token }, "client": null,
        "created_at": "2026-01-02T03:04:05Z", "description": "ci", "grant": null, "id": id(20), "refresh_token": null,
        "scope": ["read"], "session": null, "updated_at": "2026-01-02T03:04:05Z",
        "user": { "id": id(1), "email": "owner@example.com", "full_name": null },
    })
}

fn stdout(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox.paas(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("it prints UTF-8")
}

#[test]
fn an_interactive_login_asks_for_the_second_factor_when_the_server_does() {
    let asked = error("two_factor", "A second authentication factor is required.", None);
    let server = Server::start(vec![
        ("POST /oauth/authorizations", Answer::json(&asked).status(403)),
        ("POST /oauth/authorizations", Answer::json(&authorization(TOKEN)).status(201)),
        ("GET /account", Answer::json(&account())),
    ]);
    let sandbox = Sandbox::new().with("PAAS_SERVER", &server.url);
    let transcript = sandbox.transcript_with_input(&["login", "-i"], "owner@example.com\ncorrect horse\n123456\n");
    assert!(transcript.contains("as owner@example.com"), "{transcript}");
    assert!(!transcript.contains("correct horse") && !transcript.contains(TOKEN), "{transcript}");
    let tries: Vec<_> = server.asked().into_iter().filter(|asked| asked.what.starts_with("POST")).collect();
    // `owner@example.com:correct horse`
    assert_eq!(tries[0].headers["authorization"], "Basic b3duZXJAZXhhbXBsZS5jb206Y29ycmVjdCBob3JzZQ==");
    assert!(!tries[0].headers.contains_key("heroku-two-factor-code"));
    assert_eq!(tries[1].headers["heroku-two-factor-code"], "123456");
    assert_eq!(stdout(&sandbox, &["auth:token"]), format!("{TOKEN}\n"));
}

#[test]
fn a_short_token_is_all_that_is_printed() {
    let server =
        Server::start(vec![("POST /oauth/authorizations", Answer::json(&authorization("HRKU-x")).status(201))]);
    let printed =
        stdout(&Sandbox::on(&server), &["authorizations:create", "-d", "ci", "-s", "read,identity", "-e", "60", "-S"]);
    assert_eq!(printed, "HRKU-x\n");
    let body = server.body_of("POST /oauth/authorizations");
    assert_eq!(body, r#"{"description":"ci","expires_in":60,"scope":["read","identity"]}"#);
}

#[test]
fn a_token_that_is_revoked_is_shown_as_json_where_that_is_asked_for() {
    let server = Server::start(vec![("DELETE /oauth/authorizations/x", Answer::json(&authorization("HRKU-x")))]);
    let printed = stdout(&Sandbox::on(&server), &["authorizations:revoke", "x", "--json"]);
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["id"], authorization("HRKU-x")["id"]);
}

#[test]
fn a_private_key_does_not_leave_the_machine() {
    let server = Server::start(vec![]);
    let sandbox = Sandbox::on(&server);
    std::fs::write(sandbox.work().join("id"), "-----BEGIN OPENSSH PRIVATE KEY-----\n").unwrap();
    assert_eq!(sandbox.paas(&["keys:add", "id"]).status.code(), Some(1));
    assert!(server.asked().is_empty());
}

#[test]
fn an_invitation_prints_its_link_and_nothing_else_to_standard_output() {
    let made = json!({
        "created_at": "2026-01-02T03:04:05Z", "email": "ann@example.com", "expires_at": "2026-01-09T03:04:05Z",
        "id": id(21), "url": "https://localhost:5443/join/secret",
    });
    let server = Server::start(vec![("POST /invitations", Answer::json(&made).status(201))]);
    let printed = stdout(&Sandbox::on(&server), &["accounts:invite", "ann@example.com"]);
    assert_eq!(printed, "https://localhost:5443/join/secret\n");
}

#[test]
fn an_account_is_not_removed_unconfirmed() {
    let server = Server::start(vec![]);
    let output = Sandbox::on(&server).paas(&["accounts:remove", "ann@example.com"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(server.asked().is_empty());
}

#[test]
fn two_factor_prints_what_the_app_needs_and_the_recovery_codes() {
    let enrolled = json!({ "secret": "JBSWY3DP", "url": "otpauth://totp/x" });
    let server = Server::start(vec![
        ("POST /account/two-factor", Answer::json(&enrolled).status(201)),
        ("POST /account/two-factor/actions/confirm", Answer::json(&json!({ "recovery_codes": ["abcd-efgh"] }))),
    ]);
    let transcript = Sandbox::on(&server).transcript_with_input(&["auth:2fa:enable"], "correct horse\n123456\n");
    assert!(transcript.contains("JBSWY3DP") && transcript.contains("abcd-efgh"), "{transcript}");
    assert_eq!(server.body_of("POST /account/two-factor"), r#"{"password":"correct horse"}"#);
    assert_eq!(server.body_of("POST /account/two-factor/actions/confirm"), r#"{"code":"123456"}"#);
}
