use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{app, domain, error, sni_endpoint},
    sandbox::Sandbox,
    server::{Answer, Server},
};

const PATH: &str = "/apps/demo/sni-endpoints";

fn server(names: &[&str], more: Vec<(&str, Answer)>) -> Server {
    let endpoints: Vec<_> = names.iter().map(|name| sni_endpoint(name)).collect();
    let list = format!("GET {PATH}");
    let domains = json!([domain("www.example.com", "custom", None), domain("other.example.net", "custom", None)]);
    let own =
        vec![(list.as_str(), Answer::json(&json!(endpoints))), ("GET /apps/demo/domains", Answer::json(&domains))];
    Server::start([own, more].concat())
}

fn with_files(server: &Server) -> Sandbox {
    let sandbox = Sandbox::on(server);
    std::fs::write(sandbox.work().join("site.crt"), "a chain").expect("a sandbox can be written to");
    std::fs::write(sandbox.work().join("site.key"), "a key").expect("a sandbox can be written to");
    sandbox
}

#[test]
fn certificates_are_listed() {
    assert_snapshot!(Sandbox::on(&server(&[], vec![])).transcript(&["certs", "-a", "demo"]));
    assert_snapshot!(Sandbox::on(&server(&["lively-reef-1"], vec![])).transcript(&["certs", "-a", "demo"]));
}

#[test]
fn a_new_certificate_serves_the_domains_that_it_is_good_for() {
    let made = Answer::json(&sni_endpoint("lively-reef-1")).status(201);
    let served = Answer::json(&domain("www.example.com", "custom", Some("lively-reef-1")));
    let post = format!("POST {PATH}");
    let server = server(&[], vec![(&post, made), ("PATCH /apps/demo/domains/www.example.com", served)]);
    assert_snapshot!(with_files(&server).transcript(&["certs:add", "site.crt", "site.key", "-a", "demo"]));
    assert_eq!(server.body_of(&post), r#"{"certificate_chain":"a chain","private_key":"a key"}"#);
}

#[test]
fn one_of_several_must_be_named() {
    let server = server(&["calm-lake-1", "lively-reef-1"], vec![]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["certs:info", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["certs:info", "-a", "demo", "--name", "calm-lake-1", "--show-domains"]));
}

#[test]
fn replacing_and_removing_ask_first() {
    let one = Answer::json(&sni_endpoint("lively-reef-1"));
    let (patch, delete) = (format!("PATCH {PATH}/lively-reef-1"), format!("DELETE {PATH}/lively-reef-1"));
    let server = server(&["lively-reef-1"], vec![(&patch, one.clone()), (&delete, one)]);
    let sandbox = with_files(&server);
    assert_snapshot!(sandbox.transcript(&["certs:update", "site.crt", "site.key", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["certs:update", "site.crt", "site.key", "-a", "demo", "--confirm", "demo"]));
    assert_snapshot!(sandbox.transcript(&["certs:remove", "-a", "demo", "--confirm", "demo"]));
}

#[test]
fn that_none_are_managed_automatically_is_told() {
    let message = "Automated certificate management is not available on this platform.";
    let refused = Answer::json(&error("invalid_params", message, None)).status(422);
    let server = server(&[], vec![("GET /apps/demo", Answer::json(&app("demo"))), ("POST /apps/demo/acm", refused)]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["certs:auto", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["certs:auto:enable", "-a", "demo"]));
}
