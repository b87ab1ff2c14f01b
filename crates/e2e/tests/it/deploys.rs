//! Deploys under load.

use crate::harness::{Platform, Repo, SERVER, WEB, eventually, seconds};

const CLIENTS: usize = 50;
/// Ten releases, of every kind that replaces dynos: four are pushed, three set a config var, three go back.
const DEPLOYS: [Deploy; 10] = [
    Deploy::Push("two"),
    Deploy::Config("a"),
    Deploy::Push("three"),
    Deploy::Rollback,
    Deploy::Config("b"),
    Deploy::Push("four"),
    Deploy::Rollback,
    Deploy::Config("c"),
    Deploy::Push("five"),
    Deploy::Rollback,
];

#[derive(Debug, Clone, Copy)]
enum Deploy {
    Push(&'static str),
    Config(&'static str),
    /// To the release before the current one.
    Rollback,
}

#[test]
fn fifty_requests_in_flight_through_ten_deploys_all_succeed() {
    let platform = Platform::start();
    let repo = Repo::create(&platform, "hello", true);
    repo.commit([("Procfile", WEB), ("server.py", SERVER), ("VERSION", "one")]);
    repo.push().ok();
    platform.paas(&["ps:scale", "web=2", "--app", "hello"]).ok();
    eventually("two dynos are up", seconds(60), || (platform.sql(UP) == "2").then_some(()));

    // Each takes 200 to 500 ms, so that all fifty are in flight whenever a dyno is replaced.
    let load = platform.load(CLIENTS, "hello", "/slow");
    for deploy in DEPLOYS {
        match deploy {
            Deploy::Push(version) => {
                repo.commit([("VERSION", version)]);
                repo.push().ok();
            }
            Deploy::Config(value) => {
                platform.paas(&["config:set", &format!("GREETING={value}"), "--app", "hello"]).ok();
            }
            Deploy::Rollback => {
                platform.paas(&["rollback", "--app", "hello"]).ok();
            }
        }
        // The next one begins when this one's dynos serve, though the old ones may still be on their way out.
        eventually(&format!("{deploy:?} is up"), seconds(90), || (platform.sql(CURRENT) == "2").then_some(()));
        let tally = load.so_far();
        assert!(tally.failed.is_empty(), "after {deploy:?}: {:?} of {} failed", tally.failed, tally.answered);
    }
    let tally = load.stop(&platform.runtime);
    assert!(tally.failed.is_empty(), "{:?} of {} failed", tally.failed, tally.answered);
    for version in ["one", "two", "three", "four", "five"] {
        assert!(
            tally.bodies.keys().any(|body| body.contains(&format!("version={version} "))),
            "{version} never served"
        );
    }
    eprintln!("{} requests in ten deploys, none failed", tally.answered);
    assert!(tally.answered > 10 * CLIENTS as u64, "too few to show anything: {}", tally.answered);
    // Every dyno that was replaced had the time to finish what it had begun.
    let stopped = platform.sql("select count(*) from dynos where state = 'gone' and exit_code is distinct from 0");
    assert_eq!(stopped, "0", "dynos were killed");
}

const UP: &str = "select count(*) from dynos where state = 'up'";
const CURRENT: &str = "select count(*) from dynos where state = 'up' and release_id = \
                       (select id from releases where state = 'succeeded' order by version desc limit 1)";
