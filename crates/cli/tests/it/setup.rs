use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::{TIME, id},
    sandbox::Sandbox,
    server::{Answer, Server},
};

fn setup(status: &str, more: &Value) -> Value {
    let setup = json!({
        "app": { "id": id(3), "name": "demo" }, "build": null, "created_at": TIME, "failure_message": null, "id": id(9),
        "manifest_errors": [], "postdeploy": null, "resolved_success_url": null, "status": status, "updated_at": TIME,
    });
    merged(setup, more)
}

fn merged(mut object: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().into_iter().flatten() {
        object[name] = value.clone();
    }
    object
}

fn transcript(end: &Value) -> String {
    let build =
        |status| json!({ "build": { "id": id(201), "output_stream_url": "BASE/output/secret", "status": status } });
    let output = "-----> Building on the Debian 13 stack\n\n       installing\n       Released v3\n\n";
    let last = merged(setup("pending", &build("succeeded")), end);
    let server = Server::start(vec![
        ("POST /app-setups", Answer::json(&setup("pending", &build("pending"))).status(202)),
        ("GET /output/secret", Answer::text("text/plain", output)),
        (&format!("GET /app-setups/{}", id(9)), Answer::json(&last)),
    ]);
    Sandbox::on(&server).transcript(&["setup", "https://example.test/app.tgz", "--name", "demo"])
}

#[test]
fn an_app_is_set_up_and_its_build_seen() {
    assert_snapshot!(transcript(
        &json!({ "status": "succeeded", "resolved_success_url": "https://demo.example.test/" })
    ));
}

#[test]
fn a_setup_that_fails_says_all_there_is_to_say() {
    let postdeploy = json!({ "exit_code": 1, "output": "seeding\nno database\n" });
    let message = "The postdeploy script exited with status 1.";
    assert_snapshot!(transcript(&json!({ "status": "failed", "failure_message": message, "postdeploy": postdeploy })));
    let errors = json!(["config var TOKEN is required", "config var KEY is required"]);
    assert_snapshot!(transcript(
        &json!({ "status": "failed", "failure_message": "invalid app.json", "manifest_errors": errors })
    ));
}
