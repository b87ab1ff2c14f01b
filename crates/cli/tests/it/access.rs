use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::{account, app, error, id},
    sandbox::Sandbox,
    server::{Answer, Server},
};

const TIME: &str = "2026-01-02T03:04:05Z";

fn collaborator(email: &str, role: &str, permissions: &[&str]) -> Value {
    let permission = |name: &&str| json!({ "name": name, "description": "" });
    json!({
        "app": { "id": id(3), "name": "demo" }, "created_at": TIME, "id": id(11), "role": role, "updated_at": TIME,
        "permissions": permissions.iter().map(permission).collect::<Vec<_>>(),
        "user": { "email": email, "federated": false, "id": id(12) },
    })
}

fn transfer(state: &str) -> Value {
    json!({
        "app": { "id": id(3), "name": "demo" }, "created_at": TIME, "id": id(13), "state": state, "updated_at": TIME,
        "owner": { "email": "owner@example.com", "id": id(1) }, "recipient": { "email": "friend@example.com", "id": id(12) },
    })
}

fn event(action: &str, status: &Value, detail: &Value) -> Value {
    json!({
        "action": action, "app": { "id": id(3), "name": "demo" }, "at": TIME, "detail": detail, "ended_at": TIME,
        "id": id(14), "method": "PATCH", "path": "/apps/{app}", "remote_address": "203.0.113.5", "request_id": id(15),
        "status": status, "token": "laptop", "user": { "email": "owner@example.com", "id": id(1) },
    })
}

#[test]
fn access_is_listed_by_address() {
    let all = json!([
        collaborator("owner@example.com", "owner", &["view", "deploy", "operate", "manage"]),
        collaborator("friend@example.com", "collaborator", &["view", "deploy"]),
    ]);
    let server = Server::start(vec![("GET /apps/demo/collaborators", Answer::json(&all))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["access", "-a", "demo"]));
}

#[test]
fn adding_sends_the_permissions_that_were_chosen() {
    let path = "POST /apps/demo/collaborators";
    let answer = Answer::json(&collaborator("friend@example.com", "collaborator", &["view", "deploy"])).status(201);
    let server = Server::start(vec![(path, answer.clone())]);
    assert_snapshot!(Sandbox::on(&server).transcript(&[
        "access:add",
        "friend@example.com",
        "-p",
        "deploy",
        "-a",
        "demo"
    ]));
    assert_eq!(server.body_of(path), r#"{"user":"friend@example.com","permissions":["deploy","view"]}"#);
    let server = Server::start(vec![(path, answer)]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["access:add", "friend@example.com", "-a", "demo"]));
    assert_eq!(server.body_of(path), r#"{"user":"friend@example.com"}"#);
}

#[test]
fn somebody_without_an_account_is_the_servers_to_refuse() {
    let body = error("invalid_params", "There is no account nobody@example.com here.", None);
    let server = Server::start(vec![("POST /apps/demo/collaborators", Answer::json(&body).status(422))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["access:add", "nobody@example.com", "-a", "demo"]));
}

#[test]
fn access_is_changed_taken_away_and_given_up() {
    let one = collaborator("friend@example.com", "collaborator", &["view"]);
    let server = Server::start(vec![
        ("PATCH /apps/demo/collaborators/friend@example.com", Answer::json(&one)),
        ("DELETE /apps/demo/collaborators/friend@example.com", Answer::json(&one)),
        ("DELETE /apps/demo/collaborators/owner@example.com", Answer::json(&one)),
        ("GET /account", Answer::json(&account())),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&[
        "access:update",
        "friend@example.com",
        "-p",
        "deploy,operate",
        "-a",
        "demo"
    ]));
    assert_snapshot!(sandbox.transcript(&["access:remove", "friend@example.com", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["apps:leave", "-a", "demo"]));
}

#[test]
fn an_app_is_offered_accepted_declined_and_taken_back() {
    let one = "/account/app-transfers/demo";
    let server = Server::start(vec![
        ("GET /apps/demo", Answer::json(&app("demo"))),
        ("POST /account/app-transfers", Answer::json(&transfer("pending")).status(201)),
        ("GET /account/app-transfers", Answer::json(&json!([transfer("pending")]))),
        (&format!("PATCH {one}"), Answer::json(&transfer("accepted"))),
        (&format!("DELETE {one}"), Answer::json(&transfer("pending"))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["apps:transfer", "friend@example.com", "-a", "demo"]));
    assert_eq!(server.body_of("POST /account/app-transfers"), r#"{"app":"demo","recipient":"friend@example.com"}"#);
    assert_snapshot!(sandbox.transcript(&["apps:transfers"]));
    assert_snapshot!(sandbox.transcript(&["apps:transfer:accept", "-a", "demo"]));
    assert_eq!(server.body_of(&format!("PATCH {one}")), r#"{"state":"accepted"}"#);
    assert_snapshot!(sandbox.transcript(&["apps:transfer:decline", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["apps:transfer:cancel", "-a", "demo"]));
}

#[test]
fn the_audit_shows_the_newest_and_what_is_not_known() {
    let all = json!([
        event("app.update", &Value::Null, &json!({})),
        event("config-vars.update", &json!(200), &json!({ "changed": ["LANG", "MODE"] })),
    ]);
    let server = Server::start(vec![
        ("GET /apps/demo/audit?action=app.update", Answer::json(&all)),
        ("GET /audit", Answer::json(&json!([]))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["audit", "-a", "demo", "-n", "2", "--action", "app.update"]));
    assert_eq!(server.asked()[0].headers["range"], "id ..; max=2, order=desc");
    assert_snapshot!(sandbox.transcript(&["audit", "--all"]));
}
