//! `kill -9` of the server at the worst moments: the next start goes on from what is true.

use std::time::Instant;

use crate::harness::{Platform, Repo, SERVER, WEB, eventually, seconds};

/// A compile that takes its time, and says when it is in the middle of it.
const SLOW_COMPILE: &str = "#!/bin/sh\necho half way\nsleep 4\necho all the way\n";

#[test]
fn a_server_killed_at_rest_finds_its_dynos_running_and_leaves_them_alone() {
    let mut platform = Platform::start();
    Repo::deployed(&platform, "hello", "one");
    platform.paas(&["ps:scale", "web=2", "--app", "hello"]).ok();
    eventually("two dynos are up", seconds(60), || (up(&platform, "hello") == 2).then_some(()));
    let starts = |log: &str| log.matches("State changed from starting to up").count();
    // Lines of the last tenth of a second go down with the server.
    eventually("both starts are in the log", seconds(10), || (starts(&platform.logs("hello")) == 2).then_some(()));
    let (dynos, before) = (platform.dynos(), children(&platform));

    platform.kill9();
    assert_eq!(platform.dynos(), dynos, "dynos do not need the server");
    let since = Instant::now();
    platform.launch();
    platform.answers("hello", "version=one");
    let took = since.elapsed();
    assert!(took < seconds(10), "apps answered {took:?} after the start");
    assert_eq!(children(&platform), before, "PostgreSQL and the registry are adopted");

    // It sees and steers what it has adopted.
    let log = platform.logs("hello");
    platform.paas(&["config:set", "GREETING=again", "--app", "hello"]).ok();
    platform.answers("hello", "greeting=again");
    eventually("the old dynos are gone", seconds(60), || {
        let now = platform.dynos();
        (now.len() == 2 && !now.iter().any(|dyno| dynos.contains(dyno))).then_some(())
    });
    assert_eq!(starts(&log), 2, "nothing was restarted:\n{log}");
    nothing_is_left_over(&platform, 2);
}

#[test]
fn a_build_cut_off_by_a_kill_is_taken_up_again_and_released() {
    let mut platform = Platform::start();
    let repo = Repo::deployed(&platform, "hello", "one");
    repo.commit([("bin/compile", SLOW_COMPILE), ("VERSION", "two")]);
    let mut push = repo.push_in_background();
    eventually("the build is half way", seconds(60), || {
        platform.sql("select chunk from build_output").contains("half way").then_some(())
    });

    platform.kill9();
    assert!(!push.wait().expect("git can be waited for").success(), "its push went down with the server");
    platform.launch();
    platform.answers("hello", "version=");
    platform.answers("hello", "version=two");
    let builds = platform.sql("select state, attempt from builds order by created_at");
    assert_eq!(builds, "succeeded|1\nsucceeded|2");
    assert_eq!(releases(&platform), "1 2 3 4");
    nothing_is_left_over(&platform, 1);

    // The ref was not moved, so git has the commit still to push; then all agree.
    let repo = Repo::existing(&platform, "hello");
    assert!(repo.push().ok().contains("Released v5"));
    assert!(repo.push().ok().contains("Everything up-to-date"));
}

#[test]
fn a_rollout_cut_off_by_a_kill_is_completed() {
    let mut platform = Platform::start();
    let repo = Repo::deployed(&platform, "hello", "one");
    let slow_boot = WEB.replace("exec", "sleep 5; exec");
    repo.commit([("Procfile", slow_boot.as_str()), ("server.py", SERVER), ("VERSION", "two")]);
    repo.push().ok();
    let new = eventually("the new dyno boots", seconds(60), || {
        let id = platform.sql("select 'dyno-' || id from dynos where state = 'starting'");
        platform.dynos().into_iter().find(|dyno| dyno.name == id && dyno.state == "running")
    });

    platform.kill9();
    platform.launch();
    platform.answers("hello", "version=two");
    eventually("the old dyno is gone", seconds(60), || (platform.dynos().len() == 1).then_some(()));
    assert_eq!(platform.dynos(), [new], "the dyno that was booting was adopted");
    nothing_is_left_over(&platform, 1);
}

#[test]
fn a_server_that_is_told_to_stop_leaves_dynos_and_stops_the_rest() {
    let mut platform = Platform::start();
    Repo::deployed(&platform, "hello", "one");
    let dynos = platform.dynos();
    let host = platform.sql("select id from hosts");
    platform.stop();
    assert_eq!(children(&platform), [None, None], "PostgreSQL and the registry are stopped");
    assert_eq!(platform.dynos_at(&host), dynos);
    platform.launch();
    platform.answers("hello", "version=one");
    assert_eq!(platform.dynos(), dynos);
}

/// PostgreSQL's process and the registry's.
fn children(platform: &Platform) -> [Option<rustix::process::Pid>; 2] {
    [("postgres/data/postmaster.pid", "postgres"), ("registry/registry.pid", "docker-registry")]
        .map(|(file, program)| platform.process(file, program))
}

fn up(platform: &Platform, app: &str) -> usize {
    let dynos = platform.paas_json(&["ps", "--app", app]);
    dynos.as_array().expect("a list").iter().filter(|dyno| dyno["state"] == "up").count()
}

fn releases(platform: &Platform) -> String {
    platform.sql("select string_agg(version::text, ' ' order by version) from releases")
}

/// Every container has a row that wants it, no work is claimed by the dead, and nobody holds a lock.
#[track_caller]
fn nothing_is_left_over(platform: &Platform, dynos: usize) {
    eventually("no container is left over", seconds(60), || {
        (platform.dynos().len() == dynos && platform.builds().is_empty()).then_some(())
    });
    assert_eq!(platform.sql("select count(*) from builds where state in ('pending', 'building')"), "0");
    assert_eq!(platform.sql("select count(*) from dynos where state not in ('up', 'gone')"), "0");
    eventually("no lock is held for long", seconds(20), || {
        let held = "select count(*) from pg_locks where locktype = 'advisory' and granted";
        (platform.sql(held) == "0").then_some(())
    });
}
