//! `kill -9` at every labelled step. Debug builds know the steps: `paasd crash-points` lists them, and a server that is
//! started with `PAAS_CRASH_AT=<one of them>` kills itself when it gets there the first time.
//!
//! All of them take half an hour, so by default there is one of each kind; `PAAS_LONG_TESTS=1` takes them all, and
//! `PAAS_CRASH_POINTS=build.cleaned,machine.refused` takes these.

use std::{
    env,
    process::Child,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::harness::{Host, Pool, Repo, SERVER, WEB, eventually, nothing_is_left_over, nothing_runs_twice, seconds};

/// For a server that is about to die, a step has this long to get to where it does.
const PATIENCE: Duration = seconds(60);
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

/// What takes a platform past a step.
struct Scenario {
    /// The beginning of the step's name.
    step: &'static str,
    /// Done by a server that does not die at the step, though it may be killed in here.
    before: fn(&mut Pool),
    /// Done with the one that dies. A command fails where the server dies under it.
    then: fn(&mut Pool),
}

impl Scenario {
    const fn new(step: &'static str, then: fn(&mut Pool)) -> Self {
        Self { step, before: |_| {}, then }
    }

    const fn after(self, before: fn(&mut Pool)) -> Self {
        Self { before, ..self }
    }

    fn of(point: &str) -> &'static Self {
        SCENARIOS.iter().find(|scenario| point.starts_with(scenario.step)).expect("the last one fits all")
    }
}

/// The first that fits counts.
static SCENARIOS: [Scenario; 21] = [
    Scenario::new("build.cleaned", the_leftover_is_gone).after(be_killed_in_a_build),
    Scenario::new("build.given_back", be_stopped_in_a_build),
    Scenario::new("build.failed", |pool| push(pool, "exit 1")),
    Scenario::new("build", |pool| push(pool, "")),
    Scenario::new("release", configure),
    Scenario::new("rollout", configure),
    Scenario::new("start", configure),
    Scenario::new("stop", configure),
    Scenario::new("crash", |pool| {
        let host = pool.host(FIXED);
        for container in host.labelled("paas=dyno") {
            drop(host.docker(&["kill", &container.name]));
        }
    }),
    Scenario::new("host.lost", |pool| pool.host(FIXED).cut()),
    Scenario::new("host.ready", grow),
    Scenario::new("host.let_go", share),
    Scenario::new("host.dynos_ended", lose_the_machine).after(fill_the_hosts),
    // At the server's start.
    Scenario::new("host", |_| {}),
    Scenario::new("machine.refused", grow_where_nothing_is),
    Scenario::new("machine.before_terminate", shrink).after(have_a_third),
    Scenario::new("machine.terminated", shrink).after(have_a_third),
    Scenario::new("machine.gone", shrink).after(have_a_third),
    Scenario::new("machine.stray_ended", the_stray_ends).after(launch_a_stray),
    // Of the slug that the push before it made.
    Scenario::new("garbage", |pool| push(pool, "")),
    // Launching and joining.
    Scenario::new("", grow),
];

/// The host that joined by hand.
const FIXED: &str = "host-1";
const READY: &str = "select count(*) from hosts where state = 'ready' and endpoint like 'tcp:%'";
/// In the tags of instances.
const INSTALLATION: &str = "crash-points";

#[test]
fn a_server_killed_at_any_step_goes_on_from_there() {
    let mut settings = vec![("PAAS_HOST_GRACE_SECONDS", "5"), ("PAAS_INSTALLATION", INSTALLATION)];
    // No point of the sample is in there.
    if env::var_os("PAAS_LONG_TESTS").is_some() || env::var_os("PAAS_CRASH_POINTS").is_some() {
        settings.extend([("PAAS_KEEP_RELEASES", "1"), ("PAAS_COLLECT_SECONDS", "2")]);
    }
    let mut pool = Pool::on_ec2(&settings);
    let points = pool.platform.paasd_says(&["crash-points"]);
    let points: Vec<_> = points.lines().collect();
    let taken = taken(&points);
    pool.add(1);
    pool.create("main", 1, 3);
    ready(&pool, 2);
    let repo = Repo::create(&pool.platform, "hello", true);
    let procfile = format!("{WEB}release: true\n");
    repo.commit([("Procfile", procfile.as_str()), ("server.py", SERVER), ("VERSION", "one")]);
    repo.push().ok();
    back_to_normal(&pool);

    let mut times: Vec<_> = taken.iter().map(|point| die_and_go_on(&mut pool, point)).collect();
    times.sort_unstable();
    eprintln!("{} points killed at, of {}", times.len(), points.len());
    eprintln!("each took {:?} to {:?}, the median {:?}", times[0], times[times.len() - 1], times[times.len() / 2]);
}

/// The points that are killed at in this run.
fn taken(points: &[&str]) -> Vec<String> {
    let chosen = env::var("PAAS_CRASH_POINTS").ok();
    let chosen = chosen.as_ref().map(|chosen| chosen.split(',').collect::<Vec<_>>());
    let chosen = match chosen {
        Some(chosen) => chosen,
        None if env::var_os("PAAS_LONG_TESTS").is_some() => points.to_vec(),
        None => SAMPLE.to_vec(),
    };
    assert!(chosen.iter().all(|point| points.contains(point)), "{chosen:?} are to be taken, but there are {points:?}");
    chosen.into_iter().map(str::to_owned).collect()
}

