use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{account, app, buildpacks, dyno, error},
    sandbox::Sandbox,
    server::{Answer, Server},
};

#[test]
fn apps_are_listed_by_name_across_pages() {
    let server = Server::start(vec![
        (
            "GET /users/~/apps",
            Answer::json(&json!([app("zebra")])).status(206).header("Next-Range", "name ]zebra..; max=1"),
        ),
        ("GET /users/~/apps", Answer::json(&json!([app("demo")]))),
        ("GET /account", Answer::json(&account())),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["apps"]));
    let asked: Vec<_> = server.asked().into_iter().filter(|asked| asked.what == "GET /users/~/apps").collect();
    assert_eq!(asked[1].headers["range"], "name ]zebra..; max=1");
}

#[test]
fn apps_of_others_come_behind_ones_own() {
    let mut shared = app("shop");
    shared["owner"]["email"] = json!("friend@example.com");
    let server = Server::start(vec![
        ("GET /users/~/apps", Answer::json(&json!([app("demo"), shared]))),
        ("GET /account", Answer::json(&account())),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["apps"]));
}

#[test]
fn requests_name_the_api_version_the_client_and_the_token() {
    let server = Server::start(vec![
        ("GET /users/~/apps", Answer::json(&json!([]))),
        ("GET /account", Answer::json(&account())),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["apps"]));
    let headers = &server.asked()[0].headers;
    assert_eq!(headers["accept"], "application/vnd.heroku+json; version=3");
    assert_eq!(headers["authorization"], "Bearer 0123-token");
    assert!(headers["user-agent"].starts_with("paas-cli/"), "{headers:?}");
}

#[test]
fn json_is_what_the_api_said() {
    let server = Server::start(vec![("GET /users/~/apps", Answer::json(&json!([app("demo")])))]);
    let output = Sandbox::on(&server).paas(&["apps", "--json"]);
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, json!([app("demo")]));
}

#[test]
fn create_with_a_name_stack_and_buildpack() {
    let server = Server::start(vec![
        ("POST /apps", Answer::json(&app("demo")).status(201)),
        ("PUT /apps/demo/buildpack-installations", Answer::json(&buildpacks(&["heroku/nodejs"]))),
    ]);
    let args = ["create", "demo", "--stack", "paas-13", "--buildpack", "heroku/nodejs"];
    assert_snapshot!(Sandbox::on(&server).transcript(&args));
    assert_eq!(server.body_of("POST /apps"), r#"{"name":"demo","stack":"paas-13"}"#);
    assert_eq!(
        server.body_of("PUT /apps/demo/buildpack-installations"),
        r#"{"updates":[{"buildpack":"heroku/nodejs"}]}"#
    );
}

#[test]
fn create_by_a_manifest() {
    let server = Server::start(vec![
        ("POST /apps", Answer::json(&app("demo")).status(201)),
        ("PATCH /apps/demo/config-vars", Answer::json(&json!({"BUCKET": "example", "WORKERS": "2"}))),
    ]);
    let sandbox = Sandbox::on(&server);
    let manifest = "setup:\n  addons:\n  - plan: heroku-postgresql\n    as: DATABASE\n  config:\n    BUCKET: example\n    WORKERS: 2\nbuild:\n  docker:\n    web: Dockerfile\n";
    std::fs::write(sandbox.work().join("heroku.yml"), manifest).unwrap();
    assert_snapshot!(sandbox.transcript(&["create", "demo", "--manifest"]));
    assert_eq!(server.body_of("POST /apps"), r#"{"name":"demo","stack":"container"}"#);
    assert_eq!(server.body_of("PATCH /apps/demo/config-vars"), r#"{"BUCKET":"example","WORKERS":"2"}"#);
}

#[test]
fn a_manifest_that_cannot_be_used_makes_no_app() {
    let server = Server::start(vec![]);
    let sandbox = Sandbox::on(&server);
    let mut said = sandbox.transcript(&["create", "demo", "--manifest"]);
    for manifest in ["setup: [", "setup: {config: {A: [1]}}"] {
        std::fs::write(sandbox.work().join("heroku.yml"), manifest).unwrap();
        said.push_str(&sandbox.transcript(&["create", "demo", "--manifest"]));
    }
    assert_snapshot!(said);
}

#[test]
fn create_without_a_name_tells_the_one_that_was_invented() {
    let server = Server::start(vec![("POST /apps", Answer::json(&app("calm-reef-00042")).status(201))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["apps:create"]));
    assert_eq!(server.body_of("POST /apps"), "{}");
}

#[test]
fn a_taken_name_is_the_servers_to_refuse() {
    let refusal = error("invalid_params", "Name demo is already taken", None);
    let server = Server::start(vec![("POST /apps", Answer::json(&refusal).status(422))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["create", "demo"]));
}

#[test]
fn info_shows_what_an_app_is() {
    let server = Server::start(vec![
        ("GET /apps/demo", Answer::json(&app("demo"))),
        (
            "GET /apps/demo/dynos",
            Answer::json(&json!([dyno("web.1", "up", 3), dyno("web.2", "up", 3), dyno("clock.1", "up", 3)])),
        ),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["info", "-a", "demo"]));
}

#[test]
fn an_unknown_app_says_where_to_look() {
    let refusal = error("not_found", "Couldn't find that app.", Some("app"));
    let server = Server::start(vec![("GET /apps/nope/config-vars", Answer::json(&refusal).status(404))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["config", "-a", "nope"]));
}

#[test]
fn what_cannot_be_a_name_is_never_asked_for() {
    let server = Server::start(vec![]);
    for name in ["..", "a/b", "", "a?b"] {
        let output = Sandbox::on(&server).paas(&["destroy", "--app", name, "--confirm", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
    assert!(server.asked().is_empty());
}

#[test]
fn destroy_wants_the_name_again() {
    let server = Server::start(vec![
        ("GET /apps/demo", Answer::json(&app("demo"))),
        ("DELETE /apps/demo", Answer::json(&app("demo"))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["destroy", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["destroy", "-a", "demo", "--confirm", "dmeo"]));
    assert!(!server.asked().iter().any(|asked| asked.what.starts_with("DELETE")));
    assert_snapshot!(sandbox.transcript(&["apps:destroy", "demo", "--confirm", "demo"]));
}

#[test]
fn open_prints_the_address_where_there_is_no_browser() {
    let server = Server::start(vec![("GET /apps/demo", Answer::json(&app("demo")))]);
    let sandbox = Sandbox::on(&server);
    let opener = sandbox.script("xdg-open", "exit 3");
    let path = format!("{}:/usr/bin:/bin", opener.parent().unwrap().display());
    let sandbox = sandbox.with("PATH", &path);
    assert_snapshot!(sandbox.transcript(&["open", "/login", "-a", "demo"]));
}

#[test]
fn maintenance_is_shown_and_switched() {
    let mut on = app("demo");
    on["maintenance"] = json!(true);
    let server = Server::start(vec![("GET /apps/demo", Answer::json(&on)), ("PATCH /apps/demo", Answer::json(&on))]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["maintenance", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["maintenance:on", "-a", "demo"]));
    assert_eq!(server.body_of("PATCH /apps/demo"), r#"{"maintenance":true}"#);
}

#[test]
fn warnings_of_the_server_are_passed_on_once() {
    let warned = |value| Answer::json(value).header("X-Heroku-Warning", "The server restarts at noon.");
    let server = Server::start(vec![
        ("GET /apps/demo", warned(&app("demo"))),
        ("GET /apps/demo/dynos", warned(&json!([]))),
        ("GET /account", warned(&account())),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["info", "-a", "demo"]));
}
