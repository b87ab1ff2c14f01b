use std::{collections::BTreeMap, time::Duration};

use chrono::Utc;
use paas_control::{PlacementPolicy, Settings, testing::TestControl};
use paas_db::{
    hosts::{self, Host},
    new_id,
    pools::{self, Pool},
};
use paas_hosts::{Engine as _, MachineOrder, MachineState, Machines as _, testing::LaunchFault};
use paas_model::{HostState, Labels, Purchase};
use tokio_util::sync::CancellationToken;

use crate::support::{app, dynos, scale, until, up};

/// A control plane whose pools shrink at once, and with a pool.
async fn with_pool(change: impl FnOnce(&mut Pool)) -> (TestControl, Pool) {
    let settings = paas_control::testing::settings();
    let placement = PlacementPolicy { spare_after: Duration::from_millis(200), ..settings.placement };
    let test = TestControl::with(Settings { placement, ..settings }).await;
    let mut pool = Pool {
        id: new_id(),
        name: "web".to_owned(),
        min_hosts: 0,
        max_hosts: 3,
        labels: Labels::new(),
        instance_types: vec!["c7i.large".to_owned()],
        zones: vec!["zone-a".to_owned()],
        purchase: Purchase::OnDemand,
        image: "ami-1".to_owned(),
        replace_outdated: true,
        subnets: BTreeMap::from([("zone-a".to_owned(), "subnet-1".to_owned())]),
        security_groups: vec!["sg-1".to_owned()],
        key_name: None,
        instance_profile: None,
        disk_gb: 50,
        launch_after: None,
        last_error: None,
        created_at: Utc::now(),
        updated_at: Utc::now(),
    };
    change(&mut pool);
    pools::put(test.control.db.pool(), &pool).await.unwrap();
    (test, pool)
}

async fn rows(test: &TestControl) -> Vec<Host> {
    hosts::list(test.control.db.pool()).await.unwrap()
}

/// The first host of which this holds, once there is one.
async fn until_host(test: &TestControl, what: &str, is_it: impl Fn(&Host) -> bool) -> Host {
    until(what, async || rows(test).await.iter().any(&is_it)).await;
    rows(test).await.into_iter().find(is_it).expect("it was there")
}

async fn until_ready(test: &TestControl) -> Host {
    until_host(test, "a host is ready", |host| host.state == HostState::Ready).await
}

async fn until_launched(test: &TestControl) -> Host {
    until_host(test, "a machine has a name", |host| host.machine_id.is_some()).await
}

async fn count_up(test: &TestControl, app: &paas_control::App) -> usize {
    dynos(test, app).await.iter().filter(|dyno| up(dyno)).count()
}

fn machines_running(test: &TestControl) -> usize {
    test.machines.machines().iter().filter(|machine| machine.state != MachineState::Ended).count()
}

#[tokio::test]
async fn a_pool_grows_for_dynos_that_have_no_room_and_shrinks_to_nothing_again() {
    let (test, _) = with_pool(|_| {}).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let host = until_launched(&test).await;
    assert!(host.name.starts_with("web-") && host.name.len() == "web-".len() + 8, "{}", host.name);
    let order = test.machines.order(host.id).unwrap();
    assert_eq!(
        (order.pool.as_str(), order.image.as_str(), order.subnet.as_deref()),
        ("web", "ami-1", Some("subnet-1"))
    );
    assert!(order.user_data.contains("https://localhost:5443"), "{}", order.user_data);
    test.join_launched(host.id, 1).await;
    until_ready(&test).await;
    until("the dyno is up", async || count_up(&test, &app).await == 1).await;

    scale(&test, &app, "web", 0).await;
    until("the pool is empty", async || rows(&test).await.is_empty()).await;
    assert_eq!(machines_running(&test), 0);
    stop.cancel();
}

#[tokio::test]
async fn a_provider_that_does_not_answer_holds_up_no_rollout() {
    let (test, _) = with_pool(|pool| pool.min_hosts = 1).await;
    test.machines.stall();
    let stop = CancellationToken::new();
    let _loops = test.start_until(stop.clone());
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    until("the dyno is up on the server's own machine", async || count_up(&test, &app).await == 1).await;
    assert!(test.machines.machines().is_empty());

    test.machines.go_on();
    until_launched(&test).await;
    stop.cancel();
}

#[tokio::test]
async fn a_pool_whose_settings_are_wrong_by_the_start_says_so_until_they_are_right() {
    let (test, mut pool) = with_pool(|pool| pool.image = "ami-gone".to_owned()).await;
    test.machines.forget_image("ami-gone");
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let told = async || pools::find(test.control.db.pool(), pool.id).await.unwrap().unwrap().last_error;
    until("it says so", async || told().await.is_some_and(|text| text.contains("there is no image ami-gone"))).await;
    pool.image = "ami-1".to_owned();
    pools::put(test.control.db.pool(), &pool).await.unwrap();
    until("nothing is wrong with it", async || told().await.is_none()).await;
    stop.cancel();
}

