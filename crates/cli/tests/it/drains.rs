use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::drain,
    sandbox::Sandbox,
    server::{Answer, Server},
};

#[test]
fn drains_are_added_listed_and_removed() {
    let url = "https://user:pass@logs.example.com/in";
    let one = drain(url);
    let encoded = "DELETE /apps/demo/log-drains/https:%2F%2Fuser:pass@logs.example.com%2Fin";
    let server = Server::start(vec![
        ("GET /apps/demo/log-drains", Answer::json(&json!([one]))),
        ("POST /apps/demo/log-drains", Answer::json(&one).status(201)),
        (encoded, Answer::json(&one)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["drains", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["drains:add", url, "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["drains:remove", url, "-a", "demo"]));
}
