//! Heroku's own command line works against this platform.

use crate::harness::{Heroku, Platform, Repo, eventually, seconds};

#[test]
fn herokus_own_cli_manages_an_app() {
    let platform = Platform::start();
    let Some(heroku) = Heroku::install(&platform) else {
        eprintln!("SKIPPED: Heroku's CLI cannot be installed: npm is missing, or cannot download it");
        return;
    };
    let repo = Repo::deployed(&platform, "hello", "one");

    assert!(heroku.run(&["apps"]).ok().stdout.contains("hello"));
    assert!(heroku.run(&["whoami"]).ok().stdout.contains("owner@localhost"));
    let info = heroku.run(&["info", "--app", "hello"]).ok().stdout;
    assert!(info.contains("hello.git") && info.contains("debian-13"), "{info}");

    let set = heroku.run(&["config:set", "GREETING=hi", "--app", "hello"]).ok();
    assert!(set.stderr.contains("v4"), "{set}");
    assert_eq!(heroku.run(&["config:get", "GREETING", "--app", "hello"]).ok().stdout.trim(), "hi");
    platform.answers("hello", "greeting=hi");

    let ps = heroku.run(&["ps", "--app", "hello"]).ok();
    assert!(ps.stdout.contains("web.1: up"), "{ps}");
    let scaled = heroku.run(&["ps:scale", "web=2", "--app", "hello"]).ok();
    assert!(scaled.stderr.contains("now running web at 2"), "{scaled}");
    eventually("web.2 is up", seconds(60), || {
        heroku.run(&["ps", "--app", "hello"]).ok().stdout.contains("web.2: up").then_some(())
    });

    // It takes the status from a line that it has a shell print after the command.
    let command = ["sh", "-c", "echo $GREETING from $DYNO; exit 7"];
    let ran = heroku.run(&[&["run", "--exit-code", "--no-tty", "--app", "hello", "--"], &command[..]].concat());
    assert!(ran.stdout.contains("hi from run.") && ran.status == Some(7), "{ran}");
    let logs = heroku.run(&["logs", "--num", "1500", "--app", "hello"]).ok();
    assert!(logs.stdout.contains("app[web.1]: listening, version one"), "{logs}");

    repo.commit([("VERSION", "two")]);
    repo.push().ok();
    platform.answers("hello", "version=two");
    let releases = heroku.run(&["releases", "--app", "hello"]).ok();
    assert!(releases.stdout.contains("Current: v5") && releases.stdout.contains("Set GREETING"), "{releases}");
    heroku.run(&["rollback", "v4", "--app", "hello"]).ok();
    platform.answers("hello", "version=one");

    heroku.run(&["create", "another", "--no-remote"]).ok();
    heroku.run(&["destroy", "--app", "another", "--confirm", "another"]).ok();
    assert_eq!(platform.sql("select name from apps"), "hello");
}
