use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::{error, id, release},
    sandbox::Sandbox,
    server::{Answer, Server},
};

fn slug(number: u32, releases: &[u32]) -> Value {
    json!({
        "buildpack_provided_description": "Node.js", "checksum": "SHA256:0123", "commit": "7894b4129a8c",
        "commit_description": null, "created_at": format!("2026-01-02T03:04:{number:02}Z"), "id": id(400 + number),
        "process_types": { "web": "node server.js", "worker": "node worker.js" }, "releases": releases,
        "size": 38_063_309, "stack": { "id": id(6), "name": "debian-13" }, "updated_at": "2026-01-02T03:04:05Z",
    })
}

fn file(kind: &str, mode: &str, size: u64, target: Option<&str>) -> Value {
    json!({ "kind": kind, "mode": mode, "size": size, "target": target })
}

#[test]
fn slugs_are_listed_with_the_releases_that_use_them() {
    let slugs = json!([slug(1, &[3, 5]), slug(2, &[4]), slug(3, &[])]);
    let server = Server::start(vec![
        ("GET /apps/demo/slugs", Answer::json(&slugs)),
        ("GET /apps/bare/slugs", Answer::json(&json!([]))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["slugs", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["slugs", "-a", "bare"]));
}

#[test]
fn a_slug_is_shown_with_its_folders_or_its_files() {
    let folder = |path: &str, bytes: u64, files: u64| json!({ "path": path, "bytes": bytes, "files": files });
    let contents = json!({
        "bytes": 104_857_600, "files": 1_234, "slug": slug(2, &[4]),
        "folders": [folder("node_modules", 90_000_000, 1_200), folder("node_modules/next", 60_000_000, 700), folder("bin", 10, 1)],
    });
    let mut script = file("file", "755", 10, None);
    script["path"] = json!("bin/run");
    let mut link = file("symlink", "777", 0, Some("/etc/\u{1b}[31mpasswd"));
    link["path"] = json!("link");
    let mut current = release(4, "Deploy 7894b412", "succeeded", true);
    current["slug"] = json!({ "id": id(402) });
    let server = Server::start(vec![
        ("GET /apps/demo/releases", Answer::json(&json!([release(5, "Deploy", "failed", false), current]))),
        ("GET /apps/demo/slugs/v4/contents", Answer::json(&contents)),
        ("GET /apps/demo/slugs/v4/files", Answer::json(&json!([script, link]))),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["slugs:info", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["slugs:info", "v4", "--files", "-a", "demo"]));
}

#[test]
fn two_slugs_are_compared_file_by_file() {
    let change = |change: &str, path: &str, from: Value, to: Value| json!({ "change": change, "path": path, "from": from, "to": to });
    let files = json!([
        change("changed", "bin/run", file("file", "644", 10, None), file("file", "755", 10, None)),
        change("removed", "lib/gone", file("file", "644", 2_048, None), json!(null)),
        change("changed", "lib/link", file("symlink", "777", 0, Some("a")), file("symlink", "777", 0, Some("b"))),
        change("changed", "lib/x", file("file", "644", 1_500, None), file("file", "644", 3_000, None)),
        change("added", "lib/y", json!(null), file("file", "644", 5, None)),
    ]);
    let diff = |files: &Value, to_bytes: u64| {
        json!({
            "files": files, "from": slug(1, &[3]), "from_bytes": 10_000, "to": slug(2, &[4]), "to_bytes": to_bytes,
            "unchanged": 1_230,
        })
    };
    let gone = error("not_found", "The files of slug v2 are not in the registry any more.", Some("slug"));
    let server = Server::start(vec![
        ("GET /apps/demo/slugs/v4/diff?from=v3", Answer::json(&diff(&files, 9_457))),
        ("GET /apps/demo/slugs/v5/diff?from=v3", Answer::json(&diff(&json!([]), 10_000))),
        ("GET /apps/demo/slugs/v4/diff?from=v2", Answer::json(&gone).status(404)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["slugs:diff", "v3", "v4", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["slugs:diff", "v3", "v5", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["slugs:diff", "v2", "v4", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["slugs:diff", "../x", "v4", "-a", "demo"]));
}
