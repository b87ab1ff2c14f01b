//! What every cloud keeps, as tests. `machines_contract!` makes one test function of each rule:
//!
//! ```ignore
//! mod fake {
//!     paas_hosts::machines_contract!(FakeBench::default());
//! }
//! ```

use std::{collections::BTreeSet, time::Duration};

use paas_model::HostId;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{Machine, MachineError, MachineId, MachineOrder, MachineState, Machines};

/// No cloud has an image of this name.
pub const MISSING_IMAGE: &str = "ami-0000000000000dead";

const PATIENCE: Duration = Duration::from_secs(20);

/// A cloud that tests may launch machines in.
pub trait Bench {
    fn ours(&self) -> &dyn Machines;

    /// The same cloud, seen by another installation.
    fn theirs(&self) -> &dyn Machines;

    /// One that can be had, for a new host, on demand.
    fn order(&self) -> MachineOrder;
}

/// An order for a new host, of a type and in a zone that the cloud of every bench has.
#[must_use]
pub fn order(image: &str) -> MachineOrder {
    let host = HostId::from(Uuid::now_v7());
    MachineOrder {
        host,
        name: "web-1".to_owned(),
        pool: "web".to_owned(),
        instance_type: "m7i.large".to_owned(),
        zone: "us-east-1b".to_owned(),
        spot: false,
        image: image.to_owned(),
        subnet: None,
        security_groups: Vec::new(),
        key_name: None,
        disk_gb: 40,
        user_data: format!("#!/bin/sh\necho {host}\n"),
        instance_profile: None,
    }
}

/// A test per rule of the contract. `$bench` is evaluated anew for each, within a tokio runtime.
#[macro_export]
macro_rules! machines_contract {
    ($bench:expr) => {
        $crate::machines_contract!(@rules $bench,
            a_machine_is_launched_as_ordered,
            launching_twice_adopts_the_first,
            a_machine_that_is_adopted_is_as_it_was_launched,
            a_host_whose_machine_ended_gets_no_second_one,
            a_launched_machine_comes_to_run,
            machines_of_several_hosts_are_all_listed,
            a_spot_machine_is_said_to_be_one,
            a_terminated_machine_is_listed_no_more,
            terminating_twice_is_terminating_once,
            terminating_what_is_not_known_is_success,
            a_machine_of_another_host_is_left_alone,
            a_machine_of_another_installation_is_left_alone,
            a_machine_of_another_installation_is_neither_listed_nor_adopted,
            an_image_that_is_not_there_is_refused_with_a_reason,
            an_instance_type_that_is_not_there_is_refused_with_a_reason,
            a_check_by_one_who_may_do_all_finds_nothing_and_launches_nothing,
            a_check_says_that_an_image_is_not_there,
            an_instance_type_has_a_capacity_and_a_price,
        );
    };
    (@rules $bench:expr, $($rule:ident,)*) => {
        $(
            #[tokio::test]
            async fn $rule() {
                let bench = $bench;
                $crate::testing::machines_contract::$rule(&bench).await;
            }
        )*
    };
}

pub async fn a_machine_is_launched_as_ordered(bench: &impl Bench) {
    let order = bench.order();
    let machine = launched(bench.ours(), &order).await;
    assert_eq!(machine.host, Some(order.host));
    assert_eq!(machine.instance_type, order.instance_type);
    assert_eq!(machine.zone, order.zone);
    assert!(!machine.spot && !machine.interrupted);
    assert!(machine.private_address.is_some());
    assert!(machine.launched_at.is_some());
    assert!([MachineState::Pending, MachineState::Running].contains(&machine.state), "{:?}", machine.state);
}

pub async fn launching_twice_adopts_the_first(bench: &impl Bench) {
    let order = bench.order();
    let first = launched(bench.ours(), &order).await;
    let second = launched(bench.ours(), &order).await;
    assert_eq!(first.id, second.id);
    assert_eq!(listed(bench.ours()).await.len(), 1);
}

pub async fn a_machine_that_is_adopted_is_as_it_was_launched(bench: &impl Bench) {
    let order = bench.order();
    launched(bench.ours(), &order).await;
    let adopted = launched(bench.ours(), &MachineOrder { spot: true, ..order }).await;
    assert!(!adopted.spot);
}

pub async fn a_host_whose_machine_ended_gets_no_second_one(bench: &impl Bench) {
    let order = bench.order();
    let machine = launched(bench.ours(), &order).await;
    bench.ours().terminate(order.host, &machine.id).await.expect("terminate");
    let again = launched(bench.ours(), &order).await;
    assert_eq!(again.id, machine.id);
    assert!(again.state >= MachineState::Stopping, "{:?}", again.state);
}

pub async fn a_launched_machine_comes_to_run(bench: &impl Bench) {
    let machine = launched(bench.ours(), &bench.order()).await;
    let runs = async {
        while !listed(bench.ours()).await.iter().any(|it| it.id == machine.id && it.state == MachineState::Running) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, runs).await.expect("it runs in time");
}

