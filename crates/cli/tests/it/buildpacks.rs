use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::buildpacks,
    sandbox::Sandbox,
    server::{Answer, Server},
};

const PATH: &str = "/apps/demo/buildpack-installations";

fn server(before: &[&str], after: &[&str]) -> Server {
    Server::start(vec![
        (&format!("GET {PATH}"), Answer::json(&buildpacks(before))),
        (&format!("PUT {PATH}"), Answer::json(&buildpacks(after))),
    ])
}

#[test]
fn buildpacks_are_listed_in_order() {
    assert_snapshot!(Sandbox::on(&server(&[], &[])).transcript(&["buildpacks", "-a", "demo"]));
    let two = server(&["heroku/nodejs", "heroku/python"], &[]);
    assert_snapshot!(Sandbox::on(&two).transcript(&["buildpacks", "-a", "demo"]));
}

#[test]
fn each_change_sends_the_whole_list() {
    for (before, args, sent) in [
        (&["a", "b"][..], &["buildpacks:add", "c"][..], &["a", "b", "c"][..]),
        (&["a", "b"], &["buildpacks:add", "c", "-i", "1"], &["c", "a", "b"]),
        (&["a", "b"], &["buildpacks:add", "c", "-i", "9"], &["a", "b", "c"]),
        (&["a", "b"], &["buildpacks:set", "c"], &["c", "b"]),
        (&["a", "b"], &["buildpacks:set", "c", "-i", "2"], &["a", "c"]),
        (&[], &["buildpacks:set", "c"], &["c"]),
        (&["a", "b"], &["buildpacks:remove", "a"], &["b"]),
        (&["a", "b"], &["buildpacks:remove", "-i", "2"], &["a"]),
        (&["a", "b"], &["buildpacks:clear"], &[]),
    ] {
        let server = server(before, sent);
        let output = Sandbox::on(&server).paas(&[args, &["-a", "demo"]].concat());
        assert!(output.status.success(), "{args:?}: {output:?}");
        let updates: Vec<_> = sent.iter().map(|name| json!({ "buildpack": name })).collect();
        assert_eq!(server.body_of(&format!("PUT {PATH}")), json!({ "updates": updates }).to_string(), "{args:?}");
    }
}

#[test]
fn what_happens_next_is_told() {
    let add = server(&["heroku/nodejs"], &["heroku/nodejs", "heroku/python"]);
    assert_snapshot!(Sandbox::on(&add).transcript(&["buildpacks:add", "heroku/python", "-a", "demo"]));
    let clear = server(&["heroku/nodejs"], &[]);
    assert_snapshot!(Sandbox::on(&clear).transcript(&["buildpacks:clear", "-a", "demo"]));
    let duplicate = server(&["heroku/nodejs"], &[]);
    assert_snapshot!(Sandbox::on(&duplicate).transcript(&["buildpacks:add", "heroku/nodejs", "-a", "demo"]));
}
