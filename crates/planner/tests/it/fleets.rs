//! Safety and liveness of pools that grow and shrink, with hosts that get lost, never join and are taken away.

use chrono::TimeDelta;
use paas_model::{AppName, HostFault, HostState, Labels, PoolId};
use paas_planner::{Action, Offer, Planner, Pool, plan, sim::Sim};
use proptest::prelude::*;

use crate::support::{SIZES, kind_of};

const TYPES: [&str; 3] = ["web", "worker", "clock"];
const APPS: usize = 3;

#[derive(Debug, Clone)]
enum Event {
    Deploy { app: usize, broken: bool },
    Scale { app: usize, kind: usize, quantity: u32, size: usize },
    Canary { app: usize, seconds: Option<u32> },
    Crash { dyno: usize },
    Lose { host: usize, gone: bool },
    Return { host: usize },
    Interrupt { host: usize },
    Drain { host: usize, drained: bool },
    Image { image: u32 },
    Resize { min: u32, max: u32 },
    Shortage { offer: usize },
    Stock,
    Throttle { seconds: i64 },
    NeverJoins { percent: u32 },
    Run { app: usize },
    Build { app: usize },
    Pass { events: usize },
    Wait { seconds: i64 },
}

fn event() -> impl Strategy<Value = Event> {
    let hosts = 0..8_usize;
    prop_oneof![
        2 => (0..APPS, prop::bool::weighted(0.15)).prop_map(|(app, broken)| Event::Deploy { app, broken }),
        4 => (0..APPS, 0..TYPES.len(), 0..6_u32, 0..SIZES.len())
            .prop_map(|(app, kind, quantity, size)| Event::Scale { app, kind, quantity, size }),
        1 => (0..APPS, prop::option::of(1..90_u32)).prop_map(|(app, seconds)| Event::Canary { app, seconds }),
        1 => (0..40_usize).prop_map(|dyno| Event::Crash { dyno }),
        1 => (hosts.clone(), prop::bool::ANY).prop_map(|(host, gone)| Event::Lose { host, gone }),
        1 => hosts.clone().prop_map(|host| Event::Return { host }),
        1 => hosts.clone().prop_map(|host| Event::Interrupt { host }),
        1 => (hosts, prop::bool::ANY).prop_map(|(host, drained)| Event::Drain { host, drained }),
        1 => (1..4_u32).prop_map(|image| Event::Image { image }),
        1 => (0..3_u32, 0..6_u32).prop_map(|(min, more)| Event::Resize { min, max: min + more }),
        1 => (0..4_usize).prop_map(|offer| Event::Shortage { offer }),
        1 => Just(Event::Stock),
        1 => (0..200_i64).prop_map(|seconds| Event::Throttle { seconds }),
        1 => (0..80_u32).prop_map(|percent| Event::NeverJoins { percent }),
        1 => (0..APPS).prop_map(|app| Event::Run { app }),
        2 => (0..APPS).prop_map(|app| Event::Build { app }),
        5 => (1..8_usize).prop_map(|events| Event::Pass { events }),
        2 => (1..900_i64).prop_map(|seconds| Event::Wait { seconds }),
    ]
}

fn offers() -> Vec<Offer> {
    let offer = |instance_type: &str, zone: &str, spot, memory_mb, cpu_millis, price_micros_per_hour| Offer {
        instance_type: instance_type.to_owned(),
        zone: zone.to_owned(),
        spot,
        memory_mb,
        cpu_millis,
        price_micros_per_hour,
    };
    vec![
        offer("small", "a", false, 4_096, 4_000, 10_000),
        offer("small", "b", true, 4_096, 4_000, 4_000),
        offer("large", "a", false, 16_384, 16_000, 38_000),
        offer("large", "b", false, 16_384, 16_000, 38_000),
    ]
}

/// A pool for everybody, one for builds, a host that was joined by hand, and a planner that is told of every change.
struct Town {
    sim: Sim,
    pool: PoolId,
    follower: Planner,
}

