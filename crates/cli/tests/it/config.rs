use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::{
    fixtures::release,
    sandbox::Sandbox,
    server::{Answer, Server},
};

const PATH: &str = "/apps/demo/config-vars";

fn server(vars: &Value) -> Server {
    Server::start(vec![
        (&format!("GET {PATH}"), Answer::json(vars)),
        (&format!("PATCH {PATH}"), Answer::json(&json!({ "A": "1", "B": "two words", "OTHER": "x" }))),
        ("GET /apps/demo/releases", Answer::json(&json!([release(7, "Set A config vars", "succeeded", true)]))),
    ])
}

#[test]
fn config_vars_are_shown_aligned_as_json_and_for_a_shell() {
    let server = server(&json!({ "A": "1", "LONG_NAME": "two words", "PEM": "a\nb" }));
    let sandbox = Sandbox::on(&server);
    assert_snapshot!(sandbox.transcript(&["config", "-a", "demo"]));
    assert_snapshot!(sandbox.transcript(&["config", "-a", "demo", "--json"]));
    assert_snapshot!(sandbox.transcript(&["config", "-a", "demo", "--shell"]));
}

#[test]
fn get_prints_the_value_alone_and_nothing_for_an_unknown_key() {
    let server = server(&json!({ "A": "1" }));
    let output = Sandbox::on(&server).paas(&["config:get", "A", "MISSING", "-a", "demo"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n\n");
}

#[test]
fn a_value_with_escape_sequences_arrives_as_it_is() {
    let server = server(&json!({ "A": "\u{1b}[31mred" }));
    let output = Sandbox::on(&server).paas(&["config:get", "A", "-a", "demo"]);
    assert_eq!(output.stdout, b"\x1b[31mred\n");
}

#[test]
fn set_tells_the_release_that_it_made() {
    let server = server(&json!({}));
    assert_snapshot!(Sandbox::on(&server).transcript(&["config:set", "A=1", "B=two words", "-a", "demo"]));
    assert_eq!(server.body_of(&format!("PATCH {PATH}")), r#"{"A":"1","B":"two words"}"#);
    assert_eq!(server.asked()[1].headers["range"], "version ..; max=1, order=desc");
}

#[test]
fn a_value_may_hold_equals_signs_and_a_key_must_be_there() {
    let first = server(&json!({}));
    assert!(Sandbox::on(&first).paas(&["config:set", "URL=a=b=c", "-a", "demo"]).status.success());
    assert_eq!(first.body_of(&format!("PATCH {PATH}")), r#"{"URL":"a=b=c"}"#);
    let second = server(&json!({}));
    assert_snapshot!(Sandbox::on(&second).transcript(&["config:set", "A=1", "nonsense", "-a", "demo"]));
    assert!(second.asked().is_empty());
}

#[test]
fn unset_sends_null() {
    let server = server(&json!({ "A": "1" }));
    assert_snapshot!(Sandbox::on(&server).transcript(&["config:unset", "A", "-a", "demo"]));
    assert_eq!(server.body_of(&format!("PATCH {PATH}")), r#"{"A":null}"#);
}

#[test]
fn edit_sends_what_changed_and_keeps_values_of_many_lines() {
    let server = server(&json!({ "A": "1", "GONE": "x", "PEM": "-----\na'b\n-----\n" }));
    let sandbox = Sandbox::on(&server);
    // What an editor does: another value, a line gone, a new one.
    let editor = sandbox.script(
        "editor",
        r#"sed -i -e "s/^A=1/A='1 2'/" -e /^GONE/d "$1"; stat -c %a "$1" >&2; echo 'NEW="n"' >> "$1""#,
    );
    let sandbox = sandbox.with("EDITOR", &editor.to_string_lossy());
    assert_snapshot!(sandbox.transcript(&["config:edit", "-a", "demo"]));
    assert_eq!(server.body_of(&format!("PATCH {PATH}")), r#"{"A":"1 2","GONE":null,"NEW":"n"}"#);
}

#[test]
fn edit_of_one_key_edits_its_value_as_it_is() {
    let server = server(&json!({ "PEM": "a\nb" }));
    let sandbox = Sandbox::on(&server);
    let editor = sandbox.script("my editor", r#"echo c >> "$2""#);
    let sandbox = sandbox.with("EDITOR", &format!("'{}' --wait", editor.display()));
    assert!(sandbox.paas(&["config:edit", "PEM", "-a", "demo"]).status.success());
    assert_eq!(server.body_of(&format!("PATCH {PATH}")), r#"{"PEM":"a\nb\nc"}"#);
}

#[test]
fn an_edit_that_changes_nothing_fails_or_makes_no_sense_changes_nothing() {
    let server = server(&json!({ "A": "1" }));
    for (editor, code) in [("true", 0), ("false", 1), ("echo nonsense >>", 1)] {
        let output = Sandbox::on(&server).with("EDITOR", editor).paas(&["config:edit", "-a", "demo"]);
        assert_eq!(output.status.code(), Some(code), "{editor}: {output:?}");
    }
    assert_snapshot!(Sandbox::on(&server).with("EDITOR", "echo nonsense >>").transcript(&[
        "config:edit",
        "-a",
        "demo"
    ]));
    assert!(!server.asked().iter().any(|asked| asked.what.starts_with("PATCH")));
}

#[test]
fn an_edit_does_not_undo_what_someone_else_set_meanwhile() {
    let server = Server::start(vec![
        (&format!("GET {PATH}"), Answer::json(&json!({ "A": "1" }))),
        (&format!("GET {PATH}"), Answer::json(&json!({ "A": "of someone else" }))),
    ]);
    let sandbox = Sandbox::on(&server).with("EDITOR", "sed -i s/1/2/");
    assert_snapshot!(sandbox.transcript(&["config:edit", "-a", "demo"]));
}