/// Kills the server at the point, and sees that the next one gets everything back to normal: how long that took.
fn die_and_go_on(pool: &mut Pool, point: &str) -> Duration {
    let (since, scenario) = (Instant::now(), Scenario::of(point));
    (scenario.before)(pool);
    if pool.platform.is_launched() {
        pool.platform.stop();
    }
    pool.platform.launch_to_crash_at(Some(point));
    if pool.platform.runs() {
        (scenario.then)(pool);
    }
    dies(pool, point);
    assert_eq!(pool.platform.bury(), Some(Signal::KILL.as_raw()), "{point}");
    pool.platform.launch();
    back_to_normal(pool);
    nothing_is_left_over(pool);
    nothing_runs_twice(pool);
    pool.platform.answers("hello", "version=");
    eprintln!("{point}: converged after {:?}", since.elapsed());
    since.elapsed()
}

fn dies(pool: &mut Pool, at: &str) {
    eventually(&format!("the server dies at {at}"), PATIENCE, || (!pool.platform.runs()).then_some(()));
}

/// Deploys another version, whose compiling runs a line of shell.
fn push(pool: &Pool, compile: &str) {
    commit(pool, compile).push();
}

fn commit<'a>(pool: &'a Pool, compile: &str) -> Repo<'a> {
    let repo = Repo::existing(&pool.platform, "hello");
    repo.commit([("bin/compile", format!("#!/bin/sh\n{compile}\n")), ("VERSION", unique())]);
    repo
}

/// A push whose build has got to the middle of its compiling.
fn push_half_way(pool: &Pool) -> Child {
    let push = commit(pool, "echo half way; sleep 6").push_in_background();
    eventually("the build is half way", seconds(60), || {
        let output = "select chunk from build_output join builds on builds.id = build_id where state = 'building'";
        pool.platform.sql(output).contains("half way").then_some(())
    });
    push
}

fn be_killed_in_a_build(pool: &mut Pool) {
    let mut push = push_half_way(pool);
    pool.platform.kill9();
    push.wait().expect("git can be waited for");
    assert_eq!(pool.platform.builds().len(), 1, "its container outlives it");
}

fn the_leftover_is_gone(pool: &mut Pool) {
    dies(pool, "once it has taken the build up again");
    assert_eq!(pool.platform.builds(), [], "what the killed one left was removed");
}

fn be_stopped_in_a_build(pool: &mut Pool) {
    let mut push = push_half_way(pool);
    pool.platform.tell_to_stop();
    push.wait().expect("git can be waited for");
}

/// Another controller has its share of the hosts.
fn share(pool: &mut Pool) {
    eventually("it has both hosts", seconds(30), || {
        let held = "select count(*) from hosts where lease_id is not null and endpoint like 'tcp:%'";
        (pool.platform.sql(held) == "2").then_some(())
    });
    let _other = pool.platform.second_controller();
    dies(pool, "as it gives a host to the other");
}

/// With as many dynos as that, there are some on each.
fn fill_the_hosts(pool: &mut Pool) {
    pool.platform.paas(&["ps:scale", "web=4", "--app", "hello"]).ok();
    pool.settles("hello", 4);
    assert_eq!(pool.spread("hello").len(), 2, "{:?}", pool.spread("hello"));
}

fn lose_the_machine(pool: &mut Pool) {
    let moto = pool.moto();
    moto.running().iter().for_each(|instance| moto.terminate(instance));
}

/// One that the provider refuses to launch.
fn grow_where_nothing_is(pool: &mut Pool) {
    let zones = pool.moto().subnets.iter();
    let subnets: Vec<_> = zones.map(|(zone, _)| format!("--subnet={zone}=subnet-00000000000000000")).collect();
    let subnets = subnets.iter().map(String::as_str);
    pool.platform.paas(&["pools:set", "main", "--min", "2"].into_iter().chain(subnets).collect::<Vec<_>>());
}

/// An instance of ours for a host that has no row: what comes of a database that was set back to an older state.
fn launch_a_stray(pool: &mut Pool) {
    let tags = [("paas:installation", INSTALLATION), ("paas:host", "01980000-0000-7000-8000-000000000000")];
    pool.moto().launch("#!/bin/sh\n", &tags);
}

/// It is left alone for two minutes, as its row might come yet.
fn the_stray_ends(pool: &mut Pool) {
    eventually("the stray is ended", seconds(180), || (pool.moto().running().len() == 1).then_some(()));
}

fn configure(pool: &mut Pool) {
    pool.platform.paas(&["config:set", &format!("GREETING={}", unique()), "--app", "hello"]);
}

fn grow(pool: &mut Pool) {
    pool.platform.paas(&["pools:set", "main", "--min", "2"]);
}

/// There must be one to end.
fn have_a_third(pool: &mut Pool) {
    grow(pool);
    ready(pool, 3);
}

fn shrink(pool: &mut Pool) {
    pool.platform.paas(&["pools:set", "main", "--min", "1", "--max", "1"]);
}

fn ready(pool: &Pool, hosts: u32) {
    let hosts = hosts.to_string();
    eventually(&format!("{hosts} hosts are ready"), seconds(120), || (pool.platform.sql(READY) == hosts).then_some(()));
}

/// Two dynos on two hosts, whatever was asked for when the server died.
fn back_to_normal(pool: &Pool) {
    Host::mend(pool.host(FIXED));
    let subnets = pool.moto().subnet_options();
    let options = ["--min", "1", "--max", "1"].into_iter().chain(subnets.iter().map(String::as_str));
    pool.set("main", &options.collect::<Vec<_>>());
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
