use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::id,
    sandbox::Sandbox,
    server::{Answer, Server},
};

#[test]
fn an_explanation_lists_hosts_best_first() {
    let verdict = |name: &str, verdict: &str, reason: &str, is_here: bool| json!({ "is_here": is_here, "name": name, "reason": reason, "verdict": verdict });
    let explanation = json!({
        "app": { "id": id(3), "name": "demo" }, "cpu_millis": 50, "memory_mb": 512, "size": "Standard-1X", "type": "web",
        "hosts": [
            verdict("first", "chosen", "0 of this type, 0 in its zone, 0 of this app, 900 MB free", false),
            verdict("second", "unfit", "too full, 100 MB free", true),
        ],
    });
    let server = Server::start(vec![
        ("GET /apps/demo/explain?type=web", Answer::json(&explanation)),
        ("GET /hosts/first/explain?app=demo&dyno=web.1", Answer::json(&explanation)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["hosts:explain", "-a", "demo"]));
    assert!(sandbox.paas(&["hosts:explain", "first", "-a", "demo", "-d", "web.1"]).status.success());
}

#[test]
fn labels_are_set_and_taken_away_one_by_one() {
    let now = json!({ "canary_seconds": null, "health_path": null, "labels": { "dedicated": "shop", "disk": "ssd" } });
    let server = Server::start(vec![
        ("GET /apps/demo/placement", Answer::json(&now)),
        ("PATCH /apps/demo/placement", Answer::json(&now)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["apps:labels", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["apps:labels", "disk-", "zone=a", "-a", "demo"]));
    assert_eq!(server.body_of("PATCH /apps/demo/placement"), r#"{"labels":{"dedicated":"shop","zone":"a"}}"#);
    assert_snapshot!(sandbox.transcript(&["apps:labels", "nonsense", "-a", "demo"]));
}

#[test]
fn canary_and_health_are_shown_set_and_switched_off() {
    let now = json!({ "canary_seconds": 30, "health_path": "/health", "labels": {} });
    let off = json!({ "canary_seconds": null, "health_path": null, "labels": {} });
    let server = Server::start(vec![
        ("GET /apps/demo/placement", Answer::json(&now)),
        ("PATCH /apps/demo/placement", Answer::json(&now)),
        ("PATCH /apps/demo/placement", Answer::json(&off)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["apps:canary", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["apps:canary", "30", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["apps:health", "off", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["apps:canary", "soon", "-a", "demo"]));
    let bodies: Vec<_> =
        server.asked().into_iter().filter(|asked| asked.what.starts_with("PATCH")).map(|asked| asked.body).collect();
    assert_eq!(bodies, [r#"{"canary_seconds":30}"#, r#"{"health_path":""}"#]);
}
