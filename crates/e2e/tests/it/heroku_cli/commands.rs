//! The list of all commands in `commands.txt`, and the table that `docs/heroku-cli.md` makes of it.

use std::{collections::BTreeMap, env, fmt::Write, fs, path::Path};

use super::walk::{Finding, Findings};
use crate::harness::Manifest;

/// Above it the page is a person's.
const MARK: &str = "<!-- From here on a test writes: UPDATE_TABLE=1 -->\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    Works,
    /// It does, but for what the remark says.
    Partly,
    Not,
    /// Of a topic that is not served yet.
    Later,
}

/// A line of the list: `apps:create | 1 | works |`
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) command: String,
    /// 1: everyday work; 2: now and then; 3: what is about products and hosts of Heroku's own.
    pub(super) tier: u8,
    pub(super) status: Status,
    pub(super) remark: String,
}

pub(super) fn listed() -> Vec<Entry> {
    let lines = include_str!("commands.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(entry).collect()
}

fn entry(line: &str) -> Entry {
    let [command, tier, status, remark] = *line.split('|').map(str::trim).collect::<Vec<_>>() else {
        panic!("COMMAND | TIER | STATUS | REMARK, not: {line}");
    };
    let status = match status {
        "works" => Status::Works,
        "partly" => Status::Partly,
        "not" => Status::Not,
        "later" => Status::Later,
        other => panic!("{command} has the status {other}"),
    };
    assert!(
        (status == Status::Works) == remark.is_empty(),
        "what does not work has a reason, and nothing else: {line}"
    );
    let tier = tier.parse().expect("a tier is a number");
    Entry { command: command.to_owned(), tier, status, remark: remark.to_owned() }
}

/// Where the list says something else than what was found, a line each.
pub(super) fn differences(findings: &Findings, manifest: &Manifest) -> Vec<String> {
    let mut canonical = BTreeMap::new();
    for (command, described) in &manifest.commands {
        let aliases = described.aliases.iter().chain(&described.hidden_aliases);
        canonical.extend(aliases.chain([command]).map(|name| (name.as_str(), command.as_str())));
    }
    let (mut found, mut differences) = (BTreeMap::<&str, Finding>::new(), Vec::new());
    for (name, finding) in &findings.by_command {
        let Some(command) = canonical.get(name.as_str()) else {
            differences.push(format!("{name}: there is no such command"));
            continue;
        };
        let all = found.entry(command).or_default();
        all.succeeded |= finding.succeeded;
        all.failed |= finding.failed;
    }
    let listed: BTreeMap<_, _> = listed().into_iter().map(|entry| (entry.command, entry.status)).collect();
    for command in manifest.commands.keys() {
        let Finding { succeeded, failed } = found.get(command.as_str()).copied().unwrap_or_default();
        let wrong = match listed.get(command) {
            None => Some("is not in the list"),
            Some(Status::Works | Status::Partly) if failed => Some("is said to work, and does not"),
            Some(Status::Works | Status::Partly) if !succeeded => Some("is said to work, and was not tried"),
            Some(Status::Not | Status::Later) if succeeded => Some("is said not to work, and does"),
            Some(_) => None,
        };
        differences.extend(wrong.map(|wrong| format!("{command} {wrong}")));
    }
    let unknown = listed.keys().filter(|command| !manifest.commands.contains_key(*command));
    differences.extend(unknown.map(|command| format!("{command} is in the list, and there is no such command")));
    differences
}

/// `UPDATE_TABLE=1 cargo nextest run -p paas-e2e -E 'test(heroku_cli::the_table)'` writes it anew.
#[test]
fn the_table_of_herokus_cli_says_what_the_list_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/heroku-cli.md");
    let page = fs::read_to_string(&path).unwrap();
    let (prose, table) = page.split_once(MARK).expect("the page has a mark where the table begins");
    let truth = table_of(&listed());
    if env::var_os("UPDATE_TABLE").is_some() {
        fs::write(&path, format!("{prose}{MARK}{truth}")).unwrap();
        return;
    }
    assert!(table == truth, "UPDATE_TABLE=1 brings docs/heroku-cli.md up to date");
}

fn table_of(entries: &[Entry]) -> String {
    let sentence = |what: &str, tier: u8| {
        let count = |status| entries.iter().filter(|entry| entry.tier == tier && entry.status == status).count();
        let [works, partly, not] = [Status::Works, Status::Partly, Status::Not].map(count);
        let (all, later) = (works + partly + not, count(Status::Later));
        format!(
            "{what}: {works} of {all} work, {partly} in part, {not} not; {later} more belong to what is to come.\n\n"
        )
    };
    let mut table = format!(
        "\n{}{}The other {} are about products and hosts of Heroku's own.\n\n| commands | work | |\n|---|---|---|\n",
        sentence("Commands for everyday work", 1),
        sentence("Commands for now and then", 2),
        entries.iter().filter(|entry| entry.tier == 3).count(),
    );
    // Commands of a topic that have the same to say share a line.
    let mut rows: Vec<(&str, Status, &str, Vec<String>)> = Vec::new();
    for entry in entries {
        let topic = entry.command.split(':').next().unwrap_or_default();
        let name = format!("`{}`", entry.command);
        match rows.iter_mut().find(|row| (row.0, row.1, row.2) == (topic, entry.status, &*entry.remark)) {
            Some(row) => row.3.push(name),
            None => rows.push((topic, entry.status, &entry.remark, vec![name])),
        }
    }
    for (_, status, remark, commands) in rows {
        let word = match status {
            Status::Works => "yes",
            Status::Partly => "partly",
            Status::Not => "no",
            Status::Later => "not yet",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(table, "| {} | {word} | {remark} |", commands.join(", "));
    }
    table
}
