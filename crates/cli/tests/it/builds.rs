use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{build, id},
    sandbox::Sandbox,
    server::{Answer, Server},
};

#[test]
fn builds_are_listed_shown_and_read() {
    let server = Server::start(vec![
        ("GET /apps/demo/builds", Answer::json(&json!([build(1, "failed"), build(2, "succeeded")]))),
        (&format!("GET /apps/demo/builds/{}", id(201)), Answer::json(&build(1, "failed"))),
        ("GET /output/secret", Answer::text("text/plain", "-----> Node.js app detected\n")),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["builds", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["builds:info", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["builds:output", &id(201), "-a", "demo"]));
    let output = server.asked().pop().unwrap();
    assert!(!output.headers.contains_key("authorization"), "the secret is in the URL");
}

#[test]
fn a_tarball_is_uploaded_and_built() {
    let source = json!({"source_blob": {"get_url": "BASE/sources/secret", "put_url": "BASE/sources/secret"}});
    let server = Server::start(vec![
        ("POST /sources", Answer::json(&source).status(201)),
        ("PUT /sources/secret", Answer::text("text/plain", "")),
        ("POST /apps/demo/builds", Answer::json(&build(1, "pending")).status(201)),
        ("GET /output/secret", Answer::text("text/plain", "-----> Building\n")),
        (&format!("GET /apps/demo/builds/{}", id(201)), Answer::json(&build(1, "succeeded"))),
    ]);
    let sandbox = Sandbox::on(&server);
    let tarball = sandbox.work().join("app.tgz");
    std::fs::write(&tarball, "a tarball").unwrap();
    let arguments = ["builds:create", "--source-tar", "app.tgz", "--version", "v1", "-a", "demo"];
    assert_snapshot!(sandbox.transcript(&arguments));
    let body: serde_json::Value = serde_json::from_str(&server.body_of("POST /apps/demo/builds")).unwrap();
    assert_eq!(body["source_blob"]["url"], format!("{}/sources/secret", server.url));
    assert_eq!(body["source_blob"]["version"], "v1");
}

#[test]
fn a_build_of_a_url_that_fails_is_a_failure() {
    let server = Server::start(vec![
        ("POST /apps/demo/builds", Answer::json(&build(1, "pending")).status(201)),
        ("GET /output/secret", Answer::text("text/plain", " !     its server answered 404 Not Found.\n")),
        (&format!("GET /apps/demo/builds/{}", id(201)), Answer::json(&build(1, "failed"))),
    ]);
    let arguments = ["builds:create", "--source-url", "https://example.test/app.tgz", "-a", "demo"];
    assert_snapshot!(Sandbox::on(&server).transcript(&arguments));
}

#[test]
fn a_build_is_cancelled_and_a_cache_purged() {
    let server = Server::start(vec![
        ("GET /apps/demo/builds", Answer::json(&json!([build(1, "pending")]))),
        (&format!("DELETE /apps/demo/builds/{}", id(201)), Answer::json(&build(1, "pending"))),
        ("DELETE /apps/demo/build-cache", Answer::json(&json!({}))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["builds:cancel", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["builds:cache:purge", "-a", "demo"]));
}
