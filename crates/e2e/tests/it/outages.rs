//! The parts under the platform go away in the middle of things, and come back.

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Gate, Platform, Repo, eventually, seconds};

/// Long enough for something to go wrong in the middle of it.
const SLOW_COMPILE: &str = "#!/bin/sh\necho half way\nsleep 6\necho all the way\n";

#[test]
fn a_registry_that_dies_in_the_middle_of_a_build_does_not_fail_it() {
    let platform = Platform::start();
    let repo = Repo::deployed(&platform, "hello", "one");
    repo.commit([("bin/compile", SLOW_COMPILE), ("VERSION", "two")]);
    let push = repo.push_in_background();
    half_way(&platform);
    kill(platform.process("registry/registry.pid", "docker-registry"), Signal::KILL);
    platform.answers("hello", "version=two");
    succeeded(push);
    platform.loses_containers_of_builds();
}

#[test]
fn a_registry_that_hangs_is_replaced() {
    let platform = Platform::start();
    let repo = Repo::deployed(&platform, "hello", "one");
    let registry = || platform.process("registry/registry.pid", "docker-registry");
    let hung = registry();
    kill(hung, Signal::STOP);
    repo.commit([("VERSION", "two")]);
    let refused = repo.push().rejected();
    assert!(refused.contains("the image registry is not available at the moment; try again shortly"), "{refused}");
    eventually("another registry runs", seconds(60), || registry().filter(|now| Some(*now) != hung));
    repo.push().ok();
    platform.answers("hello", "version=two");
}

#[test]
fn a_database_that_restarts_in_the_middle_of_a_build_loses_nothing() {
    let platform = Platform::start();
    let repo = Repo::deployed(&platform, "hello", "one");
    let dynos = platform.dynos();
    repo.commit([("bin/compile", SLOW_COMPILE), ("VERSION", "two")]);
    let mut push = repo.push_in_background();
    half_way(&platform);
    let load = platform.load(2, "hello", "/slow");
    // As a crash is: every connection ends, nothing is written down first.
    kill(platform.process("postgres/data/postmaster.pid", "postgres"), Signal::QUIT);
    eventually("the API is away", seconds(10), || (!platform.is_healthy()).then_some(()));
    platform.get("hello", "/").ok();
    eventually("the API is back", seconds(60), || platform.is_healthy().then_some(()));
    platform.answers("hello", "version=two");
    let tally = load.stop(&platform.runtime);
    assert!(tally.failed.is_empty(), "routing needs no database, but {:?} failed", tally.failed);
    // Whether git waited for the database is told by git; what was built is released in either case.
    push.wait().expect("git can be waited for");
    assert_eq!(platform.sql("select state from builds order by created_at"), "succeeded\nsucceeded");
    eventually("only the new dyno is left", seconds(60), || {
        let now = platform.dynos();
        (now.len() == 1 && now != dynos).then_some(())
    });
    platform.loses_containers_of_builds();
}

#[test]
fn an_engine_that_goes_away_in_the_middle_of_a_build_and_of_a_rollout_does_not_lose_either() {
    let scratch = tempfile::tempdir().expect("there is room for a socket");
    let gate = Gate::new(scratch.path());
    let platform = Platform::start_with(&[("DOCKER_HOST", &gate.url())]);
    let repo = Repo::deployed(&platform, "hello", "one");
    let dynos = platform.dynos();
    repo.commit([("bin/compile", SLOW_COMPILE), ("VERSION", "two")]);
    let push = repo.push_in_background();
    half_way(&platform);
    gate.shut();
    platform.get("hello", "/").ok();
    assert!(platform.is_healthy(), "the API does not need the engine");
    eventually("the build is given back", seconds(60), || {
        platform.sql("select state from builds order by created_at desc limit 1").contains("pending").then_some(())
    });
    gate.open();
    platform.answers("hello", "version=two");
    succeeded(push);

    // A release while the engine is away waits for it.
    eventually("only the new dyno is left", seconds(60), || {
        let now = platform.dynos();
        (now.len() == 1 && now != dynos).then_some(())
    });
    gate.shut();
    platform.paas(&["config:set", "GREETING=late", "--app", "hello"]).ok();
    assert!(platform.get("hello", "/").ok().contains("greeting= "));
    gate.open();
    platform.answers("hello", "greeting=late");
    platform.loses_containers_of_builds();
}

fn half_way(platform: &Platform) {
    eventually("the build is half way", seconds(60), || {
        platform.sql("select chunk from build_output").contains("half way").then_some(())
    });
}

#[track_caller]
fn succeeded(mut push: std::process::Child) {
    assert!(push.wait().expect("git can be waited for").success(), "the push failed");
}

#[track_caller]
fn kill(process: Option<Pid>, signal: Signal) {
    kill_process(process.expect("it runs"), signal).expect("it is ours");
}
