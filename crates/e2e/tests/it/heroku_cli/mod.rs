//! Heroku's own command line, unchanged, works against this platform: every command of `commands.txt` that is said to work
//! does so in one of the `transcripts`.

mod commands;
mod expectation;
mod transcript;
mod walk;

use std::{
    fs,
    path::{Path, PathBuf},
};

use self::{
    expectation::Variables,
    walk::{Findings, walk},
};
use crate::harness::{Heroku, Platform, Repo, SERVER, WEB, run};

/// The token of somebody who is not the installation's owner.
const ANN: &str = "HRKU-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[test]
fn every_command_does_what_the_list_says() {
    let platform = Platform::start();
    let Some(heroku) = Heroku::install(&platform) else {
        eprintln!("SKIPPED: Heroku's CLI cannot be installed: npm is missing, or cannot download it");
        return;
    };
    let known = prepare(&platform);
    let transcripts = transcripts();
    let (heroku, known) = (&heroku, &known);
    let findings: Vec<Findings> = std::thread::scope(|scope| {
        let walks: Vec<_> =
            transcripts.iter().map(|transcript| scope.spawn(move || walk(heroku, transcript, known.clone()))).collect();
        walks.into_iter().map(|walk| walk.join().unwrap()).collect()
    });
    let mut all = Findings::default();
    for findings in findings {
        all.failures.extend(findings.failures);
        for (command, finding) in findings.by_command {
            let known = all.by_command.entry(command).or_default();
            known.succeeded |= finding.succeeded;
            known.failed |= finding.failed;
        }
    }
    assert_eq!(heroku.elsewhere.asked(), Vec::<String>::new(), "other hosts were asked");
    assert!(heroku.elsewhere.looked_up().len() > 100, "all of them were watched");
    let differences = commands::differences(&all, &heroku.manifest());
    let failures = all.failures.join("\n\n");
    assert!(failures.is_empty() && differences.is_empty(), "{failures}\n\ncommands.txt: {differences:#?}");
}

#[test]
fn paas_runs_herokus_cli_as_if_it_were_at_home() {
    let platform = Platform::start();
    let Some(heroku) = Heroku::install(&platform) else {
        eprintln!("SKIPPED: Heroku's CLI cannot be installed: npm is missing, or cannot download it");
        return;
    };
    let repo = Repo::empty(&platform, "demo");
    // The home and the credentials are the platform's: whoever has logged in with `paas login`.
    let home = heroku.home("paas");
    let paas = |args: &str| {
        let mut command = heroku.bare_shell(&home, &format!("exec paas heroku -- {args}"));
        run(command.current_dir(&repo.directory).env("BUILDPACK", &platform.buildpack))
    };

    let created = paas(r#"create demo --buildpack "$BUILDPACK""#).ok();
    assert!(created.stdout.contains(&format!("https://{}/demo.git", platform.host_and_port())), "{created}");
    repo.commit([("Procfile", WEB), ("server.py", SERVER), ("VERSION", "one")]);
    // Git by itself, without any variable of Heroku's.
    repo.push_with(&["heroku", "main"]).ok();
    platform.answers("demo", "version=one ");

    let scaled = paas("ps:scale web=2").ok();
    assert!(scaled.stderr.contains("now running web at 2"), "{scaled}");
    let ran = paas("run --exit-code --no-tty -- sh -c 'echo from $DYNO; cat; exit 7'");
    assert!(ran.stdout.contains("from run.") && ran.status == Some(7), "{ran}");
    let line = "stty cols 97; exec paas heroku -- run --exit-code -- sh -c 'test -t 0 && echo at $COLUMNS; exit 3'";
    let at_terminal = r#"exec script --quiet --return --command "$LINE" /dev/null"#;
    let mut command = heroku.bare_shell(&home, at_terminal);
    let ran = run(command.current_dir(&repo.directory).env("LINE", line));
    assert!(ran.stdout.contains("at 97") && ran.status == Some(3), "{ran}");

    let tail = "paas heroku -- logs --tail --num 1 --app demo > tail & for i in $(seq 120); do [ -s tail ] && break; sleep 1; done; \
                paas config:set GREETING=hi --app demo; \
                for i in $(seq 120); do grep 'Set GREETING config vars' tail && break; sleep 1; done; kill $!; \
                grep --quiet 'Set GREETING config vars' tail";
    run(&mut heroku.bare_shell(&home, tail)).ok();
    paas("destroy --app demo --confirm demo").ok();
}

#[test]
fn commands_whose_hosts_are_fixed_are_seen_to_go_elsewhere() {
    let platform = Platform::start();
    let Some(heroku) = Heroku::install(&platform) else {
        eprintln!("SKIPPED: Heroku's CLI cannot be installed: npm is missing, or cannot download it");
        return;
    };
    let home = heroku.home("elsewhere");
    // What `paas heroku:env` cannot help: docs/heroku-cli.md warns of it, and `paas heroku` does not start them.
    let ran = run(&mut heroku.shell(&home, "heroku apps:favorites"));
    let asked = heroku.elsewhere.asked();
    assert!(asked.iter().any(|line| line.contains("particleboard.heroku.com")), "{asked:?} {ran}");
    let refused = run(&mut heroku.bare_shell(&home, "paas heroku -- apps:favorites")).refused();
    assert!(refused.contains("particleboard.heroku.com"), "{refused}");
    // Settings from elsewhere do not lead there.
    let inherited = r#"export HEROKU_HOST=herokudev.com HEROKU_HEADERS='{"authorization":"Bearer wrong"}'"#;
    let line = format!("{inherited}; eval \"$(paas heroku:env)\"; heroku auth:whoami");
    let before = heroku.elsewhere.asked().len();
    let ran = run(heroku.elsewhere.watch(&mut heroku.bare_shell(&home, &line))).ok();
    assert!(ran.stdout.contains("owner@localhost"), "{ran}");
    assert_eq!(heroku.elsewhere.asked().len(), before);
}

/// What the transcripts' lines of shell find.
fn prepare(platform: &Platform) -> Variables {
    platform.sql(&format!(
        "insert into accounts (id, email) values ('00000000-0000-7000-8000-000000000001', 'ann@example.com'); \
         insert into tokens (id, account_id, description, token_hash) values ('00000000-0000-7000-8000-000000000002', \
         '00000000-0000-7000-8000-000000000001', 'hers', sha256('{ANN}'))"
    ));
    let app = platform.directory.join("work/app");
    fs::create_dir_all(&app).unwrap();
    for (name, text) in [("Procfile", WEB), ("server.py", SERVER), ("VERSION", "one")] {
        fs::write(app.join(name), text).unwrap();
    }
    let suite = suite();
    let variables = [
        ("ANN", ANN),
        ("APP", &app.to_string_lossy()),
        ("BUILDPACK", &platform.buildpack),
        ("GIT_HOST", &platform.host_and_port()),
        ("SUITE", &suite.to_string_lossy()),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

fn transcripts() -> Vec<PathBuf> {
    let folder = fs::read_dir(suite().join("transcripts")).unwrap();
    let mut transcripts: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    transcripts.sort();
    transcripts
}

fn suite() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/heroku_cli")
}
