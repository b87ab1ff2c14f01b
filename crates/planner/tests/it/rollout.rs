//! Deploys, restarts, crashes: one slot after the other.

use paas_model::{DynoKind, DynoState};
use paas_planner::{Action, StopReason, WaitReason, lint};

use crate::support::{Town, backs_off_until, waits_for_capacity};

fn stops(town: &Town) -> Vec<StopReason> {
    let plan = town.sim.plan();
    plan.actions.iter().filter_map(|a| if let Action::Stop { reason, .. } = a { Some(*reason) } else { None }).collect()
}

fn starts(town: &Town) -> usize {
    town.sim.plan().actions.iter().filter(|action| matches!(action, Action::Start { .. })).count()
}

#[test]
fn an_app_without_code_runs_nothing() {
    let mut town = Town::new();
    for line in ["host alpha 1024", "app blog", "scale blog web=1"] {
        town.run(line);
    }
    assert_eq!(town.run("plan"), "nothing to do\n");
}

#[test]
fn a_settled_world_needs_nothing_and_waits_for_nothing() {
    let town = Town::with_blog(&[("alpha", 4096)], 3);
    let plan = town.sim.plan();
    assert!(plan.is_empty() && plan.waiting.is_empty() && plan.wake_at.is_none(), "{plan:?}");
}

#[test]
fn as_many_slots_as_the_surge_are_on_their_way_at_once() {
    for (quantity, surge) in [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3)] {
        let mut town = Town::with_blog(&[("alpha", 20_000)], quantity);
        town.run("deploy blog");
        assert_eq!(starts(&town), surge, "{quantity} dynos");
        assert_eq!(stops(&town), [], "{quantity} dynos");
        town.step();
        assert_eq!(starts(&town), 0, "{quantity} dynos");
    }
}

#[test]
fn an_older_dyno_stops_when_its_successor_is_up_and_not_before() {
    let mut town = Town::with_blog(&[("alpha", 4096)], 1);
    town.run("deploy blog");
    town.step();
    for state in [DynoState::Placed, DynoState::Starting] {
        assert_eq!(town.dynos("blog"), ["web.1 older up on alpha".to_owned(), format!("web.1 v2 {state} on alpha")]);
        assert_eq!(stops(&town), []);
        town.sim.tick();
    }
    assert_eq!(stops(&town), [StopReason::Replaced]);
}

#[test]
fn a_crashed_dyno_of_an_older_release_is_replaced_outright() {
    let mut town = Town::with_blog(&[("alpha", 4096)], 2);
    town.run("crash blog web.1");
    town.run("deploy blog");
    assert_eq!(stops(&town), [StopReason::Replaced]);
    assert_eq!(starts(&town), 1, "web.2 waits until web.1 has proved the release");
}

#[test]
fn a_restart_stops_and_starts_in_one_step() {
    let mut town = Town::with_blog(&[("alpha", 4096)], 1);
    town.run("restart blog web.1");
    assert_eq!((stops(&town), starts(&town)), (vec![StopReason::Restarted], 1));
    town.settle();
    assert!(town.sim.is_settled());
}

#[test]
fn a_restart_on_a_full_host_waits_for_its_own_memory() {
    let mut town = Town::with_blog(&[("laptop", 512)], 1);
    town.run("policy stop-first no");
    town.run("restart blog web.1");
    let plan = town.step();
    assert_eq!(
        plan,
        "stop blog web.1 v1: a restart was requested\n\
         blog web is waiting: 512 MB of memory become free as older dynos stop\n"
    );
    assert_eq!(town.run("plan").lines().next(), Some("nothing to do"), "nothing else gives way meanwhile");
    town.settle();
    assert!(town.sim.is_settled());
}

