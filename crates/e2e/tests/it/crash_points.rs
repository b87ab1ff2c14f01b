//! `kill -9` at every labelled step. Debug builds know the steps: `paasd crash-points` lists them, and a server that is
//! started with `PAAS_CRASH_AT=<one of them>` kills itself when it gets there the first time.

use std::time::Instant;

use rustix::process::Signal;

use crate::harness::{Pool, Repo, eventually, nothing_is_left_over, nothing_runs_twice, seconds};

/// For a server that is about to die, a step has this long to get to where it does.
const PATIENCE: std::time::Duration = seconds(25);

/// What takes a platform past every step that it has, the cheap ones first. After each, things are as they were before.
const SCENARIOS: [(&str, Scenario); 8] = [
    ("release", |pool, app| {
        pool.platform.paas(&["config:set", &format!("GREETING={}", unique()), "--app", app]).status
    }),
    ("dyno", |pool, app| pool.platform.paas(&["ps:restart", "--app", app]).status),
    ("formation", |pool, app| pool.platform.paas(&["ps:scale", "web=4", "--app", app]).status),
    ("run", |pool, app| pool.platform.paas(&["run", "--app", app, "--", "true"]).status),
    ("build", |pool, app| {
        let repo = Repo::existing(&pool.platform, app);
        repo.commit([("VERSION", unique())]);
        Some(i32::from(!repo.push().accepted))
    }),
    ("drain", |pool, _| {
        pool.platform.paas(&["hosts:drain", FIXED]);
        pool.platform.paas(&["hosts:undrain", FIXED]).status
    }),
    ("launch", |pool, _| pool.platform.paas(&["pools:set", "main", "min=2"]).status),
    ("terminate", |pool, _| pool.platform.paas(&["pools:set", "main", "min=1", "max=1"]).status),
];

/// The host that joined by hand.
const FIXED: &str = "host-1";
type Scenario = fn(&Pool, &str) -> Option<i32>;

#[test]
fn a_server_killed_at_any_step_goes_on_from_there() {
    let mut pool = Pool::on_ec2(&[]);
    let points = pool.platform.paasd_says(&["crash-points"]);
    let points: Vec<_> = points.lines().map(str::to_owned).collect();
    assert!(!points.is_empty(), "this paasd was built without crash points");
    pool.add(1);
    pool.create("main", 1, 3);
    eventually("two hosts are ready", seconds(120), || (pool.platform.sql(READY) == "2").then_some(()));
    Repo::deployed(&pool.platform, "hello", "one");
    back_to_normal(&pool);

    for point in &points {
        let since = Instant::now();
        pool.platform.stop();
        pool.platform.launch_to_crash_at(Some(point));
        let by = pass(&mut pool, point);
        assert_eq!(pool.platform.bury(), Some(Signal::KILL.as_raw()), "{point}");
        pool.platform.launch();
        back_to_normal(&pool);
        nothing_is_left_over(&pool);
        nothing_runs_twice(&pool);
        pool.platform.answers("hello", "version=");
        eprintln!("{point}: killed by {by}, converged after {:?}", since.elapsed());
    }
    eprintln!("{} points, each killed once", points.len());
}

const READY: &str = "select count(*) from hosts where state = 'ready' and endpoint like 'tcp:%'";

/// Does one thing after another until the server has killed itself, beginning with the one that the point is named after.
fn pass(pool: &mut Pool, point: &str) -> &'static str {
    let first = SCENARIOS.iter().position(|(name, _)| point.starts_with(name)).unwrap_or_default();
    for (name, scenario) in SCENARIOS.iter().cycle().skip(first).take(SCENARIOS.len()) {
        if !pool.platform.runs() {
            return "its start";
        }
        // The command fails where the server dies under it.
        scenario(pool, "hello");
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            if !pool.platform.runs() {
                return name;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }
    panic!("nothing that the platform does passes {point}");
}

/// Two dynos on two hosts, whatever was asked for when the server died.
fn back_to_normal(pool: &Pool) {
    pool.platform.paas(&["hosts:undrain", FIXED]);
    pool.platform.paas(&["pools:set", "main", "min=1", "max=3"]).ok();
    pool.platform.paas(&["ps:scale", "web=2", "--app", "hello"]).ok();
    pool.is(FIXED, "ready");
    pool.settles("hello", 2);
}

/// Another word each time.
fn unique() -> String {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("it is after 1970");
    since.as_nanos().to_string()
}
