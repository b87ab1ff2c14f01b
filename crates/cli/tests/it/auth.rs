use std::{fs, os::unix::fs::PermissionsExt};

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{account, error},
    sandbox::{Sandbox, TOKEN},
    server::{Answer, Server},
    tls::Identity,
};

#[test]
fn login_checks_the_token_and_keeps_it_where_only_its_owner_can_read() {
    let server = Server::start(vec![
        ("GET /account", Answer::json(&account())),
        ("GET /users/~/apps", Answer::json(&json!([]))),
    ]);
    let sandbox = Sandbox::new();
    let output = sandbox.paas(&["login", "--server", &server.url, "--token", TOKEN]);
    assert!(output.status.success(), "{output:?}");
    let file = sandbox.config().join("credentials.toml");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(file).unwrap().replace(&server.url, "SERVER");
    assert_snapshot!(text);
    assert!(sandbox.paas(&["apps"]).status.success(), "later commands use the server and the token");
}

#[test]
fn login_reads_the_token_from_a_pipe() {
    let server = Server::start(vec![("GET /account", Answer::json(&account()))]);
    let sandbox = Sandbox::new().with("PAAS_SERVER", &server.url);
    assert_snapshot!(sandbox.transcript_with_input(&["login"], "0123-token\n"));
    assert_eq!(server.asked()[0].headers["authorization"], "Bearer 0123-token");
    assert_snapshot!(sandbox.transcript(&["auth:token"]));
    assert_snapshot!(sandbox.transcript(&["whoami"]));
}

#[test]
fn a_wrong_token_is_not_kept() {
    let refusal = error("unauthorized", "Invalid credentials provided.", None);
    let server = Server::start(vec![("GET /account", Answer::json(&refusal).status(401))]);
    let sandbox = Sandbox::new().with("PAAS_SERVER", &server.url);
    assert_snapshot!(sandbox.transcript(&["login", "--token", "wrong"]));
    assert!(!sandbox.config().join("credentials.toml").exists());
}

#[test]
fn whoever_is_not_logged_in_gets_exit_code_100() {
    assert_snapshot!(Sandbox::new().transcript(&["whoami"]));
    assert_snapshot!(Sandbox::new().transcript(&["apps"]));
}

#[test]
fn logout_forgets_the_token() {
    let server = Server::start(vec![("GET /account", Answer::json(&account()))]);
    let sandbox = Sandbox::new().with("PAAS_SERVER", &server.url);
    assert!(sandbox.paas(&["login", "--token", TOKEN]).status.success());
    assert_snapshot!(sandbox.transcript(&["logout"]));
    assert!(!fs::read_to_string(sandbox.config().join("credentials.toml")).unwrap().contains(TOKEN));
    assert_snapshot!(sandbox.transcript(&["logout"]));
}

#[test]
fn a_broken_credentials_file_is_not_shown() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.config().join("credentials.toml"), "[servers.\"https://x\"]\ntoken = hunter2\n").unwrap();
    let transcript = sandbox.transcript(&["apps"]);
    assert!(!transcript.contains("hunter2"), "{transcript}");
    assert_snapshot!(transcript);
}

#[test]
fn a_token_never_goes_over_plain_http_to_another_machine() {
    assert_snapshot!(Sandbox::new().transcript(&["login", "--server", "http://paas.example.com", "--token", "x"]));
}

#[test]
fn herokus_cli_is_aimed_at_loopback_only() {
    let sandbox = Sandbox::new().with("PAAS_SERVER", "https://localhost:5443").with("PAAS_API_KEY", "it's");
    let sandbox = sandbox.with("PAAS_CA", "/etc/paas ca.pem");
    let output = sandbox.paas(&["heroku:env"]);
    assert_snapshot!(String::from_utf8(output.stdout).unwrap());
    for server in ["https://paas.example.com", "https://[::1]:5443", "https://x.localhost:5443"] {
        let sandbox = Sandbox::new().with("PAAS_SERVER", server).with("PAAS_API_KEY", TOKEN);
        let output = sandbox.paas(&["heroku:env"]);
        assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true), "{server}");
    }
    let elsewhere = Sandbox::new().with("PAAS_SERVER", "https://paas.example.com").with("PAAS_API_KEY", TOKEN);
    assert_snapshot!(elsewhere.transcript(&["heroku:env"]));
}

#[test]
fn a_ca_given_at_login_is_kept_and_trusted_from_then_on() {
    let identity = Identity::new();
    let pem = identity.pem.clone();
    let answers = vec![("GET /account", Answer::json(&account())), ("GET /users/~/apps", Answer::json(&json!([])))];
    let server = Server::start_tls(answers, identity);
    let sandbox = Sandbox::new().with("PAAS_SERVER", &server.url);
    assert_snapshot!(sandbox.transcript(&["login", "--token", TOKEN]));
    let ca = sandbox.work().join("ca.pem");
    fs::write(&ca, &pem).unwrap();
    let output = sandbox.paas(&["login", "--token", TOKEN, "--ca", "ca.pem"]);
    assert!(output.status.success(), "{output:?}");
    fs::remove_file(ca).unwrap();
    assert!(sandbox.paas(&["apps"]).status.success());
    let other = Identity::new().pem;
    fs::write(sandbox.work().join("other.pem"), other).unwrap();
    let sandbox = sandbox.with("PAAS_CA", "other.pem");
    assert_eq!(sandbox.paas(&["apps"]).status.code(), Some(1), "a CA that did not sign it is not trusted");
}
