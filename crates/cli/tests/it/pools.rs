use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::{error, pool},
    sandbox::Sandbox,
    server::{Answer, Server},
};

#[test]
fn pools_are_listed_with_what_went_wrong() {
    let mut broken = pool("builders", 0);
    broken["last_error"] = json!("There is no subnet subnet-0123.");
    let all = json!([broken, pool("main", 2)]);
    let server = Server::start(vec![("GET /pools", Answer::json(&all)), ("GET /pools/main", Answer::json(&all[1]))]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["pools"]));
    assert_snapshot!(sandbox.transcript(&["pools:info", "main"]));
    let printed: Value = serde_json::from_slice(&sandbox.paas(&["pools", "--json"]).stdout).unwrap();
    assert_eq!(printed, all);
}

#[test]
fn without_pools_there_is_a_way_to_make_one() {
    let server = Server::start(vec![("GET /pools", Answer::json(&json!([])))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["pools"]));
}

#[test]
fn create_sends_what_was_given() {
    let server = Server::start(vec![("POST /pools", Answer::json(&pool("main", 0)).status(201))]);
    let args = [
        "pools:create",
        "main",
        "--max",
        "5",
        "--types",
        "m6i.large,m6i.xlarge",
        "--zones",
        "eu-central-1a",
        "--image",
        "ami-0123",
        "--purchase",
        "spot-first",
        "--subnet",
        "eu-central-1a=subnet-1",
        "--label",
        "disk=ssd",
        "--security-groups",
        "",
    ];
    assert_snapshot!(Sandbox::on(&server).transcript(&args));
    let sent: Value = serde_json::from_str(&server.body_of("POST /pools")).unwrap();
    assert_eq!(
        sent,
        json!({
            "name": "main", "max": 5, "types": ["m6i.large", "m6i.xlarge"], "zones": ["eu-central-1a"], "image": "ami-0123",
            "purchase": "spot_first", "subnets": {"eu-central-1a": "subnet-1"}, "labels": {"disk": "ssd"},
            "security_groups": [],
        })
    );
}

#[test]
fn a_refusal_says_what_to_do() {
    let refusal = error("invalid_params", "A pool needs max, types, zones, an image, too.", None);
    let server = Server::start(vec![("POST /pools", Answer::json(&refusal).status(422))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["pools:create", "main"]));
}

#[test]
fn set_changes_labels_and_subnets_one_by_one() {
    let server = Server::start(vec![
        ("GET /pools/main", Answer::json(&pool("main", 2))),
        ("PATCH /pools/main", Answer::json(&pool("main", 2))),
    ]);
    let sandbox = Sandbox::on(&server);
    let args = [
        "pools:set",
        "main",
        "--label",
        "disk-",
        "--label",
        "role=build",
        "--subnet",
        "eu-central-1b=subnet-2",
        "--min",
        "0",
    ];
    assert!(sandbox.paas(&args).status.success());
    let sent: Value = serde_json::from_str(&server.body_of("PATCH /pools/main")).unwrap();
    assert_eq!(
        sent,
        json!({
            "min": 0, "labels": {"role": "build"},
            "subnets": {"eu-central-1a": "subnet-0123", "eu-central-1b": "subnet-2"},
        })
    );
    assert_snapshot!(sandbox.transcript(&["pools:set", "main"]));
    assert_snapshot!(sandbox.transcript(&["pools:set", "main", "--subnet", "subnet-2"]));
    assert_eq!(sandbox.paas(&["pools:set", "main", "--purchase", "cheap"]).status.code(), Some(2));
}

#[test]
fn a_plan_shows_changes_and_costs() {
    let plan = json!({
        "drain": [{ "host": "main-0001", "price_per_hour": 0.192, "reason": "the pool has a newer image" }],
        "has_unknown_prices": true, "held_reason": "There is no subnet subnet-0123.",
        "held_until": "2026-01-02T03:04:05Z", "hosts_after": 2, "hosts_before": 1,
        "launch": [
            { "instance_type": "m6i.large", "price_per_hour": 0.096, "spot": true, "zone": "eu-central-1a" },
            { "instance_type": "m6i.huge", "price_per_hour": null, "spot": false, "zone": "eu-central-1b" },
        ],
        "price_after": 0.096, "price_before": 0.192, "spare": ["main-0002"], "terminate": [],
        "waiting": ["web of demo: no host has 512 MB of memory free"],
    });
    let server = Server::start(vec![
        ("GET /pools/main/plan", Answer::json(&plan)),
        ("GET /pools/main/plan?min=2&types=a%2Cb", Answer::json(&plan)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["pools:plan", "main"]));
    assert!(sandbox.paas(&["pools:plan", "main", "--min", "2", "--types", "a,b"]).status.success());
    let nothing = json!({
        "drain": [], "has_unknown_prices": false, "held_reason": null, "held_until": null, "hosts_after": 1,
        "hosts_before": 1, "launch": [], "price_after": 0.192, "price_before": 0.192, "spare": [], "terminate": [],
        "waiting": [],
    });
    let server = Server::start(vec![("GET /pools/main/plan", Answer::json(&nothing))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["pools:plan", "main"]));
}

#[test]
fn destroy_wants_the_name_again() {
    let server = Server::start(vec![
        ("GET /pools/main", Answer::json(&pool("main", 0))),
        ("DELETE /pools/main", Answer::json(&pool("main", 0))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["pools:destroy", "main"]));
    assert!(!server.asked().iter().any(|asked| asked.what.starts_with("DELETE")));
    assert_snapshot!(sandbox.transcript(&["pools:destroy", "main", "--confirm", "main"]));
}
