//! Routers and dynos need nothing else.

use std::{env, time::Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Pool, Repo, seconds};

/// What is promised is ten minutes; `PAAS_LONG_TESTS` has them waited for.
fn patience() -> std::time::Duration {
    if env::var_os("PAAS_LONG_TESTS").is_some() { seconds(600) } else { seconds(45) }
}

#[test]
fn routers_serve_on_with_postgresql_and_the_registry_and_every_other_role_stopped() {
    let mut pool = Pool::start(2, &[]);
    let _repo = Repo::deployed(&pool.platform, "hello", "one");
    pool.platform.paas(&["ps:scale", "web=4", "--app", "hello"]).ok();
    pool.settles("hello", 4);
    let router = pool.platform.second_router();
    router.answers(&pool.platform, "hello", "version=one");

    let [postgres, registry] =
        [("postgres/data/postmaster.pid", "postgres"), ("registry/registry.pid", "docker-registry")]
            .map(|(file, program)| pool.platform.process(file, program).expect("it runs"));
    pool.platform.kill9();
    for process in [postgres, registry] {
        end(process);
    }
    let (since, load) = (Instant::now(), router.load(&pool.platform, 20, "hello", "/slow"));
    while since.elapsed() < patience() {
        std::thread::sleep(seconds(1));
        let tally = load.so_far();
        assert!(tally.failed.is_empty(), "after {:?}: {:?}", since.elapsed(), tally.failed);
    }
    // An app that does not exist is told from one that does.
    assert_eq!(router.try_get(&pool.platform, "helo", "/").map(|answer| answer.status), Ok(404));
    let tally = load.stop(&pool.platform.runtime);
    eprintln!("{} requests in {:?} without a control plane, none failed", tally.answered, since.elapsed());
    assert!(tally.failed.is_empty(), "{:?} of {}", tally.failed, tally.answered);
    assert_eq!(tally.bodies.len(), 4, "every dyno still serves: {:?}", tally.bodies);

    pool.platform.launch();
    pool.settles("hello", 4);
    router.answers(&pool.platform, "hello", "version=one");
}

fn end(process: Pid) {
    kill_process(process, Signal::KILL).expect("it runs");
}
