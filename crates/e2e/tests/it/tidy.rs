//! What the compiler does not check: who imports whom, how long files are, and that the documentation names what exists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

const MAX_LINES: usize = 600;
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The table in ARCHITECTURE.md is the rule. It is about what ships: tests may use any testing feature.
#[test]
fn crates_import_only_what_the_architecture_allows() {
    let metadata = metadata();
    let allowed = import_table();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let name = short_name(package);
        let Some(may_import) = allowed.get(name) else {
            wrong.push(format!("{name} has no row in the table"));
            continue;
        };
        let is_test_crate = name == "e2e";
        for dependency in &package.dependencies {
            let Some(imported) = dependency.name.strip_prefix("paas-") else { continue };
            let ships = dependency.kind != DependencyKind::Development;
            if (ships || is_test_crate) && imported != name && !may_import.contains(imported) {
                wrong.push(format!("{name} imports {imported}"));
            }
        }
    }
    assert!(wrong.is_empty(), "ARCHITECTURE.md does not allow this: {wrong:#?}");
    let names: BTreeSet<_> = metadata.packages.iter().map(short_name).collect();
    let rows: BTreeSet<_> = allowed.keys().map(String::as_str).collect();
    assert_eq!(rows, names, "the table's rows and the workspace's crates");
}

#[test]
fn a_library_that_deny_toml_fences_in_is_used_only_by_its_wrappers() {
    let wrappers = wrappers();
    assert!(wrappers.contains_key("sqlx"), "deny.toml fences nothing in");
    for package in &metadata().packages {
        for dependency in &package.dependencies {
            if let Some(may) = wrappers.get(&dependency.name) {
                assert!(may.contains(package.name.as_str()), "{} uses {}", package.name, dependency.name);
            }
        }
    }
}

#[test]
fn every_dependency_comes_from_crates_io_or_from_this_workspace() {
    let metadata = metadata();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            let is_ours = dependency.path.as_ref().is_some_and(|path| path.starts_with(&metadata.workspace_root));
            let source = dependency.source.as_ref().map(|source| source.repr.as_str());
            assert!(is_ours || source == Some(CRATES_IO), "{}: {} from {source:?}", package.name, dependency.name);
        }
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let long: Vec<_> = files(&root().join("crates"))
        .into_iter()
        .chain([root().join("dev")])
        .filter(|path| path.extension().is_none_or(|extension| ["rs", "sh", "sql"].iter().any(|it| extension == *it)))
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).ok()?.lines().count();
            (lines > MAX_LINES).then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "split these: {long:#?}");
}

#[test]
fn every_link_in_the_documentation_leads_somewhere() {
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for target in links(&text) {
            let file = target.split('#').next().unwrap();
            let is_local = !target.contains("://") && !file.is_empty();
            if is_local && !document.parent().unwrap().join(file).exists() {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// `git/http.rs` in the text stands for `crates/git/src/http.rs`.
#[test]
fn every_file_that_the_architecture_names_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let missing: Vec<_> = code_spans(&text)
        .filter(|span| [".rs", ".sql", ".toml", ".md", ".sh"].iter().any(|end| span.ends_with(end)))
        .filter(|span| !span.contains(char::is_whitespace) && !span.contains('*'))
        .filter(|span| {
            let in_crate =
                span.split_once('/').map(|(name, rest)| root().join("crates").join(name).join("src").join(rest));
            !root().join(span).exists() && !in_crate.is_some_and(|path| path.exists())
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Our crates and their direct dependencies; needs no network.
fn metadata() -> Metadata {
    MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().unwrap()
}

fn short_name(package: &Package) -> &str {
    package.name.as_str().strip_prefix("paas-").unwrap()
}

/// Rows of the form: | `crate` | what it is | `may`, `import` |
fn import_table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    text.lines()
        .skip_while(|line| !line.starts_with("| crate "))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').collect();
            let name = code_spans(cells[0]).next().unwrap().to_owned();
            (name, code_spans(cells[2]).map(str::to_owned).collect())
        })
        .collect()
}

/// Library to the crates that may depend on it; banned ones have none.
fn wrappers() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("deny.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let bans = table["bans"]["deny"].as_array().unwrap();
    bans.iter()
        .map(|ban| {
            let wrappers = ban.get("wrappers").and_then(toml::Value::as_array);
            let names = wrappers.into_iter().flatten().map(|name| name.as_str().unwrap().to_owned());
            (ban["crate"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect()
}

fn documents() -> Vec<PathBuf> {
    let top = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path());
    let docs = files(&root().join("docs"));
    top.chain(docs).filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// What stands between single back-ticks.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}