#[test]
fn a_crash_in_back_off_names_the_time_to_wake_up() {
    let mut town = Town::with_blog(&[("alpha", 4096)], 1);
    town.run("crash blog web.1");
    assert_eq!(starts(&town), 1, "the first crash restarts at once");
    town.settle();
    town.run("crash blog web.1");
    let plan = town.sim.plan();
    assert!(plan.is_empty());
    assert_eq!(plan.wake_at, backs_off_until(&plan));
    assert_eq!(plan.wake_at.unwrap() - town.sim.now(), chrono::TimeDelta::seconds(10));
}

#[test]
fn a_broken_release_leaves_the_older_one_serving() {
    let mut town = Town::with_blog(&[("alpha", 20_000)], 5);
    town.run("deploy blog broken");
    for _ in 0..40 {
        town.steps(1);
        assert_eq!(town.up("blog"), 5, "{}", town.show());
    }
}

#[test]
fn on_a_full_host_a_broken_release_takes_one_dyno_and_no_more() {
    let mut town = Town::with_blog(&[("laptop", 1536)], 3);
    town.run("deploy blog broken");
    town.steps(40);
    assert_eq!(town.up("blog"), 2, "{}", town.show());
}

#[test]
fn the_last_dyno_that_serves_is_not_given_up_for_a_release_that_crashes() {
    let mut town = Town::with_blog(&[("laptop", 1024)], 1);
    town.run("deploy blog broken");
    town.steps(5);
    assert_eq!(town.up("blog"), 1, "the broken release was tried beside it");
    // Somebody else takes the room in which it was tried.
    for line in ["app shop", "deploy shop", "scale shop web=1"] {
        town.run(line);
    }
    town.steps(40);
    assert_eq!((town.up("blog"), town.up("shop")), (1, 1), "{}", town.show());
    assert!(waits_for_capacity(&town.sim.plan()));
    // A release that has not crashed may take its place.
    town.run("deploy blog");
    town.settle();
    assert!(town.sim.is_settled(), "{}", town.show());
}

#[test]
fn without_stop_first_a_single_dyno_serves_until_there_is_room() {
    let mut town = Town::with_blog(&[("laptop", 512)], 1);
    town.run("policy stop-first no");
    town.run("deploy blog");
    town.settle();
    assert_eq!(town.dynos("blog"), ["web.1 older up on laptop"]);
    assert!(waits_for_capacity(&town.sim.plan()));
    town.run("host rack 512");
    town.settle();
    assert_eq!(town.dynos("blog"), ["web.1 v2 up on rack"]);
}

#[test]
fn in_a_pool_that_is_too_small_nobody_gives_way_to_a_neighbour() {
    let mut town = Town::new();
    for line in ["host laptop 512", "app early", "app later"] {
        town.run(line);
    }
    town.run("deploy later");
    town.run("scale later web=1");
    town.settle();
    town.run("deploy early");
    town.run("scale early web=1");
    town.run("deploy later");
    // `early` stands ahead in line: it would take the memory that the deploy of `later` sets free.
    assert_eq!(stops(&town), []);
    assert_eq!(town.up("later"), 1);
}

#[test]
fn in_a_pool_that_is_large_enough_one_makes_room_although_a_neighbour_takes_some_of_it() {
    let mut town = Town::new();
    for line in ["host laptop 1024", "app early", "app later", "deploy later", "scale later web=1:Standard-2X"] {
        town.run(line);
    }
    town.settle();
    for line in ["deploy early", "scale early web=1", "scale later web=1:Standard-1X"] {
        town.run(line);
    }
    town.settle();
    assert!(town.sim.is_settled(), "{}", town.show());
}

#[test]
fn what_an_older_dyno_holds_becomes_free_before_its_successor_has_to_move() {
    let mut town = Town::with_blog(&[("beta", 512)], 1);
    for line in ["host alpha 512", "deploy blog", "step", "tick", "tick", "drain alpha"] {
        town.run(line);
    }
    assert_eq!(town.dynos("blog"), ["web.1 older up on beta", "web.1 v2 up on alpha"]);
    town.settle();
    assert_eq!(town.dynos("blog"), ["web.1 v2 up on beta"]);
}

