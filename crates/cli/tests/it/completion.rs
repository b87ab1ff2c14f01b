use std::{fs, path::Path};

use crate::sandbox::Sandbox;

#[test]
fn bash_completes_commands_with_a_colon() {
    let sandbox = Sandbox::new();
    let script = sandbox.paas(&["completion", "bash"]).stdout;
    let path = sandbox.work().join("completion.bash");
    fs::write(&path, script).unwrap();
    let ask = format!(
        "set -e; source {}; COMP_WORDS=(paas config:s); COMP_CWORD=1; _paas paas config:s paas; echo \"${{COMPREPLY[*]}}\"",
        path.display()
    );
    let output = sandbox.command(Path::new("bash")).args(["--norc", "-c", &ask]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "config:set\n", "{output:?}");
}

#[test]
fn zsh_is_told_names_with_their_colons_escaped() {
    let script = String::from_utf8(Sandbox::new().paas(&["completion", "zsh"]).stdout).unwrap();
    assert!(script.contains(r"'config\:set:Set config vars"), "{script}");
    assert!(script.starts_with("#compdef paas"));
}

#[test]
fn every_shell_gets_a_script_and_others_an_error() {
    let sandbox = Sandbox::new();
    assert!(!sandbox.paas(&["completion", "fish"]).stdout.is_empty());
    assert_eq!(sandbox.paas(&["completion", "tcsh"]).status.code(), Some(2));
}
