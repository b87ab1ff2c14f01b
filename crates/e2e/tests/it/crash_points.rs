//! `kill -9` at every labelled step. Debug builds know the steps: `paasd crash-points` lists them, and a server that is
//! started with `PAAS_CRASH_AT=<one of them>` kills itself when it gets there the first time.
//!
//! Every step takes a quarter of an hour, so by default there is one of each kind; `PAAS_LONG_TESTS=1` takes them all.

use std::{env, time::Instant};

use rustix::process::Signal;

use crate::harness::{Host, Pool, Repo, SERVER, WEB, eventually, nothing_is_left_over, nothing_runs_twice, seconds};

/// For a server that is about to die, a step has this long to get to where it does.
const PATIENCE: std::time::Duration = seconds(60);
/// What is killed by default.
const SAMPLE: [&str; 10] = [
    "build.before_commit",
    "release.before_end",
    "rollout.before_commit",
    "start.created",
    "stop.signalled",
    "crash.seen",
    "host.claimed",
    "machine.token_made",
    "machine.before_terminate",
    "join.before_commit",
];
/// What has no scenario here, as nothing that this machine can do leads there; the tests of `control` kill the loops at
/// these on a fake provider and a fake engine.
const ELSEWHERE: [&str; 6] =
    ["build.cleaned", "build.given_back", "host.let_go", "host.dynos_ended", "machine.refused", "machine.stray_ended"];

/// What takes a platform past a step. The command fails where the server dies under it.
type Scenario = fn(&Pool);

/// By the beginning of the step's name; the first that fits counts.
const SCENARIOS: [(&str, Scenario); 14] = [
    ("build.failed", |pool| push(pool, &[("bin/compile", "#!/bin/sh\nexit 1\n")])),
    ("build", |pool| push(pool, &[("bin/compile", "#!/bin/sh\n")])),
    ("release", configure),
    ("rollout", configure),
    ("start", configure),
    ("stop", configure),
    ("crash", |pool| {
        let host = pool.host(FIXED);
        for container in host.labelled("paas=dyno") {
            drop(host.docker(&["kill", &container.name]));
        }
    }),
    ("host.lost", |pool| pool.host(FIXED).cut()),
    ("host.ready", grow),
    // At the server's start.
    ("host", |_| {}),
    ("machine.before_terminate", shrink),
    ("machine.terminated", shrink),
    ("machine.gone", shrink),
    // Launching and joining.
    ("", grow),
];

/// The host that joined by hand.
const FIXED: &str = "host-1";
const READY: &str = "select count(*) from hosts where state = 'ready' and endpoint like 'tcp:%'";

#[test]
fn a_server_killed_at_any_step_goes_on_from_there() {
    let mut pool = Pool::on_ec2(&[("PAAS_HOST_GRACE_SECONDS", "5")]);
    let points = pool.platform.paasd_says(&["crash-points"]);
    let points: Vec<_> = points.lines().map(str::to_owned).collect();
    let all = env::var_os("PAAS_LONG_TESTS").is_some();
    let known = |point: &&str| points.iter().any(|known| known == *point);
    assert!(SAMPLE.iter().chain(&ELSEWHERE).all(known), "crash points: {points:?}");
    pool.add(1);
    pool.create("main", 1, 3);
    eventually("two hosts are ready", seconds(120), || (pool.platform.sql(READY) == "2").then_some(()));
    let repo = Repo::create(&pool.platform, "hello", true);
    let procfile = format!("{WEB}release: true\n");
    repo.commit([("Procfile", procfile.as_str()), ("server.py", SERVER), ("VERSION", "one")]);
    repo.push().ok();
    back_to_normal(&pool);

    let taken = |point: &&String| !ELSEWHERE.contains(&point.as_str()) && (all || SAMPLE.contains(&point.as_str()));
    for point in points.iter().filter(taken) {
        let since = Instant::now();
        if ["machine.before_terminate", "machine.terminated", "machine.gone"].contains(&point.as_str()) {
            // There must be one to end.
            grow(&pool);
            eventually("a third host is ready", seconds(120), || (pool.platform.sql(READY) == "3").then_some(()));
        }
        pool.platform.stop();
        pool.platform.launch_to_crash_at(Some(point));
        if pool.platform.runs() {
            let scenario =
                SCENARIOS.iter().find(|(beginning, _)| point.starts_with(beginning)).expect("one fits all").1;
            scenario(&pool);
        }
        eventually(&format!("the server dies at {point}"), PATIENCE, || (!pool.platform.runs()).then_some(()));
        assert_eq!(pool.platform.bury(), Some(Signal::KILL.as_raw()), "{point}");
        pool.platform.launch();
        back_to_normal(&pool);
        nothing_is_left_over(&pool);
        nothing_runs_twice(&pool);
        pool.platform.answers("hello", "version=");
        eprintln!("{point}: converged after {:?}", since.elapsed());
    }
    eprintln!("{} points killed at, of {}", points.iter().filter(taken).count(), points.len());
}

fn push(pool: &Pool, files: &[(&str, &str)]) {
    let repo = Repo::existing(&pool.platform, "hello");
    let unique = unique();
    repo.commit(files.iter().copied().chain([("VERSION", unique.as_str())]));
    repo.push();
}

fn configure(pool: &Pool) {
    pool.platform.paas(&["config:set", &format!("GREETING={}", unique()), "--app", "hello"]);
}

fn grow(pool: &Pool) {
    pool.platform.paas(&["pools:set", "main", "--min", "2"]);
}

fn shrink(pool: &Pool) {
    pool.platform.paas(&["pools:set", "main", "--min", "1", "--max", "1"]);
}

/// Two dynos on two hosts, whatever was asked for when the server died.
fn back_to_normal(pool: &Pool) {
    Host::mend(pool.host(FIXED));
    pool.set("main", &["--min", "1", "--max", "1"]);
    eventually("the pool has its one host", seconds(120), || {
        let hosts = "select count(*) from hosts where pool_id is not null and state <> 'gone'";
        (pool.platform.sql(READY) == "2" && pool.platform.sql(hosts) == "1").then_some(())
    });
    pool.set("main", &["--max", "3"]);
    pool.platform.paas(&["ps:scale", "web=2", "--app", "hello"]).ok();
    pool.settles("hello", 2);
}

/// Another word each time.
fn unique() -> String {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970");
    since.as_nanos().to_string()
}
