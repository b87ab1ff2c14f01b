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
