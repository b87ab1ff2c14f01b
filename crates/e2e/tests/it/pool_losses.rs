//! Hosts of a pool are lost, cut off, slow and full; apps are not.

use std::time::Instant;

use crate::harness::{Instance, Pool, Repo, eventually, nothing_is_left_over, nothing_runs_twice, seconds};

const CLIENTS: usize = 30;
/// From the host's loss being known to the last dyno up elsewhere, in seconds.
const REPLACED_IN: f64 = 15.0;

#[test]
fn a_killed_hosts_dynos_are_up_elsewhere_in_seconds_and_a_launched_host_takes_its_place() {
    let pool = Pool::on_ec2(&[]);
    pool.create("main", 3, 4);
    eventually("three hosts are ready", seconds(120), || (pool.platform.sql(READY) == "3").then_some(()));
    let _repo = Repo::deployed(&pool.platform, "hello", "one");
    pool.platform.paas(&["ps:scale", "web=6", "--app", "hello"]).ok();
    pool.settles("hello", 6);
    assert_eq!(pool.spread("hello").into_values().collect::<Vec<_>>(), [2, 2, 2]);

    let load = pool.platform.load(CLIENTS, "hello", "/slow");
    eventually("requests are in flight", seconds(10), || (load.so_far().answered > 100).then_some(()));
    let victim = pool.moto().running().remove(0);
    let killed = Instant::now();
    pool.moto().host(&victim).kill9();
    let lost =
        format!("select id from hosts where machine_id = '{}' and state in ('lost', 'terminating', 'gone')", victim.id);
    eventually("its loss is known", seconds(60), || (!pool.platform.sql(&lost).is_empty()).then_some(()));
    let detected = Instant::now();
    eventually("its dynos are up elsewhere", seconds(60), || {
        (pool.spread("hello").values().sum::<usize>() == 6).then_some(())
    });
    eprintln!("lost after {:?}, replaced {:?} later", detected - killed, detected.elapsed());
    assert!(detected.elapsed().as_secs_f64() < REPLACED_IN, "it took {:?}", detected.elapsed());

    eventually("a host was launched in its place", seconds(120), || (pool.platform.sql(READY) == "3").then_some(()));
    // The lost one may come back until EC2 says that its machine has ended.
    end(&pool, &victim);
    pool.platform.paas(&["ps:scale", "web=9", "--app", "hello"]).ok();
    pool.settles("hello", 9);
    assert_eq!(pool.spread("hello").len(), 3, "the new host takes load: {:?}", pool.spread("hello"));
    let tally = load.stop(&pool.platform.runtime);
    eprintln!("{} answered, failed: {:?}", tally.answered, tally.failed);
    let late = tally.failed_since.iter().filter(|since| **since > killed).count();
    assert_eq!(late, 0, "only what was in flight on the host may fail: {:?}", tally.failed);
    assert!(tally.failed_since.len() <= CLIENTS, "more failed than were in flight: {:?}", tally.failed);

    // One that EC2 ends without a warning.
    end(&pool, &pool.moto().running().remove(0));
    eventually("it is replaced", seconds(120), || (pool.platform.sql(READY) == "3").then_some(()));
    pool.settles("hello", 9);
    nothing_is_left_over(&pool);
}

const READY: &str = "select count(*) from hosts where state = 'ready' and pool_id is not null";

/// EC2 ends the machine, and its host's row follows.
fn end(pool: &Pool, instance: &Instance) {
    pool.moto().terminate(instance);
    let held = format!("select count(*) from hosts where machine_id = '{}' and state <> 'gone'", instance.id);
    eventually("its host is gone", seconds(60), || (pool.platform.sql(&held) == "0").then_some(()));
}