#[test]
fn of_two_older_dynos_that_serve_in_a_slot_only_one_stops_at_a_time() {
    let mut town = Town::with_blog(&[("laptop", 1024)], 1);
    for line in ["deploy blog", "step", "tick", "tick"] {
        town.run(line);
    }
    assert_eq!(town.up("blog"), 2, "the second release came up, and the planner has not seen it");
    // A third release, and a neighbour who takes the memory that the first one leaves.
    for line in ["deploy blog", "app shop", "deploy shop", "scale shop web=1"] {
        town.run(line);
    }
    assert_eq!(stops(&town), [StopReason::Replaced]);
    town.settle();
    assert!(town.sim.is_settled(), "{}", town.show());
}

#[test]
fn a_move_beside_a_crashing_dyno_still_comes_to_its_end() {
    let mut town = Town::with_blog(&[("alpha", 2048), ("beta", 4096)], 4);
    town.run("drain alpha");
    for _ in 0..30 {
        let crashing = town.dynos("blog").iter().any(|dyno| dyno == "web.4 v1 up on beta");
        if crashing {
            town.run("crash blog web.4");
        }
        town.steps(1);
    }
    assert!(town.dynos("blog").iter().all(|dyno| !dyno.contains("alpha")), "{}", town.show());
}

#[test]
fn one_off_dynos_are_placed_and_never_stopped() {
    let mut town = Town::with_blog(&[("alpha", 2048), ("beta", 2048)], 1);
    town.run("run blog Standard-1X");
    town.step();
    for line in ["drain alpha", "drain beta", "deploy blog", "scale blog web=0"] {
        town.run(line);
        town.step();
    }
    let world = town.sim.world();
    let one_off = world.dynos.iter().find(|dyno| dyno.kind == DynoKind::OneOff).unwrap();
    assert_ne!(one_off.state, DynoState::Stopping);
}

#[test]
fn commands_wait_without_a_host() {
    let mut town = Town::with_blog(&[("alpha", 512)], 0);
    town.run("drain alpha");
    town.run("run blog Standard-1X");
    let plan = town.sim.plan();
    assert_eq!(plan.waiting.len(), 1);
    assert_eq!(plan.waiting[0].reason, WaitReason::NoHosts);
}

#[test]
fn duplicates_that_the_database_would_refuse_are_cleaned_up() {
    let town = Town::with_blog(&[("alpha", 4096)], 1);
    let mut world = town.sim.world();
    let mut twin = world.dynos[0].clone();
    twin.id = "ffffffff-0000-0000-0000-000000000000".parse().unwrap();
    world.dynos.push(twin);
    let plan = paas_planner::plan(&world, &town.sim.policy, town.sim.now());
    assert_eq!(plan.actions.len(), 1, "{plan:?}");
    assert!(matches!(plan.actions[0], Action::Stop { reason: StopReason::Duplicate, .. }));
    assert_eq!(lint(&world, &town.sim.policy, &plan, town.sim.now()), []);
}

#[test]
fn an_older_singleton_that_starts_and_one_that_serves_are_told_to_stop_once() {
    let mut town = Town::new();
    for line in ["host alpha 4096", "app blog", "deploy blog", "scale blog clock=1", "settle", "deploy blog"] {
        town.run(line);
    }
    let mut world = town.sim.world();
    let mut twin = world.dynos[0].clone();
    twin.id = "ffffffff-0000-0000-0000-000000000000".parse().unwrap();
    twin.release_id = "ffffffff-0000-0000-0000-000000000000".parse().unwrap();
    twin.state = DynoState::Starting;
    world.dynos.push(twin);
    let plan = paas_planner::plan(&world, &town.sim.policy, town.sim.now());
    assert_eq!(lint(&world, &town.sim.policy, &plan, town.sim.now()), []);
    assert_eq!(plan.actions.len(), 1, "{plan:?}");
    assert!(matches!(plan.actions[0], Action::Stop { reason: StopReason::Replaced, .. }));
}
