//! Safety and liveness over worlds that nobody would think of.
//!
//! A case is a pool, a list of things that happen, and a seed for the delays. Things happen at any moment of a rollout:
//! between two of them the simulator makes a few steps only.

use paas_model::{AppName, DynoKind, DynoSize, DynoState, HostState};
use paas_planner::{Action, Score, World, explain, lint, plan, sim::Sim};
use proptest::prelude::*;

use crate::support::{SIZES, kind_of};

const TYPES: [&str; 2] = ["web", "worker"];
const APPS: usize = 3;

#[derive(Debug, Clone)]
enum Event {
    Deploy { app: usize, broken: bool },
    Scale { app: usize, kind: usize, quantity: u32, size: DynoSize },
    RemoveType { app: usize, kind: usize },
    Restart { dyno: usize },
    Crash { dyno: usize },
    Host { host: usize, state: HostState },
    Run { app: usize },
    Pass { steps: usize },
}

fn event(sizes: usize) -> impl Strategy<Value = Event> {
    const STATES: &[HostState] = &[HostState::Ready, HostState::Ready, HostState::Draining, HostState::Lost];
    prop_oneof![
        3 => (0..APPS, prop::bool::weighted(0.2)).prop_map(|(app, broken)| Event::Deploy { app, broken }),
        3 => (0..APPS, 0..TYPES.len(), 0..6_u32, 0..sizes)
            .prop_map(|(app, kind, quantity, size)| Event::Scale { app, kind, quantity, size: SIZES[size] }),
        1 => (0..APPS, 0..TYPES.len()).prop_map(|(app, kind)| Event::RemoveType { app, kind }),
        2 => (0..40_usize).prop_map(|dyno| Event::Restart { dyno }),
        2 => (0..40_usize).prop_map(|dyno| Event::Crash { dyno }),
        1 => (0..4_usize, prop::sample::select(STATES)).prop_map(|(host, state)| Event::Host { host, state }),
        1 => (0..APPS).prop_map(|app| Event::Run { app }),
        4 => (1..8_usize).prop_map(|steps| Event::Pass { steps }),
    ]
}

fn sim(seed: u64, hosts: &[u32]) -> Sim {
    let mut sim = Sim::seeded(seed);
    for (n, memory_mb) in hosts.iter().enumerate() {
        sim.add_host(&format!("host-{n}"), *memory_mb);
    }
    for name in ["blog", "shop", "wiki"] {
        sim.add_app(AppName::parse(name).unwrap());
    }
    sim
}

fn happen(sim: &mut Sim, event: &Event) -> Result<(), TestCaseError> {
    let world = sim.world();
    let dyno = |n: usize| world.dynos.get(n % world.dynos.len().max(1)).map(|dyno| dyno.id);
    match event {
        Event::Deploy { app, broken } => sim.deploy(world.apps[*app].id, *broken),
        Event::Scale { app, kind, quantity, size } => {
            sim.scale(world.apps[*app].id, &kind_of(TYPES[*kind]), *quantity, *size);
        }
        Event::RemoveType { app, kind } => sim.remove_type(world.apps[*app].id, &kind_of(TYPES[*kind])),
        Event::Restart { dyno: n } => dyno(*n).into_iter().for_each(|id| sim.request_restart(id)),
        Event::Crash { dyno: n } => dyno(*n).into_iter().for_each(|id| sim.end(id)),
        Event::Host { host, state } => sim.set_host(world.hosts[host % world.hosts.len()].id, *state),
        Event::Run { app } => sim.run(world.apps[*app].id, DynoSize::Standard1X),
        Event::Pass { steps } => {
            for _ in 0..*steps {
                step(sim)?;
                sim.tick();
            }
        }
    }
    Ok(())
}

/// Plans until nothing is left to do at this time; every plan must be sound, and there must be few of them: an executor
/// that asks again after each plan comes to rest. Five were seen: several apps give way to each other in turn.
fn step(sim: &mut Sim) -> Result<(), TestCaseError> {
    for _ in 0..5 {
        let before = sim.world();
        let step = sim.step();
        let told: Vec<_> = step.violations.iter().map(ToString::to_string).collect();
        prop_assert!(told.is_empty(), "{told:#?}\nof {:#?}\nin {before:#?}", step.plan);
        if step.plan.is_empty() {
            return Ok(());
        }
    }
    Err(TestCaseError::fail(format!("it plans on and on: {:#?}", sim.plan())))
}