#[tokio::test]
async fn a_launched_machine_has_no_more_than_its_type_whatever_it_says() {
    let (test, _) = with_pool(|pool| pool.min_hosts = 1).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let host = until_launched(&test).await;
    let engine = test.join_launched(host.id, 1).await;
    let said = engine.info().await.unwrap();
    let ready = until_ready(&test).await;
    assert!(said.memory_mb > 4_096 && said.cpus > 2, "{said:?}");
    assert_eq!((ready.memory_mb, ready.cpus), (4_096, 2), "a c7i.large");
    stop.cancel();
}

#[tokio::test]
async fn the_least_size_of_a_pool_is_kept_without_any_app() {
    let (test, _) = with_pool(|pool| pool.min_hosts = 2).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    until("two have machines", async || {
        let rows = rows(&test).await;
        rows.len() == 2 && rows.iter().all(|host| host.machine_id.is_some())
    })
    .await;
    assert_eq!(machines_running(&test), 2);
    stop.cancel();
}

#[tokio::test]
async fn a_machine_that_ended_is_replaced_and_its_dynos_run_on_the_new_one() {
    let (test, _) = with_pool(|pool| pool.min_hosts = 1).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let first = until_launched(&test).await;
    let engine = test.join_launched(first.id, 1).await;
    until("the dyno is up", async || count_up(&test, &app).await == 1).await;
    engine.go_down();
    test.machines.end(first.id);
    let second =
        until_host(&test, "another machine is launched", |host| host.id != first.id && host.machine_id.is_some()).await;
    test.join_launched(second.id, 2).await;
    until("the dyno is up there", async || {
        dynos(&test, &app).await.iter().any(|dyno| up(dyno) && dyno.host_id == Some(second.id))
    })
    .await;
    until("the first host is gone", async || rows(&test).await.iter().all(|host| host.id == second.id)).await;
    assert_eq!(dynos(&test, &app).await.len(), 1, "nothing waits for the dyno that ended with its machine");
    stop.cancel();
}

#[tokio::test]
async fn a_spot_machine_that_is_taken_back_is_emptied_first() {
    let (test, _) = with_pool(|pool| pool.purchase = Purchase::Spot).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    let first = until_launched(&test).await;
    assert!(test.machines.order(first.id).unwrap().spot);
    test.join_launched(first.id, 1).await;
    until("the dyno is up", async || count_up(&test, &app).await == 1).await;
    test.machines.interrupt(first.id);
    let second =
        until_host(&test, "another is launched", |host| host.id != first.id && host.machine_id.is_some()).await;
    assert_eq!(count_up(&test, &app).await, 1, "it serves until there is another place");
    test.join_launched(second.id, 2).await;
    until("the dyno has moved and the first is gone", async || {
        assert!(count_up(&test, &app).await >= 1);
        rows(&test).await.iter().all(|host| host.id == second.id)
    })
    .await;
    stop.cancel();
}

#[tokio::test]
async fn whatever_comes_of_a_launch_there_is_one_machine_in_the_end() {
    for fault in [LaunchFault::Throttled, LaunchFault::NoAnswer, LaunchFault::UnknownOutcome] {
        let (test, pool) = with_pool(|pool| pool.min_hosts = 1).await;
        test.machines.fail_next_launch(fault.clone());
        let stop = CancellationToken::new();
        let _loops = test.start_controller(stop.clone());
        until("the pool tells what failed", async || {
            let known = pools::find(test.control.db.pool(), pool.id).await.unwrap().unwrap();
            known.last_error.is_some() || rows(&test).await.iter().any(|host| host.machine_id.is_some())
        })
        .await;
        let host = until_launched(&test).await;
        test.join_launched(host.id, 1).await;
        until_ready(&test).await;
        assert_eq!(test.machines.machines().len(), 1, "{fault:?}");
        stop.cancel();
    }
}

#[tokio::test]
async fn what_the_provider_has_none_of_is_had_elsewhere() {
    for fault in [LaunchFault::NoCapacity, LaunchFault::LimitReached] {
        let (test, pool) = with_pool(|pool| {
            pool.min_hosts = 1;
            pool.zones.push("zone-b".to_owned());
        })
        .await;
        test.machines.fail_next_launch(fault);
        let stop = CancellationToken::new();
        let _loops = test.start_controller(stop.clone());
        let host = until_launched(&test).await;
        let shortages = pools::shortages(test.control.db.pool()).await.unwrap();
        assert_eq!(shortages.len(), 1);
        assert_eq!(shortages[0].pool_id, pool.id);
        assert_ne!(shortages[0].zone, host.zone);
        stop.cancel();
    }
}

