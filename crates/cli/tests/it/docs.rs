use crate::sandbox::Sandbox;

#[test]
fn every_command_is_in_the_manual() {
    let manual = include_str!("../../../../docs/cli.md");
    let help = String::from_utf8(Sandbox::new().paas(&["help"]).stdout).unwrap();
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands = list.lines().filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    let missing: Vec<_> = commands.filter(|name| !manual.contains(&format!("| `{name}"))).collect();
    assert!(missing.is_empty(), "not in docs/cli.md: {missing:?}");
}
