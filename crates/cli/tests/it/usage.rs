use insta::assert_snapshot;

use crate::sandbox::Sandbox;

#[test]
fn an_unknown_command_names_the_nearest() {
    assert_snapshot!(Sandbox::new().transcript(&["confg:set", "A=1"]));
    assert_snapshot!(Sandbox::new().transcript(&["zzzzzz"]));
}

#[test]
fn the_version_is_data() {
    let sandbox = Sandbox::new();
    let version = format!("paas {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8(sandbox.paas(&["--version"]).stdout).unwrap(), version);
    assert_eq!(String::from_utf8(sandbox.paas(&["version"]).stdout).unwrap(), version);
}

#[test]
fn help_lists_every_command() {
    assert_snapshot!(Sandbox::new().transcript(&["help"]));
}

#[test]
fn an_argument_that_is_missing_is_an_error_of_usage() {
    assert_snapshot!(Sandbox::new().transcript(&["config:set"]));
}
