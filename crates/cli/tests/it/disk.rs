use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::{TIME, id},
    sandbox::Sandbox,
    server::{Answer, Server},
};

fn host(name: &str) -> Value {
    json!({
        "build_cache_bytes": 0, "container_bytes": 52_428_800, "disk_bytes": 107_374_182_400_u64, "error": null,
        "free_bytes": 32_212_254_720_u64, "host": { "id": id(9), "name": name }, "image_bytes": 5_368_709_120_u64,
        "unused_image_bytes": 1_073_741_824, "volume_bytes": 0,
    })
}

#[test]
fn disks_are_shown_by_host_and_by_kind() {
    let mut lost = host("web-1");
    for (field, value) in lost.as_object_mut().unwrap() {
        if field.ends_with("_bytes") {
            *value = Value::Null;
        }
    }
    lost["error"] = json!("the host is not available at the moment");
    let report = json!({
        "database_bytes": 20_971_520, "hosts": [host("local"), lost], "kept_releases": 50, "min_free": "2GB",
        "next_collection": { "error": "it lets nothing be deleted", "images": 3, "slug_bytes": 104_857_600, "slugs": 2 },
        "registry": {
            "caches_bytes": 1_073_741_824, "counted_at": TIME, "disk_bytes": 107_374_182_400_u64,
            "free_bytes": 32_212_254_720_u64, "other_bytes": 4_096, "slugs_bytes": 2_147_483_648_u64,
            "sources_bytes": 10_485_760, "stacks_bytes": 524_288_000, "unused_bytes": 0,
        },
    });
    let server = Server::start(vec![("GET /disk", Answer::json(&report))]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["disk"]));
    let printed: Value = serde_json::from_slice(&sandbox.paas(&["disk", "--json"]).stdout).unwrap();
    assert_eq!(printed, report);
}

#[test]
fn another_registrys_disk_is_not_known() {
    let report = json!({
        "database_bytes": 20_971_520, "hosts": [host("local")], "kept_releases": 5, "min_free": "5%",
        "next_collection": { "error": null, "images": 0, "slug_bytes": 0, "slugs": 0 }, "registry": null,
    });
    let server = Server::start(vec![("GET /disk", Answer::json(&report))]);
    assert_snapshot!(Sandbox::on(&server).transcript(&["disk"]));
}
