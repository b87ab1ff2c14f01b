use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::{app, dyno, error, formation, id, release},
    sandbox::Sandbox,
    server::{Answer, Server},
};

const NEWEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn base(name: &str, version: u32, description: &str, outdated: bool) -> Value {
    json!({
        "app": { "id": id(3), "name": name }, "description": description, "newest": NEWEST, "outdated": outdated,
        "stack": { "id": id(6), "name": "debian-13" }, "version": version,
    })
}

/// What the server says to whoever rebases this app: the new release, whose dyno is in this state.
fn rebased(name: &str, version: u32, state: &str) -> Vec<(String, Answer)> {
    let description = "Rebase on debian-13 0123456789ab";
    let new = release(version, description, "succeeded", true);
    let done = json!({ "base": base(name, version - 1, "Deploy 7894b412", true), "release": new });
    vec![
        (format!("POST /apps/{name}/actions/rebase"), Answer::json(&done)),
        (format!("GET /apps/{name}/releases/{version}"), Answer::json(&new)),
        (format!("GET /apps/{name}/formation"), Answer::json(&json!([formation("web", 1, "Basic")]))),
        (
            format!("GET /apps/{name}/dynos"),
            Answer::json(&json!([dyno("web.1", state, version.cast_signed()), dyno("run.12", "up", 1)])),
        ),
    ]
}

fn server(answers: &[(String, Answer)]) -> Server {
    Server::start(answers.iter().map(|(what, answer)| (what.as_str(), answer.clone())).collect())
}

#[test]
fn a_stack_is_set_for_the_next_build() {
    let mut changed = app("demo");
    changed["build_stack"] = json!({ "id": id(7), "name": "heroku-24" });
    let unknown = error("invalid_params", "There is no stack nonsense. Stacks: debian-13, heroku-24.", None);
    let server = Server::start(vec![
        ("PATCH /apps/demo", Answer::json(&changed)),
        ("PATCH /apps/new", Answer::json(&app("new"))),
        ("PATCH /apps/other", Answer::json(&unknown).status(422)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["stacks:set", "heroku-24", "-a", "demo"]));
    assert_eq!(server.body_of("PATCH /apps/demo"), json!({ "build_stack": "heroku-24" }).to_string());
    assert_snapshot!(sandbox.transcript(&["stack:set", "paas-13", "-a", "new"]));
    assert_snapshot!(sandbox.transcript(&["stacks:set", "nonsense", "-a", "other"]));
}

#[test]
fn the_packages_of_a_stack_are_listed() {
    let package = |name: &str, version: &str| json!({ "type": "library", "name": name, "version": version });
    let sbom = json!({ "bomFormat": "CycloneDX", "components": [package("bash", "5.2.37-2+b5"), package("libc6", "2.41-12")] });
    let stack = json!({
        "created_at": "2026-01-02T03:04:05Z", "default": true, "id": id(6), "name": "debian-13", "state": "public",
        "updated_at": "2026-01-02T03:04:05Z",
    });
    let missing = error("not_found", "Couldn't find that stack.", Some("stack"));
    let server = Server::start(vec![
        ("GET /stacks", Answer::json(&json!([stack]))),
        ("GET /stacks/debian-13/sbom", Answer::json(&sbom)),
        ("GET /stacks/nonsense/sbom", Answer::json(&missing).status(404)),
    ]);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["stacks:packages"]));
    assert_snapshot!(sandbox.transcript(&["stacks:packages", "nonsense"]));
    let json: Value =
        serde_json::from_slice(&sandbox.paas(&["stacks:packages", "debian-13", "--json"]).stdout).unwrap();
    assert_eq!(json, sbom);
}

#[test]
fn every_outdated_app_is_rebased_until_one_does_not_come_up() {
    let mut answers = vec![(
        "GET /bases".to_owned(),
        Answer::json(&json!([
            base("alpha", 3, "Deploy 7894b412", true),
            base("beta", 8, "Deploy 7894b412", true),
            base("fresh", 5, "Deploy 7894b412", false),
            base("gamma", 2, "Deploy 7894b412", true),
        ])),
    )];
    answers.extend(rebased("alpha", 4, "up"));
    answers.extend(rebased("beta", 9, "crashed"));
    let server = server(&answers);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["stacks:rebase", "--all", "--dry-run"]));
    assert_snapshot!(sandbox.transcript(&["stacks:rebase", "--all"]));
    assert!(!server.asked().iter().any(|asked| asked.what.contains("gamma")), "it stopped before");
}

#[test]
fn the_same_again_goes_on_after_the_app_that_failed_has_come_up() {
    let rebase = "Rebase on debian-13 0123456789ab";
    let bases =
        json!([base("alpha", 4, rebase, false), base("beta", 9, rebase, false), base("gamma", 2, "Deploy", true)]);
    let answers = |state: &str| {
        let mut answers = vec![("GET /bases".to_owned(), Answer::json(&bases))];
        answers.extend(rebased("alpha", 4, "up"));
        answers.extend(rebased("beta", 9, state));
        answers.extend(rebased("gamma", 3, "up"));
        answers
    };
    let still = server(&answers("crashed"));
    assert_snapshot!(Sandbox::on(&still).transcript(&["stacks:rebase", "--all"]));
    assert!(!still.asked().iter().any(|asked| asked.what.starts_with("POST")), "nothing new is begun");
    assert_snapshot!(Sandbox::on(&still).transcript(&["stacks:rebase", "--all", "--except", "beta"]));
    assert_snapshot!(Sandbox::on(&server(&answers("up"))).transcript(&["stacks:rebase", "--all"]));
}

#[test]
fn one_app_is_rebased_or_left_as_it_is() {
    let mut answers = vec![
        ("GET /apps/demo/base".to_owned(), Answer::json(&base("demo", 3, "Deploy 7894b412", true))),
        ("GET /apps/fresh/base".to_owned(), Answer::json(&base("fresh", 3, "Deploy 7894b412", false))),
        ("GET /apps/stuck/base".to_owned(), Answer::json(&base("stuck", 3, "Deploy 7894b412", true))),
        ("GET /apps/broken/base".to_owned(), Answer::json(&base("broken", 3, "Deploy 7894b412", true))),
    ];
    answers.extend(rebased("demo", 4, "up"));
    answers.extend(rebased("stuck", 4, "starting"));
    let failed = release(4, "Rebase on debian-13 0123456789ab", "failed", false);
    answers.extend([
        (
            "POST /apps/broken/actions/rebase".to_owned(),
            Answer::json(&json!({ "base": base("broken", 3, "Deploy", true), "release": failed })),
        ),
        ("GET /apps/broken/releases/4".to_owned(), Answer::json(&failed)),
    ]);
    let server = server(&answers);
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["stacks:rebase", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["stacks:rebase", "-a", "fresh"]));
    assert_snapshot!(sandbox.transcript(&["stacks:rebase", "-a", "stuck", "--timeout", "0"]));
    assert_snapshot!(sandbox.transcript(&["stacks:rebase", "-a", "broken"]));
    assert_snapshot!(sandbox.transcript(&["stacks:rebase", "--all", "-a", "demo"]));
}