impl Town {
    fn new(seed: u64) -> Self {
        let mut sim = Sim::seeded(seed);
        let pool = sim.add_pool("web", 0, 6, offers());
        let builders = sim.add_pool("forge", 0, 1, offers());
        let labels = Labels::from([("role".to_owned(), "build".to_owned())]);
        sim.change_pool(builders, |pool| pool.labels = labels);
        sim.add_host("static", 2_048);
        for name in ["blog", "shop", "wiki"] {
            sim.add_app(AppName::parse(name).unwrap());
        }
        Self { sim, pool, follower: Planner::default() }
    }

    fn happen(&mut self, event: &Event) -> Result<(), TestCaseError> {
        let world = self.sim.world();
        let sim = &mut self.sim;
        let app = |n: usize| world.apps[n].id;
        let host = |n: usize| &world.hosts[n % world.hosts.len()];
        let answers = |n: usize| matches!(host(n).state, HostState::Ready | HostState::Draining);
        let pool = self.pool;
        let mut change = |change: &dyn Fn(&mut Pool)| sim.change_pool(pool, change);
        match event {
            Event::Image { image } => change(&|pool| pool.image = Some(format!("image-{image}"))),
            Event::Resize { min, max } => change(&|pool| (pool.min_hosts, pool.max_hosts) = (*min, *max)),
            Event::Shortage { offer } => change(&|pool| {
                let offers = pool.offers.len().max(1);
                pool.offers = pool
                    .offers
                    .iter()
                    .enumerate()
                    .filter(|(n, _)| *n != offer % offers)
                    .map(|(_, o)| o.clone())
                    .collect();
            }),
            Event::Stock => change(&|pool| pool.offers = offers()),
            Event::Throttle { seconds } => {
                let at = self.sim.now() + TimeDelta::seconds(*seconds);
                self.sim.change_pool(pool, |pool| pool.launch_after = Some(at));
            }
            Event::Deploy { app: n, broken } => sim.deploy(app(*n), *broken),
            Event::Scale { app: n, kind, quantity, size } => {
                sim.scale(app(*n), &kind_of(TYPES[*kind]), *quantity, SIZES[*size]);
            }
            Event::Canary { app: n, seconds } => sim.set_canary(app(*n), *seconds),
            Event::Crash { dyno } => {
                world.dynos.get(dyno % world.dynos.len().max(1)).into_iter().for_each(|dyno| sim.end(dyno.id));
            }
            Event::Lose { host: n, gone } if answers(*n) => {
                sim.lose_host(host(*n).id, if *gone { HostFault::MachineGone } else { HostFault::EngineUnreachable });
            }
            Event::Return { host: n }
                if host(*n).state == HostState::Lost && host(*n).fault != Some(HostFault::MachineGone) =>
            {
                sim.set_host(host(*n).id, HostState::Ready);
            }
            Event::Interrupt { host: n } if answers(*n) && host(*n).pool.is_some() => sim.interrupt_host(host(*n).id),
            Event::Drain { host: n, drained } if answers(*n) => sim.request_drain(host(*n).id, *drained),
            Event::Lose { .. } | Event::Return { .. } | Event::Interrupt { .. } | Event::Drain { .. } => {}
            Event::NeverJoins { percent } => sim.never_joins_percent = *percent,
            Event::Run { app: n } => sim.run(app(*n), SIZES[0]),
            Event::Build { app: n } => sim.build(app(*n), 1_024),
            Event::Pass { events } => {
                for _ in 0..*events {
                    self.step()?;
                    self.sim.tick();
                }
            }
            Event::Wait { seconds } => {
                self.wait(*seconds)?;
            }
        }
        Ok(())
    }

