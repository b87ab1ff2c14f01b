use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{domain, error},
    sandbox::Sandbox,
    server::{Answer, Server},
};

const PATH: &str = "/apps/demo/domains";

fn answers(more: Vec<(&str, Answer)>) -> Server {
    let all = json!([
        domain("demo.localhost", "heroku", None),
        domain("www.example.com", "custom", Some("lively-reef-1")),
        domain("example.com", "custom", None),
    ]);
    let list = format!("GET {PATH}");
    Server::start([vec![(list.as_str(), Answer::json(&all))], more].concat())
}

#[test]
fn domains_are_listed_with_what_dns_must_say() {
    assert_snapshot!(Sandbox::on(&answers(vec![])).transcript(&["domains", "-a", "demo"]));
}

#[test]
fn a_domain_is_added_with_no_certificate_or_one() {
    let added = Answer::json(&domain("www.example.com", "custom", None)).status(201);
    let server = answers(vec![("POST /apps/demo/domains", added.clone())]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["domains:add", "www.example.com", "-a", "demo", "--wait"]));
    assert_eq!(server.body_of("POST /apps/demo/domains"), r#"{"hostname":"www.example.com","sni_endpoint":null}"#);
    let server = answers(vec![("POST /apps/demo/domains", added)]);
    Sandbox::on(&server).paas(&["domains:add", "www.example.com", "-a", "demo", "--cert", "lively-reef-1"]);
    assert_eq!(
        server.body_of("POST /apps/demo/domains"),
        r#"{"hostname":"www.example.com","sni_endpoint":"lively-reef-1"}"#
    );
}

#[test]
fn a_domain_that_is_waited_for_is_shown_as_it_is_then() {
    let mut pending = domain("www.example.com", "custom", None);
    pending["status"] = "pending".into();
    let there = domain("www.example.com", "custom", None);
    let path = format!("GET {PATH}/{}", there["id"].as_str().unwrap());
    let server =
        answers(vec![("POST /apps/demo/domains", Answer::json(&pending).status(201)), (&path, Answer::json(&there))]);
    let output = Sandbox::on(&server).paas(&["domains:add", "www.example.com", "-a", "demo", "--wait", "--json"]);
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed, there);
}

#[test]
fn a_name_that_is_taken_is_told() {
    let message = "www.example.com is currently in use by another app.";
    let taken = Answer::json(&error("invalid_params", message, None)).status(422);
    let server = answers(vec![("POST /apps/demo/domains", taken)]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["domains:add", "www.example.com", "-a", "demo"]));
}

#[test]
fn a_wildcard_is_removed_by_its_encoded_name() {
    let removed = Answer::json(&domain("*.example.com", "custom", None));
    let server = answers(vec![("DELETE /apps/demo/domains/*.example.com", removed)]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["domains:remove", "*.example.com", "-a", "demo"]));
}

#[test]
fn clearing_leaves_the_apps_own_domain() {
    let removed = Answer::json(&domain("x", "custom", None));
    let server = answers(vec![
        ("DELETE /apps/demo/domains/www.example.com", removed.clone()),
        ("DELETE /apps/demo/domains/example.com", removed),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["domains:clear", "-a", "demo"]));
    assert_eq!(server.asked().len(), 3);
}

#[test]
fn a_domain_is_shown_and_updated() {
    let one = Answer::json(&domain("www.example.com", "custom", Some("lively-reef-1")));
    let path = "/apps/demo/domains/www.example.com";
    let (get, patch) = (format!("GET {path}"), format!("PATCH {path}"));
    let server = answers(vec![(&get, one.clone()), (&patch, one)]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["domains:info", "www.example.com", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&[
        "domains:update",
        "www.example.com",
        "--cert",
        "lively-reef-1",
        "-a",
        "demo"
    ]));
    assert_eq!(server.body_of(&patch), r#"{"sni_endpoint":"lively-reef-1"}"#);
}