#[test]
fn a_host_that_is_cut_off_loses_its_dynos_to_others_and_stops_its_own_when_it_is_back() {
    let pool = Pool::start(3, &[]);
    let _repo = Repo::deployed(&pool.platform, "hello", "one");
    pool.platform.paas(&["ps:scale", "web=6", "--app", "hello"]).ok();
    pool.settles("hello", 6);
    let cut_off = pool.host("host-2");
    cut_off.cut();
    let cut = Instant::now();
    pool.is("host-2", "lost");
    eventually("its dynos are up elsewhere", seconds(60), || {
        let spread = pool.spread("hello");
        (spread.values().sum::<usize>() == 6 && !spread.contains_key("host-2")).then_some(())
    });
    eprintln!("replaced {:?} after the cut", cut.elapsed());
    assert!(!cut_off.labelled("paas=dyno").is_empty(), "its containers run on, where nobody reaches them");
    let load = pool.platform.load(10, "hello", "/");
    eventually("requests go to the others", seconds(30), || (load.so_far().answered > 200).then_some(()));
    let tally = load.stop(&pool.platform.runtime);
    assert!(tally.failed.is_empty(), "{:?} of {}", tally.failed, tally.answered);

    cut_off.mend();
    pool.is("host-2", "ready");
    eventually("what it ran is stopped", seconds(60), || cut_off.labelled("paas=dyno").is_empty().then_some(()));
    nothing_runs_twice(&pool);
    pool.settles("hello", 6);
    nothing_is_left_over(&pool);
}

#[test]
fn a_singleton_is_not_started_elsewhere_while_its_host_is_merely_cut_off() {
    let pool = Pool::start(2, &[]);
    let repo = Repo::create(&pool.platform, "ticker", true);
    repo.commit([("Procfile", "clock: exec sleep 100000\n")]);
    repo.push().ok();
    pool.platform.paas(&["ps:scale", "clock=1", "--app", "ticker"]).ok();
    let name = eventually("the clock is up", seconds(60), || pool.spread("ticker").into_keys().next());
    pool.host(&name).cut();
    pool.is(&name, "lost");
    // It would be up by then, were it started.
    let since = Instant::now();
    while since.elapsed() < seconds(10) {
        let elsewhere = pool.hosts().filter(|host| host.name != name).flat_map(|host| host.labelled("paas=dyno"));
        assert_eq!(elsewhere.count(), 0, "it may run twice");
        std::thread::sleep(seconds(1));
    }
    pool.host(&name).mend();
    pool.is(&name, "ready");
    pool.settles("ticker", 1);
    nothing_runs_twice(&pool);
    // A machine that is gone for good is another matter.
    pool.host(&name).kill9();
    pool.is(&name, "lost");
    pool.platform.paas(&["hosts:remove", &name, "--force", "--confirm", &name]).ok();
    eventually("the clock is up elsewhere", seconds(60), || {
        pool.spread("ticker").keys().any(|host| *host != name).then_some(())
    });
}

#[test]
fn an_engine_that_is_killed_and_a_network_that_is_slow_and_a_disk_that_is_full_are_outlived() {
    let mut pool = Pool::start(2, &[]);
    let directory = pool.directory();
    let small = crate::harness::Host::boot_with_disk(&directory, "host-3", crate::harness::Network::address(3), 2048);
    pool.join(small, "c");
    pool.all_ready();
    let repo = Repo::deployed(&pool.platform, "hello", "one");
    pool.platform.paas(&["ps:scale", "web=6", "--app", "hello"]).ok();
    pool.settles("hello", 6);

    // The engine alone: it comes back, and with it what it ran.
    let host = pool.host("host-1");
    host.kill_engine();
    std::thread::sleep(seconds(2));
    host.start_engine();
    pool.is("host-1", "ready");
    pool.settles("hello", 6);
    nothing_runs_twice(&pool);

    // A reboot.
    host.kill9();
    host.boot_again();
    pool.is("host-1", "ready");
    pool.settles("hello", 6);
    nothing_runs_twice(&pool);

    let load = pool.platform.load(5, "hello", "/");
    host.slow("256kbit");
    repo.commit([("VERSION", "two")]);
    repo.push().ok();
    pool.settles("hello", 6);
    pool.platform.answers("hello", "version=two ");
    let tally = load.stop(&pool.platform.runtime);
    assert!(tally.failed.is_empty(), "{:?} of {}", tally.failed, tally.answered);

    let full = pool.host("host-3");
    full.fill_disk();
    repo.commit([("VERSION", "three"), ("ballast", &"x".repeat(1 << 20))]);
    repo.push().ok();
    pool.platform.answers("hello", "version=three ");
    full.empty_disk();
    pool.settles("hello", 6);
    nothing_is_left_over(&pool);
}
