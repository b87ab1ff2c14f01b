use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{error, host},
    sandbox::Sandbox,
    server::{Answer, Server},
};

#[test]
fn hosts_are_listed_with_what_they_carry() {
    let mut lost = host("web-2", "lost", 0);
    lost["reason"] = json!("its engine does not answer");
    lost["seen_at"] = json!(null);
    let mut local = host("local", "ready", 12);
    for field in ["instance_type", "price_per_hour", "pool", "address"] {
        local[field] = json!(null);
    }
    local["spot"] = json!(false);
    let all = json!([local, host("web-1", "ready", 3), lost]);
    let server = Server::start(vec![("GET /hosts", Answer::json(&all)), ("GET /hosts/web-1", Answer::json(&all[1]))]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["hosts"]));
    assert_snapshot!(sandbox.transcript(&["hosts:info", "web-1"]));
    let printed: serde_json::Value = serde_json::from_slice(&sandbox.paas(&["hosts", "--json"]).stdout).unwrap();
    assert_eq!(printed, all);
}

#[test]
fn without_hosts_there_is_a_way_to_add_one() {
    let server = Server::start(vec![("GET /hosts", Answer::json(&json!([])))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["hosts"]));
}

#[test]
fn who_is_not_the_owner_is_told_so() {
    let refusal = error("forbidden", "Hosts and pools are for the owner of this installation.", None);
    let server = Server::start(vec![("GET /hosts", Answer::json(&refusal).status(403))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["hosts"]));
}

#[test]
fn add_prints_the_command_and_nothing_else_to_standard_output() {
    let command = "(script=$(curl 'https://localhost:5443/hosts/join.sh') &&\n\
                   printf 'set -- %s\\n%s\\n' 'JOIN-secret' \"$script\" | sh)\n";
    let answer = json!({ "command": command, "expires_at": "2126-01-02T03:04:05Z" });
    let server = Server::start(vec![("POST /hosts", Answer::json(&answer).status(201))]);
    let output = Sandbox::on(&server).paas(&["hosts:add", "builder", "--label", "role=build", "--label", "disk=ssd"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), command);
    assert_eq!(server.body_of("POST /hosts"), r#"{"labels":{"disk":"ssd","role":"build"},"name":"builder"}"#);
    assert_snapshot!(Sandbox::on(&server).transcript(&["hosts:add", "--label", "role"]));
}

#[test]
fn labels_are_set_and_taken_away_one_by_one() {
    let mut before = host("local", "ready", 0);
    before["labels"] = json!({"disk": "ssd", "zone": "a"});
    let mut after = before.clone();
    after["labels"] = json!({"disk": "ssd", "role": "build"});
    let patch = "PATCH /hosts/01234567-89ab-cdef-0123-000000000009";
    let server = Server::start(vec![("GET /hosts/local", Answer::json(&before)), (patch, Answer::json(&after))]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["hosts:labels", "local", "role=build", "zone-"]));
    assert_eq!(server.body_of(patch), r#"{"labels":{"disk":"ssd","role":"build"}}"#);
    assert_snapshot!(sandbox.transcript(&["hosts:labels", "local"]));
}

#[test]
fn drain_waits_until_the_host_is_empty() {
    let server = Server::start(vec![
        ("POST /hosts/web-1/actions/drain", Answer::json(&host("web-1", "draining", 3))),
        (HOST, Answer::json(&host("web-1", "draining", 1))),
        (HOST, Answer::json(&host("web-1", "draining", 0))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["hosts:drain", "web-1", "--wait"]));
    assert_snapshot!(sandbox.transcript(&["hosts:drain", "web-1"]));
}

#[test]
fn a_drain_that_somebody_took_back_is_not_waited_for() {
    let server = Server::start(vec![
        ("POST /hosts/web-1/actions/drain", Answer::json(&host("web-1", "draining", 3))),
        (HOST, Answer::json(&host("web-1", "ready", 3))),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["hosts:drain", "web-1", "--wait"]));
}

#[test]
fn undrain_tells_the_state() {
    let server = Server::start(vec![("POST /hosts/web-1/actions/undrain", Answer::json(&host("web-1", "ready", 0)))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["hosts:undrain", "web-1"]));
}

#[test]
fn remove_wants_the_name_again_only_by_force() {
    let server = Server::start(vec![
        ("GET /hosts/web-1", Answer::json(&host("web-1", "draining", 2))),
        (REMOVE, Answer::json(&host("web-1", "draining", 0))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["hosts:remove", "web-1", "--force"]));
    assert!(!server.asked().iter().any(|asked| asked.what.starts_with("DELETE")));
    assert_snapshot!(sandbox.transcript(&["hosts:remove", "web-1"]));
    assert_eq!(server.body_of(REMOVE), r#"{"force":false}"#);
}

#[test]
fn a_machine_that_may_still_run_dynos_is_pointed_out() {
    let mut was = host("web-1", "ready", 2);
    was["pool"] = json!(null);
    let server = Server::start(vec![("GET /hosts/web-1", Answer::json(&was)), (REMOVE, Answer::json(&was))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["hosts:remove", "web-1", "--force", "--confirm", "web-1"]));
    assert_eq!(server.body_of(REMOVE), r#"{"force":true}"#);
}

#[test]
fn ssh_goes_to_the_address_of_the_host() {
    let mut here = host("local", "ready", 0);
    here["address"] = json!(null);
    let server = Server::start(vec![
        ("GET /hosts/web-1", Answer::json(&host("web-1", "ready", 0))),
        ("GET /hosts/local", Answer::json(&here)),
    ]);
    let sandbox = Sandbox::on(&server);
    let ssh = sandbox.script("ssh", "printf '<%s>' \"$@\"; exit 7");
    let path = format!("{}:/usr/bin:/bin", ssh.parent().unwrap().display());
    let sandbox = sandbox.with("PATH", &path);
    assert_snapshot!(sandbox.transcript(&["hosts:ssh", "web-1", "--user", "admin", "--", "uptime", "-p"]));
    assert_snapshot!(sandbox.transcript(&["hosts:ssh", "local"]));
}

#[test]
fn what_cannot_be_a_host_is_never_asked_for() {
    let server = Server::start(vec![]);
    for name in ["..", "a/b", "", "a?b"] {
        let output = Sandbox::on(&server).paas(&["hosts:remove", name]);
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
    assert!(server.asked().is_empty());
}

/// By its id, which stays the same host's.
const HOST: &str = "GET /hosts/01234567-89ab-cdef-0123-000000000009";
const REMOVE: &str = "DELETE /hosts/01234567-89ab-cdef-0123-000000000009";
