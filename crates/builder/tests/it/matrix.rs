//! What the suite builds and runs, as docs/buildpacks.md tells it. A test declares its row above itself, as
//! `/// Matrix: LANGUAGE | PACKAGES BY | WHAT IS EXERCISED`.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

const DOCS: &str = "docs/buildpacks.md";
const BEGIN: &str = "<!-- matrix: made by the suite, see crates/builder/tests/it/matrix.rs -->\n";
const END: &str = "<!-- end of the matrix -->";
/// Set to anything: the documentation is written anew.
const UPDATE: &str = "UPDATE_MATRIX";

struct Row {
    language: String,
    packages: String,
    exercised: String,
    /// The test's file and name.
    test: String,
}

#[test]
fn the_documentation_tells_what_is_built_and_run() {
    let docs = fs::read_to_string(root().join(DOCS)).unwrap();
    let (before, rest) = docs.split_once(BEGIN).expect("the matrix begins somewhere");
    let (now, after) = rest.split_once(END).expect("the matrix ends somewhere");
    let matrix = table(&rows());
    if env::var_os(UPDATE).is_some() {
        fs::write(root().join(DOCS), [before, BEGIN, &matrix, END, after].concat()).unwrap();
        return;
    }
    assert!(
        now == matrix,
        "the matrix in {DOCS} is not what the tests declare. Update it: {UPDATE}=1 ./dev test -E 'test(matrix)'\n{matrix}"
    );
}

#[test]
fn every_fixture_is_built_by_some_test() {
    let sources: String = sources().into_iter().map(|(_, text)| text).collect();
    let mut left_over = BTreeSet::new();
    for buildpack in directories("buildpacks") {
        for fixture in directories(&format!("{buildpack}/test")) {
            let short = fixture.trim_start_matches("buildpacks/");
            if !sources.contains(&format!("{short}\"")) {
                left_over.insert(fixture);
            }
        }
    }
    assert!(left_over.is_empty(), "no test builds {left_over:?}");
}

/// Of every test that declares one, by language and packages, each in the order of its file.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (file, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(declared) = line.strip_prefix("/// Matrix: ") else { continue };
            let parts: Vec<&str> = declared.split(" | ").collect();
            let [language, packages, exercised] = parts[..] else { panic!("{file}: three parts, not {declared:?}") };
            let is_test = lines[number + 1].starts_with("#[tokio::test") || lines[number + 1] == "#[test]";
            let name = lines[number + 2].trim_start_matches("async ").strip_prefix("fn ");
            let name = name.and_then(|rest| rest.strip_suffix("() {"));
            let name = name.filter(|_| is_test).unwrap_or_else(|| panic!("{file}: no test follows {declared:?}"));
            rows.push(Row {
                language: language.to_owned(),
                packages: packages.to_owned(),
                exercised: exercised.to_owned(),
                test: format!("{file}: {name}"),
            });
        }
    }
    rows.sort_by(|a, b| (&a.language, &a.packages).cmp(&(&b.language, &b.packages)));
    rows
}

fn table(rows: &[Row]) -> String {
    let line = |row: &Row| {
        format!("| {} | {} | {} | `{}` |\n", row.language, row.packages, row.exercised, row.test.replace(".rs: ", "::"))
    };
    let head = "\n| buildpack | packages by | built and run | test |\n|---|---|---|---|\n".to_owned();
    rows.iter().map(line).fold(head, |table, line| table + &line) + "\n"
}

/// The suites' files and what is in them, by name: this one's, and that of the whole system.
fn sources() -> Vec<(String, String)> {
    let suites =
        ["crates/builder/tests/it", "crates/e2e/tests/it"].map(|suite| fs::read_dir(root().join(suite)).unwrap());
    let files = suites.into_iter().flatten().map(|entry| entry.unwrap().path());
    let rust = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read_to_string(path).unwrap())
    };
    let mut sources: Vec<_> = rust.map(read).filter(|(name, _)| name != "matrix.rs").collect();
    sources.sort();
    sources
}

/// Directories in one of the checkout's; none where there is no such one.
fn directories(path: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root().join(path)) else { return Vec::new() };
    let entries = entries.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().unwrap().is_dir());
    entries.map(|entry| format!("{path}/{}", entry.file_name().to_string_lossy())).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}