#[tokio::test]
async fn a_pool_that_may_not_launch_says_so_and_does_not_try_on() {
    for (image, why) in [("ami-1", "the credentials may not do ec2:RunInstances"), ("ami-missing", "there is no image")]
    {
        let (test, pool) = with_pool(|pool| (pool.min_hosts, pool.image) = (1, image.to_owned())).await;
        test.machines.forget_image("ami-missing");
        if image == "ami-1" {
            test.machines.fail_next_launch(LaunchFault::Denied("ec2:RunInstances".to_owned()));
        }
        let stop = CancellationToken::new();
        let _loops = test.start_controller(stop.clone());
        let now = async || pools::find(test.control.db.pool(), pool.id).await.unwrap().unwrap();
        until("its row tells", async || {
            let now = now().await;
            now.launch_after.is_some() && now.last_error.is_some_and(|error| error.contains(why))
        })
        .await;
        until("no host is left", async || rows(&test).await.is_empty()).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(rows(&test).await.is_empty() && test.machines.machines().is_empty());
        // Changed by a person, it is tried again.
        pools::put(test.control.db.pool(), &Pool { image: "ami-2".to_owned(), ..pool.clone() }).await.unwrap();
        until_launched(&test).await;
        until("nothing is wrong any more", async || now().await.last_error.is_none()).await;
        stop.cancel();
    }
}

#[tokio::test]
async fn a_machine_that_never_joins_is_given_up_and_replaced() {
    let settings = paas_control::testing::settings();
    let placement = PlacementPolicy { join_timeout: Duration::from_millis(500), ..settings.placement };
    let (mut test, _) = with_pool(|pool| pool.min_hosts = 1).await;
    test.control.settings = std::sync::Arc::new(Settings { placement, ..settings });
    test.machines.fail_next_launch(LaunchFault::NeverBoots);
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let first = until_launched(&test).await;
    until("another takes its place", async || {
        let rows = rows(&test).await;
        rows.len() == 1 && rows[0].id != first.id && rows[0].machine_id.is_some()
    })
    .await;
    assert_eq!(test.machines.machines()[0].state, MachineState::Ended);
    stop.cancel();
}

#[tokio::test]
async fn a_machine_that_may_not_be_ended_says_so_and_holds_no_other_up() {
    let (test, pool) = with_pool(|pool| pool.min_hosts = 1).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let first = until_launched(&test).await;
    test.join_launched(first.id, 1).await;
    until_ready(&test).await;
    test.machines.deny("ec2:TerminateInstances");
    pools::put(test.control.db.pool(), &Pool { min_hosts: 0, ..pool.clone() }).await.unwrap();
    until_host(&test, "its row tells why", |host| {
        host.state == HostState::Terminating && host.reason.as_ref().is_some_and(|why| why.contains("cannot be ended"))
    })
    .await;
    pools::put(test.control.db.pool(), &Pool { min_hosts: 2, ..pool }).await.unwrap();
    until("two others are launched", async || {
        let is_other = |host: &&Host| host.id != first.id && host.machine_id.is_some();
        rows(&test).await.iter().filter(is_other).count() == 2
    })
    .await;
    stop.cancel();
}

#[tokio::test]
async fn of_two_machines_of_one_host_the_other_is_ended() {
    let (test, _) = with_pool(|pool| pool.min_hosts = 1).await;
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let host = until_launched(&test).await;
    test.machines.launch_twice(host.id);
    test.join_launched(host.id, 1).await;
    until("the other has ended", async || test.machines.machines()[1].state == MachineState::Ended).await;
    let row = until_ready(&test).await;
    assert_eq!((row.id, row.machine_id), (host.id, host.machine_id));
    assert_eq!(test.machines.machines()[0].state, MachineState::Running);
    stop.cancel();
}

#[tokio::test]
async fn machines_without_a_row_are_ended_and_those_of_others_are_not() {
    let (test, _) = with_pool(|pool| pool.max_hosts = 0).await;
    let order = |host| MachineOrder {
        host,
        name: "stray".to_owned(),
        pool: "web".to_owned(),
        instance_type: "c7i.large".to_owned(),
        zone: "zone-a".to_owned(),
        spot: false,
        image: "ami-1".to_owned(),
        subnet: None,
        security_groups: Vec::new(),
        key_name: None,
        disk_gb: 8,
        user_data: String::new(),
        instance_profile: None,
    };
    let others = test.machines.of_installation("theirs");
    test.machines.launch(&order(new_id())).await.unwrap();
    others.launch(&order(new_id())).await.unwrap();
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    until("ours has ended", async || test.machines.machines()[0].state == MachineState::Ended).await;
    assert_ne!(test.machines.machines()[1].state, MachineState::Ended);
    stop.cancel();
}

#[tokio::test]
async fn a_provider_that_is_away_holds_nothing_else_up() {
    let (test, _) = with_pool(|pool| pool.min_hosts = 1).await;
    test.machines.go_down();
    let stop = CancellationToken::new();
    let _loops = test.start_controller(stop.clone());
    let (host, _) = test.join(1, &[]).await;
    let app = app(&test, "example").await;
    test.deploy(&app, &[("web", "serve")]).await;
    until("the dyno is up", async || {
        dynos(&test, &app).await.iter().any(|dyno| up(dyno) && dyno.host_id == Some(host))
    })
    .await;
    stop.cancel();
}