pub async fn machines_of_several_hosts_are_all_listed(bench: &impl Bench) {
    let mut hosts = BTreeSet::new();
    for _ in 0..3 {
        let order = bench.order();
        launched(bench.ours(), &order).await;
        hosts.insert(Some(order.host));
    }
    let seen: BTreeSet<_> = listed(bench.ours()).await.into_iter().map(|machine| machine.host).collect();
    assert_eq!(seen, hosts);
}

pub async fn a_spot_machine_is_said_to_be_one(bench: &impl Bench) {
    let machine = launched(bench.ours(), &MachineOrder { spot: true, ..bench.order() }).await;
    assert!(machine.spot);
    assert!(listed(bench.ours()).await.iter().all(|it| it.spot && !it.interrupted));
}

pub async fn a_terminated_machine_is_listed_no_more(bench: &impl Bench) {
    let order = bench.order();
    let machine = launched(bench.ours(), &order).await;
    bench.ours().terminate(order.host, &machine.id).await.expect("terminate");
    let is_gone = async {
        while !listed(bench.ours()).await.is_empty() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, is_gone).await.expect("it is gone in time");
}

pub async fn terminating_twice_is_terminating_once(bench: &impl Bench) {
    let order = bench.order();
    let machine = launched(bench.ours(), &order).await;
    for _ in 0..2 {
        bench.ours().terminate(order.host, &machine.id).await.expect("terminate");
    }
}

pub async fn terminating_what_is_not_known_is_success(bench: &impl Bench) {
    let unknown = MachineId("i-0123456789abcdef0".to_owned());
    bench.ours().terminate(bench.order().host, &unknown).await.expect("terminate");
}

pub async fn a_machine_of_another_host_is_left_alone(bench: &impl Bench) {
    let machine = launched(bench.ours(), &bench.order()).await;
    let refused = bench.ours().terminate(bench.order().host, &machine.id).await;
    assert!(matches!(refused, Err(MachineError::NotOurs { .. })), "{refused:?}");
    assert_eq!(listed(bench.ours()).await.len(), 1);
}

pub async fn a_machine_of_another_installation_is_left_alone(bench: &impl Bench) {
    let order = bench.order();
    let machine = launched(bench.theirs(), &order).await;
    let refused = bench.ours().terminate(order.host, &machine.id).await;
    assert!(matches!(refused, Err(MachineError::NotOurs { .. })), "{refused:?}");
    assert_eq!(listed(bench.theirs()).await.len(), 1);
}

pub async fn a_machine_of_another_installation_is_neither_listed_nor_adopted(bench: &impl Bench) {
    let order = bench.order();
    let theirs = launched(bench.theirs(), &order).await;
    assert_eq!(listed(bench.ours()).await, []);
    let ours = launched(bench.ours(), &order).await;
    assert_ne!(ours.id, theirs.id);
}

pub async fn an_image_that_is_not_there_is_refused_with_a_reason(bench: &impl Bench) {
    let order = MachineOrder { image: MISSING_IMAGE.to_owned(), ..bench.order() };
    assert_names(bench.ours().launch(&order).await, MISSING_IMAGE);
    assert_eq!(listed(bench.ours()).await, []);
}

pub async fn an_instance_type_that_is_not_there_is_refused_with_a_reason(bench: &impl Bench) {
    let order = MachineOrder { instance_type: "m7i.colossal".to_owned(), ..bench.order() };
    assert_names(bench.ours().launch(&order).await, "m7i.colossal");
    assert_names(bench.ours().instance_type("m7i.colossal").await, "m7i.large");
}

pub async fn a_check_by_one_who_may_do_all_finds_nothing_and_launches_nothing(bench: &impl Bench) {
    assert_eq!(bench.ours().check(&bench.order()).await.expect("check"), []);
    assert_eq!(listed(bench.ours()).await, []);
}

pub async fn a_check_says_that_an_image_is_not_there(bench: &impl Bench) {
    let order = MachineOrder { image: MISSING_IMAGE.to_owned(), ..bench.order() };
    assert_names(bench.ours().check(&order).await, MISSING_IMAGE);
}

pub async fn an_instance_type_has_a_capacity_and_a_price(bench: &impl Bench) {
    let found = bench.ours().instance_type("m7i.large").await.expect("the type");
    assert_eq!((found.name.as_str(), found.cpu_millis, found.memory_mb), ("m7i.large", 2_000, 8_192));
    let price = found.price.expect("a price");
    assert!(0 < price.spot_micros && price.spot_micros < price.on_demand_micros, "{price:?}");
}

async fn launched(machines: &dyn Machines, order: &MachineOrder) -> Machine {
    machines.launch(order).await.expect("launch")
}

async fn listed(machines: &dyn Machines) -> Vec<Machine> {
    machines.list().await.expect("list")
}

fn assert_names<T: std::fmt::Debug>(result: Result<T, MachineError>, what: &str) {
    match result {
        Err(MachineError::Invalid { reason }) => assert!(reason.contains(what), "{reason}"),
        other => panic!("expected Invalid that names {what}, got {other:?}"),
    }
}