    /// Plans until nothing is left to do at this time. Returns what was done.
    fn step(&mut self) -> Result<Vec<Action>, TestCaseError> {
        let mut done = Vec::new();
        for _ in 0..10 {
            let before = self.sim.world();
            self.follower.follow(before.clone());
            let followed = self.follower.plan(&self.sim.policy, self.sim.now());
            let step = self.sim.step();
            let told: Vec<_> = step.violations.iter().map(ToString::to_string).collect();
            prop_assert!(told.is_empty(), "{told:#?}\nof {:#?}\nin {before:#?}", step.plan);
            prop_assert_eq!(&followed, &step.plan, "from what has changed, and from nothing");
            if step.plan.is_empty() {
                return Ok(done);
            }
            done.extend(step.plan.actions);
        }
        Err(TestCaseError::fail(format!("it plans on and on: {:#?}", self.sim.plan())))
    }

    /// Lets time pass with all that happens meanwhile. Returns what was done.
    fn wait(&mut self, seconds: i64) -> Result<Vec<Action>, TestCaseError> {
        let end = self.sim.now() + TimeDelta::seconds(seconds);
        let mut done = Vec::new();
        loop {
            done.extend(self.step()?);
            let Some(next) = self.sim.next_event().filter(|next| *next <= end) else {
                self.sim.pass_to(end);
                return Ok(done);
            };
            self.sim.pass_to(next);
        }
    }

    fn settle(&mut self) -> Result<(), TestCaseError> {
        for _ in 0..2_000 {
            self.step()?;
            if !self.sim.tick() {
                return Ok(());
            }
        }
        Err(TestCaseError::fail("it never comes to rest"))
    }

