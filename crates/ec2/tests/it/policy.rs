//! The published policy against what the code calls, and against the template that repeats it.

use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn the_policy_allows_every_action_that_is_called() {
    let source = fs::read_dir(root().join("crates/ec2/src")).unwrap().map(|entry| entry.unwrap().path());
    let code: String =
        source.filter(|path| path.extension().is_some_and(|it| it == "rs")).map(|path| read(&path)).collect();
    let called: BTreeSet<_> = names(&code, "\"ec2:").into_iter().map(|name| format!("ec2:{name}")).collect();
    assert!(called.contains("ec2:RunInstances") && called.len() >= 8, "{called:?}");
    let policy = read(&root().join("docs/aws/policy.json"));
    let missing: Vec<_> = called.iter().filter(|action| !policy.contains(&format!("\"{action}\""))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_template_gives_the_same_policy() {
    let policy = read(&root().join("docs/aws/policy.json"));
    let template = read(&root().join("docs/aws/control-plane.yaml"));
    let template = &template[template.find("PolicyName: pools").unwrap()..template.find("  Profile:").unwrap()];
    for mark in ["ec2:", "iam:", "aws:"] {
        assert_eq!(names(&policy, mark), names(template, mark), "{mark}");
    }
    let statements = |text: &str| text.matches("Effect").count();
    assert_eq!(statements(&policy), statements(template));
}

/// The words that follow a mark, up to what cannot be in the name of an action or of a condition's key.
fn names(text: &str, mark: &str) -> BTreeSet<String> {
    let after = text.split(mark).skip(1);
    after
        .map(|rest| rest.chars().take_while(|it| it.is_alphanumeric() || *it == '/').collect::<String>())
        .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
