use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{dyno, formation, host, id, release},
    sandbox::Sandbox,
    server::{Answer, Server},
};

#[test]
fn dynos_are_listed_by_type_and_number() {
    let names = ["web.10", "web.2", "run.4242", "clock.1"];
    let dynos: Vec<_> =
        names.iter().map(|name| dyno(name, if *name == "web.2" { "crashed" } else { "up" }, 3)).collect();
    let server = Server::start(vec![("GET /apps/demo/dynos", Answer::json(&json!(dynos)))]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["ps", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["ps", "clock", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["ps", "nope", "-a", "demo"]));
}

#[test]
fn the_host_of_each_dyno_is_shown_on_demand() {
    let placed = |name: &str, host: u32| {
        let mut dyno = dyno(name, "up", 3);
        dyno["host"] = json!({ "id": id(host) });
        dyno
    };
    let dynos = json!([placed("web.1", 9), placed("web.2", 12), dyno("web.3", "starting", 3)]);
    let server = Server::start(vec![
        ("GET /apps/demo/dynos", Answer::json(&dynos)),
        ("GET /hosts", Answer::json(&json!([host("first", "ready", 1)]))),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["ps", "--extended", "-a", "demo"]));
}

#[test]
fn scale_sends_quantities_as_text_and_tells_what_runs() {
    let now = json!([
        formation("web", 2, "Standard-2X"),
        formation("low-priority", 0, "Basic"),
        formation("other", 1, "Basic")
    ]);
    let server = Server::start(vec![
        ("PATCH /apps/demo/formation", Answer::json(&now)),
        ("GET /apps/demo/formation", Answer::json(&now)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["ps:scale", "web=2:Standard-2X", "low-priority-1", "-a", "demo"]));
    assert_eq!(
        server.body_of("PATCH /apps/demo/formation"),
        r#"{"updates":[{"quantity":"2","size":"Standard-2X","type":"web"},{"quantity":"-1","type":"low-priority"}]}"#
    );
    assert_snapshot!(sandbox.transcript(&["ps:scale", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["ps:scale", "web", "-a", "demo"]));
}

#[test]
fn restart_and_stop_reach_one_dyno_a_type_or_all() {
    for (args, asked) in [
        (&["ps:restart"][..], "DELETE /apps/demo/dynos"),
        (&["ps:restart", "web.1"], "DELETE /apps/demo/dynos/web.1"),
        (&["ps:restart", "-d", "web.1"], "DELETE /apps/demo/dynos/web.1"),
        (&["ps:restart", "web"], "DELETE /apps/demo/formations/web"),
        (&["restart", "-p", "web"], "DELETE /apps/demo/formations/web"),
        (&["ps:stop", "run.1"], "POST /apps/demo/dynos/run.1/actions/stop"),
        (&["ps:stop", "-p", "web"], "POST /apps/demo/formations/web/actions/stop"),
    ] {
        let server = Server::start(vec![(asked, Answer::json(&json!({})).status(202))]);
        let output = Sandbox::on(&server).paas(&[args, &["-a", "demo"]].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        assert_eq!(server.asked()[0].what, asked);
    }
    let server = Server::start(vec![("DELETE /apps/demo/dynos/web.1", Answer::json(&json!({})).status(202))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["ps:restart", "web.1", "-a", "demo"]));
    assert_eq!(Sandbox::on(&server).paas(&["ps:stop", "-a", "demo"]).status.code(), Some(2), "stop wants to know what");
}

#[test]
fn wait_ends_when_every_dyno_runs_the_newest_release() {
    let dynos = |state, version| {
        Answer::json(&json!([dyno("web.1", "up", 4), dyno("web.2", state, version), dyno("run.1", "up", 1)]))
    };
    let server = Server::start(vec![
        ("GET /apps/demo/releases", Answer::json(&json!([release(4, "Deploy", "succeeded", true)]))),
        ("GET /apps/demo/dynos", dynos("up", 3)),
        ("GET /apps/demo/dynos", dynos("starting", 4)),
        ("GET /apps/demo/dynos", dynos("up", 4)),
    ]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["ps:wait", "-a", "demo"]));
}
