//! Everything that operators and developers change about a pool, with fifty requests in flight: none fails.

use rustix::process::{Signal, kill_process};

use crate::harness::{Pool, Repo, Tally, eventually, nothing_is_left_over, seconds};

const CLIENTS: usize = 50;
const READY: &str = "select count(*) from hosts where state = 'ready' and pool_id is not null";

#[test]
fn no_request_fails_while_apps_and_hosts_and_the_control_plane_change() {
    let mut pool = Pool::start(3, &[]);
    let repo = Repo::deployed(&pool.platform, "hello", "one");
    pool.platform.paas(&["ps:scale", "web=3", "--app", "hello"]).ok();
    pool.settles("hello", 3);
    // A router of its own, as where there are several: the control plane's goes down with it.
    let router = pool.platform.second_router();
    router.answers(&pool.platform, "hello", "version=one");
    let load = router.load(&pool.platform, CLIENTS, "hello", "/slow");
    let fine = |tally: &Tally, step: &str| {
        assert!(tally.failed.is_empty(), "after {step}: {:?} of {} failed", tally.failed, tally.answered);
        eprintln!("{step}: {} answered so far", tally.answered);
    };

    repo.commit([("VERSION", "two")]);
    repo.push().ok();
    pool.settles("hello", 3);
    fine(&load.so_far(), "a deploy");
    pool.platform.paas(&["config:set", "GREETING=hi", "--app", "hello"]).ok();
    pool.settles("hello", 3);
    fine(&load.so_far(), "a config change");
    for web in [6, 2, 5] {
        pool.platform.paas(&["ps:scale", &format!("web={web}"), "--app", "hello"]).ok();
        pool.settles("hello", web);
    }
    fine(&load.so_far(), "scaling");

    pool.platform.paas(&["hosts:drain", "host-1"]).ok();
    eventually("host-1 is empty", seconds(90), || (!pool.spread("hello").contains_key("host-1")).then_some(()));
    pool.settles("hello", 5);
    fine(&load.so_far(), "a drained host");
    pool.platform.paas(&["hosts:undrain", "host-1"]).ok();
    pool.is("host-1", "ready");

    pool.platform.stop();
    pool.platform.launch();
    pool.settles("hello", 5);
    fine(&load.so_far(), "a restart of the control plane");
    let postgres = pool.platform.process("postgres/data/postmaster.pid", "postgres").expect("it runs");
    kill_process(postgres, Signal::QUIT).expect("it is ours");
    eventually("the API is away", seconds(10), || (!pool.platform.is_healthy()).then_some(()));
    eventually("the API is back", seconds(60), || pool.platform.is_healthy().then_some(()));
    pool.settles("hello", 5);
    let tally = load.stop(&pool.platform.runtime);
    fine(&tally, "a restart of PostgreSQL");
    assert!(tally.answered > 20 * CLIENTS as u64, "too few to show anything: {}", tally.answered);
    nothing_is_left_over(&pool);
}

#[test]
fn every_host_is_replaced_one_by_one_by_those_of_a_new_image_without_a_failed_request() {
    let pool = Pool::on_ec2(&[]);
    pool.create("main", 3, 4);
    eventually("three hosts are ready", seconds(120), || (pool.platform.sql(READY) == "3").then_some(()));
    let _repo = Repo::deployed(&pool.platform, "hello", "one");
    pool.platform.paas(&["ps:scale", "web=3", "--app", "hello"]).ok();
    pool.settles("hello", 3);
    let before: Vec<_> = pool.moto().running().into_iter().map(|instance| instance.id).collect();

    let load = pool.platform.load(CLIENTS, "hello", "/slow");
    pool.set("main", &["--image", &pool.moto().images[1]]);
    eventually("every host has the new image", seconds(300), || {
        let now = pool.moto().running();
        let is_new = now.len() == 3 && now.iter().all(|instance| instance.image == pool.moto().images[1]);
        (is_new && pool.platform.sql(READY) == "3").then_some(())
    });
    pool.settles("hello", 3);
    let tally = load.stop(&pool.platform.runtime);
    assert!(tally.failed.is_empty(), "{:?} of {} failed", tally.failed, tally.answered);
    assert!(pool.moto().running().iter().all(|instance| !before.contains(&instance.id)));
    nothing_is_left_over(&pool);
}
