use insta::assert_snapshot;
use serde_json::json;

use crate::{
    fixtures::{account, feature},
    sandbox::Sandbox,
    server::{Answer, Server},
};

fn server() -> Server {
    let (preboot, metadata) = (feature("preboot", "general", true), feature("runtime-dyno-metadata", "public", false));
    let on = feature("runtime-dyno-metadata", "public", true);
    Server::start(vec![
        ("GET /account", Answer::json(&account())),
        ("GET /account/features", Answer::json(&json!([]))),
        ("GET /apps/demo/features", Answer::json(&json!([preboot, metadata]))),
        ("GET /apps/demo/features/preboot", Answer::json(&preboot)),
        ("GET /apps/demo/features/runtime-dyno-metadata", Answer::json(&metadata)),
        ("PATCH /apps/demo/features/runtime-dyno-metadata", Answer::json(&on)),
    ])
}

#[test]
fn general_features_and_labs_are_listed_apart() {
    let server = server();
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["features", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["labs", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["features:info", "preboot", "-a", "demo"]));
}

#[test]
fn features_are_switched() {
    let server = server();
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["labs:enable", "runtime-dyno-metadata", "-a", "demo"]));
    assert_eq!(server.body_of("PATCH /apps/demo/features/runtime-dyno-metadata"), r#"{"enabled":true}"#);
    assert_snapshot!(sandbox.transcript(&["features:enable", "preboot", "-a", "demo"]));
}
