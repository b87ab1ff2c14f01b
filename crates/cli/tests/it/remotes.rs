use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{account, app},
    sandbox::{Sandbox, TOKEN},
    server::{Answer, Server},
};

fn server() -> Server {
    Server::start(vec![
        ("GET /apps/demo/config-vars", Answer::json(&json!({ "APP": "demo" }))),
        ("GET /apps/staging/config-vars", Answer::json(&json!({ "APP": "staging" }))),
        ("GET /apps/demo", Answer::json(&app("demo"))),
        ("DELETE /apps/demo", Answer::json(&app("demo"))),
        ("PATCH /apps/demo", Answer::json(&app("renamed"))),
        ("POST /apps", Answer::json(&app("demo")).status(201)),
        ("GET /account", Answer::json(&account())),
    ])
}

fn app_used(sandbox: &Sandbox, args: &[&str]) -> String {
    let output = sandbox.paas(&[&["config:get", "APP"], args].concat());
    String::from_utf8(output.stdout).expect("it prints UTF-8").trim().to_owned()
}

#[test]
fn the_app_is_found_from_the_git_remote_also_in_a_folder_below() {
    let server = server();
    let sandbox = Sandbox::on(&server);
    sandbox.repository(&[
        ("origin", "https://github.com/someone/demo.git"),
        ("paas", &format!("{}/demo.git", server.url)),
    ]);
    assert_eq!(app_used(&sandbox, &[]), "demo");
    let below = sandbox.work().join("a/b");
    fs::create_dir_all(&below).unwrap();
    let mut command = sandbox.command(env!("CARGO_BIN_EXE_paas").as_ref());
    let output = command.current_dir(below).args(["config:get", "APP"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "demo\n");
}

#[test]
fn a_flag_is_stronger_than_a_variable_and_that_than_the_remotes() {
    let server = server();
    let sandbox = Sandbox::on(&server);
    sandbox.repository(&[
        ("paas", &format!("{}/demo.git", server.url)),
        ("other", &format!("{}/staging.git", server.url)),
    ]);
    assert_eq!(app_used(&sandbox, &["--remote", "other"]), "staging");
    let sandbox = sandbox.with("PAAS_APP", "staging");
    assert_eq!(app_used(&sandbox, &[]), "staging");
    assert_eq!(app_used(&sandbox, &["-r", "paas"]), "demo");
    assert_eq!(app_used(&sandbox, &["-a", "demo", "-r", "other"]), "demo");
}

#[test]
fn several_apps_are_not_guessed_from() {
    let server = server();
    let sandbox = Sandbox::on(&server);
    sandbox.repository(&[
        ("paas", &format!("{}/demo.git", server.url)),
        ("staging", &format!("{}/staging.git", server.url)),
    ]);
    assert_snapshot!(sandbox.transcript(&["config"]));
    sandbox.git(&["config", "paas.remote", "staging"]);
    assert_eq!(app_used(&sandbox, &[]), "staging");
}

#[test]
fn without_a_remote_or_a_repository_the_app_must_be_named() {
    let server = server();
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["config"]));
    sandbox.repository(&[("heroku", "https://git.heroku.com/demo.git")]);
    assert_eq!(sandbox.paas(&["config"]).status.code(), Some(1));
    assert_snapshot!(sandbox.transcript(&["config", "-r", "heroku"]));
}

#[test]
fn git_remote_sets_the_helper_and_the_ca_for_this_server_in_this_repository_only() {
    let server = server();
    let ca = "not looked at over plain http\n";
    let sandbox = Sandbox::on(&server);
    let credentials = format!("[servers.\"https://localhost:5443\"]\ntoken = \"{TOKEN}\"\nca = \"ca.pem\"\n");
    fs::write(sandbox.config().join("credentials.toml"), credentials).unwrap();
    fs::write(sandbox.config().join("ca.pem"), ca).unwrap();
    sandbox.repository(&[]);
    assert_snapshot!(sandbox.transcript(&["git:remote", "-a", "demo"]));
    // Twice must not add twice.
    assert!(sandbox.paas(&["git:remote", "-a", "demo"]).status.success());
    let config = fs::read_to_string(sandbox.work().join(".git/config")).unwrap();
    let config =
        config.replace(env!("CARGO_BIN_EXE_paas"), "PAAS").replace(&*sandbox.config().to_string_lossy(), "CONFIG");
    let ours = config.split_once("[remote").map(|(_, ours)| format!("[remote{ours}")).unwrap();
    assert_snapshot!(ours);
    assert!(!sandbox.work().parent().unwrap().join(".gitconfig").exists());

    let filled = {
        let mut git = sandbox.command("git".as_ref());
        let spawned = git
            .args(["credential", "fill"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn();
        let mut child = spawned.unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"protocol=https\nhost=localhost:5443\n\n")
            .unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    assert!(filled.contains("username=paas\n") && filled.contains(&format!("password={TOKEN}\n")), "{filled}");
}

#[test]
fn create_makes_the_remote_rename_moves_it_and_destroy_removes_it() {
    let server = server();
    let sandbox = Sandbox::on(&server);
    sandbox.repository(&[]);
    assert!(sandbox.paas(&["create", "demo"]).status.success());
    assert_eq!(sandbox.git(&["remote", "get-url", "paas"]), "https://localhost:5443/demo.git\n");
    assert_snapshot!(sandbox.transcript(&["rename", "renamed"]));
    assert_eq!(sandbox.git(&["remote", "get-url", "paas"]), "https://localhost:5443/renamed.git\n");
    sandbox.git(&["remote", "set-url", "paas", "https://localhost:5443/demo.git"]);
    assert!(sandbox.paas(&["destroy", "demo", "--confirm", "demo"]).status.success());
    assert_eq!(sandbox.git(&["remote"]), "");
}

#[test]
fn git_remote_outside_of_a_repository_says_so() {
    let server = server();
    assert_snapshot!(Sandbox::on(&server).transcript(&["git:remote", "-a", "demo"]));
}
