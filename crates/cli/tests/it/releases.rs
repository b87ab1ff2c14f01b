use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{id, release},
    sandbox::Sandbox,
    server::{Answer, Server},
};

fn server() -> Server {
    let mut rolled_back = release(6, "Rollback to v3", "pending", false);
    rolled_back["output_stream_url"] = json!("BASE/output/secret");
    let list = json!([
        release(5, "Deploy 7894b412", "failed", false),
        release(4, "Set A config vars", "succeeded", true),
        release(3, "Deploy 1a2b3c4d", "succeeded", false),
        release(2, "Enable Logplex", "succeeded", false),
    ]);
    Server::start(vec![
        ("GET /apps/demo/releases", Answer::json(&list)),
        ("GET /apps/demo/releases/4", Answer::json(&release(4, "Set A config vars", "succeeded", true))),
        ("GET /apps/demo/releases/4/config-vars", Answer::json(&json!({ "A": "1" }))),
        ("POST /apps/demo/releases", Answer::json(&rolled_back).status(201)),
        ("GET /output/secret", Answer::text("text/plain", "migrating\n")),
    ])
}

#[test]
fn releases_are_listed_with_their_state() {
    let server = server();
    assert_snapshot!(Sandbox::on(&server).transcript(&["releases", "-n", "4", "-a", "demo"]));
    assert_eq!(server.asked()[0].headers["range"], "version ..; max=4, order=desc");
}

#[test]
fn a_release_is_shown_with_its_config_vars() {
    assert_snapshot!(Sandbox::on(&server()).transcript(&["releases:info", "v4", "-a", "demo"]));
}

#[test]
fn a_release_without_a_release_phase_has_no_output() {
    assert_snapshot!(Sandbox::on(&server()).transcript(&["releases:output", "4", "-a", "demo"]));
}

#[test]
fn rollback_goes_to_the_eligible_release_before_this_one() {
    let server = server();
    assert_snapshot!(Sandbox::on(&server).transcript(&["rollback", "-a", "demo"]));
    assert_eq!(server.body_of("POST /apps/demo/releases"), json!({ "release": id(103) }).to_string());
}