    /// All faults end, and the pool may have as many hosts as it likes.
    fn recover(&mut self) {
        let world = self.sim.world();
        (self.sim.crash_percent, self.sim.never_joins_percent) = (0, 0);
        for host in &world.hosts {
            match host.state {
                HostState::Lost if host.pool.is_none() => self.sim.set_host(host.id, HostState::Ready),
                _ if host.drain_requested => self.sim.request_drain(host.id, false),
                _ => {}
            }
        }
        self.sim.change_pool(self.pool, |pool| {
            (pool.offers, pool.max_hosts, pool.launch_after) = (offers(), 40, None);
        });
        world.apps.iter().filter(|app| app.release.is_some()).for_each(|app| self.sim.deploy(app.id, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_plans_are_sound_and_everything_settles_once_it_has_happened(
        seed: u64,
        crash_percent in 0..40_u32,
        min_up_percent in prop::sample::select(&[100, 100, 60, 0][..]),
        singleton_grace in prop::option::of(0..200_u64),
        headroom_mb in prop::sample::select(&[0, 0, 3_000][..]),
        events in prop::collection::vec(event(), 1..40),
    ) {
        let mut town = Town::new(seed);
        town.sim.crash_percent = crash_percent;
        town.sim.policy.min_up_percent = min_up_percent;
        town.sim.policy.singleton_grace = singleton_grace.map(std::time::Duration::from_secs);
        town.sim.policy.headroom_mb = headroom_mb;
        for event in &events {
            town.happen(event)?;
            town.step()?;
        }
        town.recover();
        town.settle()?;
        prop_assert!(town.sim.is_settled(), "{:#?}\n{:#?}", town.sim.plan(), town.sim.world());
    }

    #[test]
    fn a_pool_that_has_settled_stays_as_it_is(
        seed: u64,
        events in prop::collection::vec(event(), 1..30),
    ) {
        let mut town = Town::new(seed);
        for event in &events {
            town.happen(event)?;
        }
        town.recover();
        town.settle()?;
        // Without new demand nothing is launched after a host was given back, and in the end nothing is done at all.
        let done = town.wait(7_200)?;
        prop_assert!(done.is_empty(), "{done:#?}\nin {:#?}", town.sim.world());
    }

    #[test]
    fn after_a_scale_in_nothing_is_launched_without_new_demand(
        seed: u64,
        before in prop::collection::vec((0..APPS, 0..2_usize, 0..12_u32, 0..SIZES.len()), 1..6),
        after in prop::collection::vec((0..APPS, 0..2_usize, 0..100_u32), 1..6),
    ) {
        let mut town = Town::new(seed);
        town.sim.change_pool(town.pool, |pool| pool.max_hosts = 40);
        let apps: Vec<_> = town.sim.world().apps.iter().map(|app| app.id).collect();
        for app in &apps {
            town.sim.deploy(*app, false);
        }
        for (app, kind, quantity, size) in &before {
            town.sim.scale(apps[*app], &kind_of(TYPES[*kind]), *quantity, SIZES[*size]);
        }
        town.settle()?;
        // Every type is left with so many percent of its dynos.
        for (app, kind, percent) in &after {
            let world = town.sim.world();
            let formation = world.apps[*app].formation.iter().find(|formation| formation.kind == kind_of(TYPES[*kind]));
            if let Some(formation) = formation {
                let quantity = formation.quantity * percent / 100;
                town.sim.scale(apps[*app], &formation.kind, quantity, formation.size);
            }
        }
        let mut done = Vec::new();
        for _ in 0..2_000 {
            done.extend(town.step()?);
            if !town.sim.tick() {
                break;
            }
        }
        let launches = done.iter().filter(|action| matches!(action, Action::Launch { .. })).count();
        prop_assert_eq!(launches, 0, "{:#?}", done);
        prop_assert!(town.sim.is_settled());
    }

    #[test]
    fn a_drain_never_leaves_fewer_up_than_the_policy_asks_for(
        seed: u64,
        quantities in prop::collection::vec(1..6_u32, APPS),
        min_up_percent in prop::sample::select(&[100, 50][..]),
        interrupted: bool,
    ) {
        let mut town = Town::new(seed);
        town.sim.policy.min_up_percent = min_up_percent;
        town.sim.change_pool(town.pool, |pool| (pool.min_hosts, pool.max_hosts) = (2, 40));
        let apps: Vec<_> = town.sim.world().apps.iter().map(|app| app.id).collect();
        for (app, quantity) in apps.iter().zip(&quantities) {
            town.sim.deploy(*app, false);
            town.sim.scale(*app, &kind_of("web"), *quantity, SIZES[0]);
        }
        town.settle()?;
        let hosts = town.sim.world().hosts;
        for host in hosts.iter().filter(|host| host.pool == Some(town.pool)) {
            match interrupted {
                true => town.sim.interrupt_host(host.id),
                false => town.sim.request_drain(host.id, true),
            }
        }
        for _ in 0..1_000 {
            town.step()?;
            for (app, quantity) in apps.iter().zip(&quantities) {
                let world = town.sim.world();
                let up = world.dynos.iter().filter(|d| d.app_id == *app && d.state == paas_model::DynoState::Up).count();
                prop_assert!(up >= town.sim.policy.min_up(*quantity) as usize, "{up} of {quantity}");
            }
            if !town.sim.tick() {
                break;
            }
        }
        let left = town.sim.world().dynos.iter().filter(|dyno| hosts.iter().any(|host| {
            host.pool.is_some() && dyno.reserves_on() == Some(host.id)
        })).count();
        prop_assert_eq!(left, 0);
    }
}

#[test]
fn rows_that_have_not_changed_change_no_plan() {
    let mut town = Town::new(1);
    let app = town.sim.world().apps[0].id;
    town.sim.deploy(app, false);
    town.sim.scale(app, &kind_of("web"), 3, SIZES[0]);
    town.settle().unwrap();
    let world = town.sim.world();
    let mut planner = Planner::new(world.clone());
    for _ in 0..2 {
        planner.follow(world.clone());
        assert_eq!(planner.plan(&town.sim.policy, town.sim.now()), plan(&world, &town.sim.policy, town.sim.now()));
    }
    assert_eq!(planner.world(), world);
}
