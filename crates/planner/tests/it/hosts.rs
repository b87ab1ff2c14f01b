//! Which host a dyno gets, and what the linter says about plans that ignore it.

use paas_model::HostState;
use paas_planner::{Action, Plan, StopReason, Violation, World, plan};

use crate::support::Town;

#[test]
fn dynos_of_a_type_go_apart() {
    let town = Town::with_blog(&[("alpha", 4096), ("beta", 4096), ("gamma", 4096)], 3);
    let mut hosts: Vec<_> = town.sim.world().dynos.iter().map(|dyno| dyno.host).collect();
    hosts.sort();
    hosts.dedup();
    assert_eq!(hosts.len(), 3);
}

#[test]
fn dynos_stay_apart_through_a_deploy() {
    let mut town = Town::with_blog(&[("alpha", 4096), ("beta", 4096)], 4);
    town.run("deploy blog");
    town.settle();
    let on_alpha = town.dynos("blog").iter().filter(|dyno| dyno.ends_with("alpha")).count();
    assert_eq!(on_alpha, 2, "{}", town.show());
}

#[test]
fn other_apps_fill_the_fullest_host_that_fits() {
    let mut town = Town::with_blog(&[("alpha", 4096), ("beta", 4096)], 1);
    for line in ["app shop", "deploy shop", "scale shop web=1"] {
        town.run(line);
    }
    town.settle();
    assert_eq!(town.dynos("blog")[0].replace("blog", ""), town.dynos("shop")[0]);
}

#[test]
fn hosts_that_are_not_ready_get_nothing() {
    for state in HostState::ALL.iter().filter(|state| **state != HostState::Ready) {
        let mut town = Town::with_blog(&[("alpha", 4096)], 0);
        let mut world = town.sim.world();
        world.hosts[0].state = *state;
        town.run("scale blog web=1");
        world.apps = town.sim.world().apps;
        let plan = plan(&world, &town.sim.policy, town.sim.now());
        assert!(plan.is_empty(), "{state}: {plan:?}");
    }
}

#[test]
fn memory_is_held_until_a_dyno_is_gone() {
    let mut town = Town::with_blog(&[("alpha", 512)], 1);
    for line in ["scale blog web=0", "app shop", "deploy shop", "scale shop web=1"] {
        town.run(line);
    }
    town.step();
    assert_eq!(
        town.run("plan"),
        "nothing to do\nshop web is waiting: 512 MB of memory become free as older dynos stop\n"
    );
    town.settle();
    assert!(town.sim.is_settled());
}

#[test]
fn a_host_that_was_made_smaller_keeps_what_runs_and_gets_no_more() {
    let mut town = Town::with_blog(&[("alpha", 2048)], 3);
    town.run("scale blog web=4");
    let mut world = town.sim.world();
    world.hosts[0].memory_mb = 1024;
    assert!(plan(&world, &town.sim.policy, town.sim.now()).is_empty());
}

#[test]
fn the_linter_sees_each_kind_of_mistake() {
    let town = Town::with_blog(&[("alpha", 512)], 1);
    let world = town.sim.world();
    let dyno = &world.dynos[0];
    let start = |number, host| Action::Start {
        app_id: dyno.app_id,
        release_id: dyno.release_id,
        kind: dyno.name.kind.clone(),
        number,
        size: dyno.size,
        command: dyno.command.clone(),
        crashes: 0,
        host,
        replaces: None,
    };
    let lint = |world: &World, plan: &Plan| paas_planner::lint(world, &town.sim.policy, plan, town.sim.now());
    let found = |action| lint(&world, &Plan { actions: vec![action], ..Plan::default() });
    let (nobody, nowhere) = ("f".repeat(32).parse().unwrap(), "f".repeat(32).parse().unwrap());
    let host = world.hosts[0].id;
    let stop = |reason| Action::Stop { dyno: dyno.id, reason };

    assert!(matches!(found(start(1, host))[..], [Violation::TwoInSlot { .. }, Violation::HostFull { .. }]));
    assert!(matches!(found(start(2, host))[..], [Violation::NotAskedFor { .. }, Violation::HostFull { .. }]));
    assert!(matches!(found(start(2, nowhere))[..], [Violation::NotAskedFor { .. }, Violation::HostNotReady(_)]));
    assert!(matches!(found(Action::Place { dyno: dyno.id, host })[..], [Violation::IllegalMove { .. }, _]));
    assert!(matches!(
        found(Action::Stop { dyno: nobody, reason: StopReason::Restarted })[..],
        [Violation::UnknownDyno(_)]
    ));
    for reason in [StopReason::ScaledDown, StopReason::Restarted, StopReason::Resized, StopReason::Duplicate] {
        assert!(matches!(found(stop(reason))[..], [Violation::Groundless { .. }]), "{reason:?}");
    }
    assert!(matches!(found(stop(StopReason::HostDraining))[..], [Violation::Groundless { .. }]));

    let mut deployed = world.clone();
    deployed.apps[0].release.as_mut().unwrap().id = "e".repeat(32).parse().unwrap();
    let replaced = Plan { actions: vec![stop(StopReason::Replaced)], ..Plan::default() };
    assert!(matches!(lint(&deployed, &replaced)[..], [Violation::LeavesSlotEmpty { .. }]));
}