/// All faults end: hosts are ready, everything that was deployed is deployed once more, and it works.
fn recover(sim: &mut Sim) {
    sim.crash_percent = 0;
    let world = sim.world();
    world.hosts.iter().for_each(|host| sim.set_host(host.id, HostState::Ready));
    world.apps.iter().filter(|app| app.release.is_some()).for_each(|app| sim.deploy(app.id, false));
}

fn settle(sim: &mut Sim) -> Result<(), TestCaseError> {
    for _ in 0..2_000 {
        step(sim)?;
        if !sim.tick() {
            return Ok(());
        }
    }
    Err(TestCaseError::fail("it never comes to rest"))
}

fn desired_mb(world: &World) -> u32 {
    let formations = world.apps.iter().filter(|app| app.runnable().is_some()).flat_map(|app| &app.formation);
    let commands = world.dynos.iter().filter(|dyno| dyno.kind != DynoKind::Formation);
    formations.map(|formation| formation.quantity * formation.size.memory_mb()).sum::<u32>()
        + commands.map(|dyno| dyno.size.memory_mb()).sum::<u32>()
}

fn memory_mb(world: &World) -> u32 {
    world.hosts.iter().map(|host| host.memory_mb).sum()
}

proptest! {
    // A failure prints its smallest case: that becomes a test with a name in `rollout.rs`, not a seed in a file.
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_plan_ever_breaks_an_invariant(
        seed: u64,
        crash_percent in 0..60_u32,
        hosts in prop::collection::vec(0..12_000_u32, 1..5),
        allow_stop_first: bool,
        events in prop::collection::vec(event(SIZES.len()), 1..60),
    ) {
        let mut sim = sim(seed, &hosts);
        (sim.crash_percent, sim.policy.allow_stop_first) = (crash_percent, allow_stop_first);
        for event in &events {
            happen(&mut sim, event)?;
            step(&mut sim)?;
        }
    }

    #[test]
    fn one_host_that_is_large_enough_gets_everything_to_run_in_the_end(
        seed: u64,
        crash_percent in 0..60_u32,
        surplus_mb in prop::sample::select(&[0, 0, 256, 512, 4096][..]),
        start_mb in 2_000..20_000_u32,
        events in prop::collection::vec(event(SIZES.len()), 1..60),
    ) {
        let mut sim = sim(seed, &[start_mb]);
        sim.crash_percent = crash_percent;
        for event in &events {
            happen(&mut sim, event)?;
        }
        recover(&mut sim);
        // As large as needed, to the last megabyte, and no larger than that unless it was before.
        let need = desired_mb(&sim.world()) + surplus_mb;
        let host = sim.world().hosts[0].id;
        sim.resize_host(host, start_mb.max(need));
        settle(&mut sim)?;
        prop_assert!(sim.is_settled(), "{:#?}\n{:#?}", sim.plan().waiting, sim.world());
    }

    #[test]
    fn many_hosts_with_dynos_of_one_size_get_everything_to_run_in_the_end(
        seed: u64,
        crash_percent in 0..60_u32,
        spaces in prop::collection::vec(0..8_u32, 2..6),
        events in prop::collection::vec(event(1), 1..60),
    ) {
        let hosts: Vec<_> = spaces.iter().map(|spaces| spaces * 512).collect();
        let mut sim = sim(seed, &hosts);
        sim.crash_percent = crash_percent;
        for event in &events {
            happen(&mut sim, event)?;
        }
        recover(&mut sim);
        let missing = desired_mb(&sim.world()).saturating_sub(memory_mb(&sim.world()));
        sim.add_host("rest", missing);
        settle(&mut sim)?;
        prop_assert!(sim.is_settled(), "{:#?}\n{:#?}", sim.plan().waiting, sim.world());
    }

    #[test]
    fn a_deploy_with_room_to_surge_never_has_fewer_dynos_up_than_the_formation_asks_for(
        seed: u64,
        quantity in 1..12_u32,
        surge_percent in 1..150_u32,
        deploys in 1..4_usize,
        pauses in prop::collection::vec(0..12_usize, 4),
    ) {
        let mut sim = sim(seed, &[40_000]);
        sim.policy.surge_percent = surge_percent;
        let app = sim.world().apps[0].id;
        sim.deploy(app, false);
        sim.scale(app, &kind_of("web"), quantity, DynoSize::Standard1X);
        settle(&mut sim)?;
        let up = |sim: &Sim| sim.world().dynos.iter().filter(|dyno| dyno.state == DynoState::Up).count();
        for pause in pauses.iter().take(deploys) {
            sim.deploy(app, false);
            for _ in 0..*pause {
                step(&mut sim)?;
                prop_assert!(up(&sim) >= quantity as usize);
                sim.tick();
            }
        }
        loop {
            step(&mut sim)?;
            prop_assert!(up(&sim) >= quantity as usize);
            if !sim.tick() {
                break;
            }
        }
        prop_assert!(sim.is_settled());
    }

    #[test]
    fn a_broken_deploy_never_takes_down_what_serves_where_there_is_room(
        seed: u64,
        quantity in 1..12_u32,
        steps in 1..80_usize,
    ) {
        let mut sim = sim(seed, &[40_000]);
        let app = sim.world().apps[0].id;
        sim.deploy(app, false);
        sim.scale(app, &kind_of("web"), quantity, DynoSize::Standard1X);
        settle(&mut sim)?;
        sim.deploy(app, true);
        for _ in 0..steps {
            step(&mut sim)?;
            sim.tick();
            let up = sim.world().dynos.iter().filter(|dyno| dyno.state == DynoState::Up).count();
            prop_assert_eq!(up, quantity as usize);
        }
    }

    #[test]
    fn the_order_of_rows_means_nothing(
        seed: u64,
        hosts in prop::collection::vec(0..12_000_u32, 1..5),
        events in prop::collection::vec(event(SIZES.len()), 1..30),
    ) {
        let mut sim = sim(seed, &hosts);
        for event in &events {
            happen(&mut sim, event)?;
        }
        let mut world = sim.world();
        let straight = plan(&world, &sim.policy, sim.now());
        world.dynos.reverse();
        world.hosts.reverse();
        world.apps.reverse();
        world.apps.iter_mut().for_each(|app| app.formation.reverse());
        prop_assert_eq!(straight, plan(&world, &sim.policy, sim.now()));
    }

    #[test]
    fn the_chosen_host_has_the_least_score_of_all_that_fit(
        seed: u64,
        hosts in prop::collection::vec(0..6_000_u32, 1..8),
        events in prop::collection::vec(event(SIZES.len()), 1..40),
        size in prop::sample::select(&SIZES[..]),
    ) {
        use paas_planner::Verdict::{Chosen, Possible, Unfit};
        let mut sim = sim(seed, &hosts);
        for event in &events {
            happen(&mut sim, event)?;
        }
        let world = sim.world();
        for app in &world.apps {
            let explained = explain(&world, app.id, &kind_of("web"), size);
            let mut chosen: Vec<Score> = Vec::new();
            let mut others: Vec<Score> = Vec::new();
            for host in explained.hosts {
                match host.verdict {
                    Chosen(score) => chosen.push(score),
                    Possible(score) => others.push(score),
                    Unfit(reasons) => prop_assert!(!reasons.is_empty()),
                }
            }
            prop_assert!(chosen.len() <= 1);
            prop_assert_eq!(chosen.is_empty(), others.is_empty() && chosen.is_empty());
            for other in others {
                prop_assert!(chosen[0] < other);
            }
        }
    }
}

#[test]
fn two_thousand_dynos_on_fifty_hosts_are_planned_in_one_go() {
    let mut sim = Sim::steady();
    for n in 0..50 {
        sim.add_host(&format!("host-{n}"), 40 * 512);
    }
    for n in 0..100 {
        let app = sim.add_app(AppName::parse(&format!("app-{n}")).unwrap());
        sim.deploy(app, false);
        sim.scale(app, &kind_of("web"), 20, DynoSize::Standard1X);
    }
    let world = sim.world();
    let plan = plan(&world, &sim.policy, sim.now());
    assert_eq!(plan.actions.iter().filter(|action| matches!(action, Action::Start { .. })).count(), 2_000);
    assert_eq!(lint(&world, &sim.policy, &plan, sim.now()), []);
}
