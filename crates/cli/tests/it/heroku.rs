//! `paas heroku -- ARGS`, with a stand-in for Heroku's CLI: what it is given, and what its requests become.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::account,
    sandbox::{Sandbox, TOKEN},
    server::{Answer, Server},
    tls::Identity,
};

/// A sandbox in which `heroku` is this script, and nothing else is in PATH but what a shell needs.
fn with_heroku(sandbox: Sandbox, script: &str) -> Sandbox {
    let program = sandbox.script("heroku", script);
    let folder = program.parent().expect("a script is in a folder").to_string_lossy().into_owned();
    sandbox.with("PATH", &format!("{folder}:/usr/bin:/bin"))
}

const ASK: &str = r#"curl --silent --show-error --fail-with-body -H "authorization: Bearer $HEROKU_API_KEY" "$HEROKU_HOST/account" "$@""#;

#[test]
fn requests_reach_a_server_over_tls_with_the_token_that_the_cli_never_has() {
    let identity = Identity::new();
    let pem = identity.pem.clone();
    let server = Server::start_tls(vec![("PATCH /account", Answer::json(&account()))], identity);
    let sandbox = Sandbox::on(&server);
    let ca = sandbox.work().join("ca.pem");
    std::fs::write(&ca, pem).unwrap();
    let sandbox = with_heroku(sandbox.with("PAAS_CA", "ca.pem"), &format!("env; {ASK}"));
    let output = sandbox.paas(&["heroku", "--", "-X", "PATCH", "--data", r#"{"name":"x"}"#]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && shown.contains("owner@"), "{shown} {}", String::from_utf8_lossy(&output.stderr));
    assert!(!shown.contains(TOKEN), "{shown}");
    assert!(shown.contains(&format!("NODE_EXTRA_CA_CERTS={}", ca.display())), "{shown}");
    let asked = server.asked();
    assert_eq!(asked[0].headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(format!("https://{}", asked[0].headers["host"]), server.url);
    assert_eq!(asked[0].body, r#"{"name":"x"}"#);
}

#[test]
fn a_certificate_that_is_not_trusted_gets_no_token() {
    let server = Server::start_tls(vec![("GET /account", Answer::json(&account()))], Identity::new());
    let sandbox = with_heroku(Sandbox::on(&server), ASK);
    let output = sandbox.paas(&["heroku"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("bad_gateway"), "{output:?}");
    assert!(server.asked().is_empty());
}

#[test]
fn nobody_without_the_secret_of_the_run_uses_the_forwarder() {
    let server = Server::start(vec![("GET /account", Answer::json(&account()))]);
    for header in ["accept: */*", "authorization: Bearer 0123-token", "authorization: Basic OjAxMjM="] {
        let script = format!(r#"curl --silent -H "{header}" "$HEROKU_HOST/account""#);
        let output = with_heroku(Sandbox::on(&server), &script).paas(&["heroku"]);
        assert!(String::from_utf8_lossy(&output.stdout).contains("unauthorized"), "{header}: {output:?}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn settings_that_aim_elsewhere_do_not_reach_the_cli() {
    let server = Server::start(vec![("GET /account", Answer::json(&json!({})))]);
    let sandbox = Sandbox::on(&server)
        .with("HEROKU_HOST", "https://api.heroku.com")
        .with("HEROKU_HEADERS", r#"{"authorization":"Bearer mine"}"#)
        .with("HEROKU_PARTICLEBOARD_URL", "https://elsewhere.example.com")
        .with("HEROKU_APP", "kept")
        .with("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    let sandbox = with_heroku(sandbox, "env | grep -E '^(HEROKU|NODE|DISABLE|PAAS_API|NO_PROXY)' | sort");
    let shown = String::from_utf8(sandbox.paas(&["heroku", "apps"]).stdout).unwrap();
    let host = server.url.trim_start_matches("http://");
    let value = |name: &str| shown.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap();
    let shown = shown.replace(value("HEROKU_HOST"), "FORWARDER").replace(value("HEROKU_API_KEY"), "SECRET");
    assert_snapshot!(shown.replace(host, "SERVER"));
}

#[test]
fn what_would_lead_the_cli_elsewhere_is_unset_and_proxies_are_passed_by() {
    let sandbox = Sandbox::new()
        .with("PAAS_SERVER", "https://localhost:5443")
        .with("PAAS_API_KEY", TOKEN)
        .with("PAAS_CA", "/etc/paas/ca.pem")
        .with("HEROKU_APP", "kept")
        .with("HEROKU_GIT_HOST", "git.example.com")
        .with("HEROKU_HEADERS", r#"{"authorization":"Bearer mine"}"#)
        .with("HEROKU_HOST", "https://api.heroku.com")
        .with("HEROKU_PARTICLEBOARD_HEADERS", "{}")
        .with("HEROKU_TEAM", "acme")
        .with("SSO_URL", "https://sso.example.com")
        .with("PGDIAGNOSE_URL", "pgdiagnose.example.com")
        .with("NODE_TLS_REJECT_UNAUTHORIZED", "0")
        .with("HTTPS_PROXY", "http://proxy.example.com:3128")
        .with("NO_PROXY", "example.com");
    assert_snapshot!(String::from_utf8(sandbox.paas(&["heroku:env"]).stdout).unwrap());
}

#[test]
fn settings_of_git_go_behind_those_that_are_there_and_are_not_repeated() {
    let mut sandbox = Sandbox::new()
        .with("PAAS_SERVER", "https://localhost:5443")
        .with("PAAS_API_KEY", TOKEN)
        .with("PAAS_CA", "/etc/paas/ca.pem")
        .with("GIT_CONFIG_COUNT", "1")
        .with("GIT_CONFIG_KEY_0", "user.name")
        .with("GIT_CONFIG_VALUE_0", "Ada");
    let first = String::from_utf8(sandbox.paas(&["heroku:env"]).stdout).unwrap();
    let git: Vec<_> = first.lines().filter_map(|line| line.strip_prefix("export GIT_")?.split_once('=')).collect();
    assert_eq!(git[0], ("CONFIG_COUNT", "3"));
    assert_eq!(git[1], ("CONFIG_KEY_1", "http.https://localhost:5443/.sslCAInfo"));
    for (name, value) in git {
        sandbox = sandbox.with(&format!("GIT_{name}"), value);
    }
    let again = String::from_utf8(sandbox.paas(&["heroku:env"]).stdout).unwrap();
    assert!(!again.contains("GIT_"), "{again}");
}

#[test]
fn a_repository_that_the_cli_connects_to_an_app_is_connected_for_git_too() {
    let sandbox = Sandbox::new().with("PAAS_SERVER", "https://localhost:5443").with("PAAS_API_KEY", TOKEN);
    let ca = sandbox.work().join("ca.pem");
    std::fs::write(&ca, Identity::new().pem).unwrap();
    let ca = ca.to_string_lossy();
    let sandbox = with_heroku(sandbox.with("PAAS_CA", &ca), r#"git remote add heroku "$1""#);
    sandbox.repository(&[]);
    let helpers = ["config", "--get-all", "credential.https://localhost:5443.helper"];
    let is_connected = || {
        let ran = sandbox.command(Path::new("git")).args(helpers).output().unwrap();
        String::from_utf8(ran.stdout).unwrap().contains("git:credentials")
    };
    assert!(sandbox.paas(&["heroku", "https://elsewhere.example.com/demo.git"]).status.success());
    assert!(!is_connected());
    sandbox.git(&["remote", "remove", "heroku"]);
    assert!(sandbox.paas(&["heroku", "https://localhost:5443/demo.git"]).status.success());
    assert!(is_connected());
    assert_eq!(sandbox.git(&["config", "http.https://localhost:5443/.sslCAInfo"]), format!("{ca}\n"));
}

#[test]
fn input_output_and_the_exit_status_pass() {
    let sandbox = Sandbox::new().with("PAAS_SERVER", "https://localhost:5443").with("PAAS_API_KEY", TOKEN);
    let sandbox = with_heroku(sandbox, r#"echo "$@"; cat; echo aside >&2; exit 7"#);
    let args = ["heroku", "--", "run", "--exit-code", "--", "sh", "-c", "x y"];
    assert_snapshot!(sandbox.transcript_with_input(&args, "input\n"));
}

#[test]
fn commands_that_ask_heroku_whatever_the_settings_are_not_started() {
    let sandbox = Sandbox::new().with("PAAS_SERVER", "https://localhost:5443").with("PAAS_API_KEY", TOKEN);
    let started = sandbox.work().join("started");
    let sandbox = with_heroku(sandbox, &format!("touch {}", started.display()));
    assert_snapshot!(sandbox.transcript(&["heroku", "--", "apps:favorites:add", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["heroku", "auth:token"]));
    assert!(!Path::new(&started).exists());
}

#[test]
fn without_herokus_cli_it_says_how_to_get_it() {
    let sandbox = Sandbox::new().with("PAAS_SERVER", "https://localhost:5443").with("PAAS_API_KEY", TOKEN);
    assert_snapshot!(sandbox.with("PATH", "/nonexistent").transcript(&["heroku", "apps"]));
}
