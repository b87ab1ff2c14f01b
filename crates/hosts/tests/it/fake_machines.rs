//! What only the fake cloud can be told to do.

use paas_hosts::{
    MachineError, MachineOrder, MachineState, Machines,
    testing::{
        FakeMachines, LaunchFault,
        machines_contract::{self, Bench},
    },
};

pub(crate) struct FakeBench {
    ours: FakeMachines,
    theirs: FakeMachines,
}

impl Default for FakeBench {
    fn default() -> Self {
        let ours = FakeMachines::default();
        let theirs = ours.of_installation("theirs");
        Self { ours, theirs }
    }
}

impl Bench for FakeBench {
    fn ours(&self) -> &dyn Machines {
        &self.ours
    }

    fn theirs(&self) -> &dyn Machines {
        &self.theirs
    }

    fn order(&self) -> MachineOrder {
        order()
    }
}

fn order() -> MachineOrder {
    machines_contract::order("ami-0123456789abcdef0")
}

#[tokio::test]
async fn a_launch_of_unknown_outcome_is_adopted_by_the_next() {
    let machines = FakeMachines::default();
    let order = order();
    machines.fail_next_launch(LaunchFault::UnknownOutcome);
    assert!(matches!(machines.launch(&order).await, Err(MachineError::Unavailable { .. })));
    let adopted = machines.launch(&order).await.unwrap();
    assert_eq!(machines.machines(), [adopted]);
}

#[tokio::test]
async fn a_launch_that_was_not_answered_launched_nothing() {
    let machines = FakeMachines::default();
    machines.fail_next_launch(LaunchFault::NoAnswer);
    assert!(matches!(machines.launch(&order()).await, Err(MachineError::Unavailable { .. })));
    assert_eq!(machines.machines(), []);
}

#[tokio::test]
async fn faults_are_used_up_in_order() {
    let machines = FakeMachines::default();
    machines.fail_next_launch(LaunchFault::NoCapacity);
    machines.fail_next_launch(LaunchFault::Throttled);
    let order = order();
    assert!(matches!(machines.launch(&order).await, Err(MachineError::NoCapacity { .. })));
    assert!(matches!(machines.launch(&order).await, Err(MachineError::Throttled)));
    machines.launch(&order).await.unwrap();
}

#[tokio::test]
async fn a_machine_that_never_boots_stays_pending() {
    let machines = FakeMachines::default();
    machines.fail_next_launch(LaunchFault::NeverBoots);
    machines.launch(&order()).await.unwrap();
    machines.list().await.unwrap();
    assert_eq!(machines.list().await.unwrap()[0].state, MachineState::Pending);
}

#[tokio::test]
async fn an_interruption_shows_in_the_list_until_the_machine_ends() {
    let machines = FakeMachines::default();
    let order = MachineOrder { spot: true, ..order() };
    machines.launch(&order).await.unwrap();
    machines.interrupt(order.host);
    assert!(machines.list().await.unwrap()[0].interrupted);
    machines.end(order.host);
    assert_eq!(machines.list().await.unwrap(), []);
}

#[tokio::test]
async fn a_denied_action_is_missing_and_fails() {
    let machines = FakeMachines::default();
    machines.deny("ec2:RunInstances");
    let missing = machines.check(&order()).await.unwrap();
    assert_eq!(missing.iter().map(ToString::to_string).collect::<Vec<_>>(), ["ec2:RunInstances"]);
    assert!(matches!(machines.launch(&order()).await, Err(MachineError::Denied { .. })));
}

#[test]
fn an_orders_debug_text_does_not_tell_the_user_data() {
    let order = MachineOrder { user_data: "a token".to_owned(), ..order() };
    assert!(!format!("{order:?}").contains("a token"));
}
