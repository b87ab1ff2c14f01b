use std::net::TcpListener;

use insta::assert_snapshot;
use serde_json::json;

use crate::{
    sandbox::{Sandbox, TOKEN},
    server::{Answer, Server},
};

#[test]
fn a_server_that_is_down_says_how_to_start_it() {
    // Bound and let go: nothing listens there now.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::new().with("PAAS_SERVER", &format!("http://127.0.0.1:{port}")).with("PAAS_API_KEY", TOKEN);
    assert_snapshot!(sandbox.transcript(&["apps"]));
}

#[test]
fn a_server_without_tls_is_no_trusted_server() {
    let server = Server::start(vec![]);
    let sandbox =
        Sandbox::new().with("PAAS_SERVER", &server.url.replace("http:", "https:")).with("PAAS_API_KEY", TOKEN);
    assert_snapshot!(sandbox.transcript(&["apps"]));
}

#[test]
fn answers_that_are_not_of_this_api_are_reported_as_such() {
    let page = Answer::text("text/html", "<html>");
    let server = Server::start(vec![("GET /account", page.clone()), ("GET /users/~/apps", page.status(502))]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["whoami"]));
    assert_snapshot!(sandbox.transcript(&["apps"]));
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let apps: Vec<_> = (0..5_000).map(|number| crate::fixtures::app(&format!("app-{number}"))).collect();
    let server = Server::start(vec![("GET /users/~/apps", Answer::json(&json!(apps)))]);
    let sandbox = Sandbox::on(&server);
    let paas = env!("CARGO_BIN_EXE_paas");
    let ask = format!("{paas} apps --json | head -n 1; echo ${{PIPESTATUS[0]}}");
    let output = sandbox.command(std::path::Path::new("bash")).args(["-c", &ask]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "[\n0\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
