//! Measures the planner for `bench/planner`: one line `NAME VALUE UNIT` for each figure, and prose with `#` before it.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use paas_model::{
    AppName, DynoId, DynoKind, DynoName, DynoSize, DynoState, HostState, Labels, ProcessType, ReleaseVersion,
};
use paas_planner::{
    Action, App, Change, Dyno, Formation, Host, Offer, Plan, Planner, Policy, Pool, Release, World, lint, plan,
};

fn main() {
    let full = table();
    packing();
    println!("full_plan_50k {:.3} s", full.as_secs_f64());
    match peak_memory_mb() {
        Some(mb) => println!("peak_memory {mb} MB"),
        None => println!("# this system does not tell the peak of memory"),
    }
}

// --- Time -------------------------------------------------------------------------------------------------------------

/// Plans worlds of three sizes from nothing and after one change. Returns how long the largest took from nothing.
fn table() -> Duration {
    println!("# dynos  hosts  from nothing  dyno crashed  app scaled  host lost (all its dynos)  unchanged");
    let mut full = Duration::ZERO;
    for (dynos, hosts) in [(1_000, 20), (10_000, 200), (50_000, 1_000)] {
        let world = city(dynos, hosts);
        let policy = Policy::default();
        let (first, took) = best_of(3, || plan(&world, &policy, now()));
        full = took;
        assert_eq!(starts(&first), dynos as usize, "every dyno finds a place");
        let settled = applied(&world, &first);
        let mut planner = Planner::new(settled.clone());
        assert!(planner.plan(&policy, now()).is_empty(), "a settled world needs nothing");

        let (_, unchanged) = best_of(9, || planner.plan(&policy, now()));
        let crash = Dyno { state: DynoState::Crashed, crashes: 1, ..settled.dynos[dynos as usize / 2].clone() };
        let crashed = change(&mut planner, &settled, &policy, &Change::Dyno(crash), 1);
        let mut app = settled.apps[settled.apps.len() / 2].clone();
        app.formation[0].quantity += 2;
        let scaled = change(&mut planner, &settled, &policy, &Change::App(app), 2);
        let host = Host { state: HostState::Lost, ..settled.hosts[hosts as usize / 2].clone() };
        let lost = change(&mut planner, &settled, &policy, &Change::Host(host), 10);
        println!(
            "# {dynos:>5} {hosts:>6} {:>10} ms {:>10} ms {:>8} ms {:>24} ms {:>7} ms",
            ms(took),
            ms(crashed),
            ms(scaled),
            ms(lost),
            ms(unchanged)
        );
        if dynos == 50_000 {
            println!("one_change_dyno_50k {} ms", ms(crashed));
            println!("one_change_app_50k {} ms", ms(scaled));
            println!("one_change_host_50k {} ms", ms(lost));
        } else if dynos == 1_000 {
            println!("one_change_dyno_1k {} ms", ms(crashed));
        }
    }
    full
}

/// Takes in one change, plans, and takes the change back, some times over. What counts is the median of taking it in and
/// planning. The plan is the one that is made from nothing.
fn change(planner: &mut Planner, settled: &World, policy: &Policy, change: &Change, least_starts: usize) -> Duration {
    let mut times = Vec::new();
    for round in 0..9 {
        let start = Instant::now();
        planner.update([change.clone()]);
        let planned = planner.plan(policy, now());
        times.push(start.elapsed());
        assert!(starts(&planned) >= least_starts, "{} dynos are started", starts(&planned));
        if round == 0 {
            assert_eq!(planned, plan(&planner.world(), policy, now()), "the same plan as from nothing");
        }
        planner.update([match change {
            Change::Dyno(dyno) => Change::Dyno(find(&settled.dynos, |other| other.id == dyno.id)),
            Change::App(app) => Change::App(find(&settled.apps, |other| other.id == app.id)),
            Change::Host(host) => Change::Host(find(&settled.hosts, |other| other.id == host.id)),
            other => other.clone(),
        }]);
        assert!(planner.plan(policy, now()).is_empty());
    }
    times.sort();
    times[times.len() / 2]
}

fn find<T: Clone>(rows: &[T], is_it: impl Fn(&T) -> bool) -> T {
    rows.iter().find(|row| is_it(row)).cloned().expect("the change is of a row of this world")
}

// --- Packing ----------------------------------------------------------------------------------------------------------

/// Lets a pool grow for random mixes of dynos, and compares the hosts with what no packing can do without.
fn packing() {
    println!(
        "# hosts used over a lower bound: the largest of all memory, all CPU, and the L2 bound of Martello and Toth"
    );
    println!("# seed  dynos  hosts  bound  ratio");
    let mut worst: f64 = 0.0;
    for seed in 1..=12 {
        let mut dice = Dice(seed);
        let (memory_mb, cpu_millis) = [(15_360, 8_000), (30_720, 8_000), (61_440, 16_000)][dice.below(3)];
        let sizes = [DynoSize::Standard1X, DynoSize::Standard2X, DynoSize::PerformanceM, DynoSize::PerformanceL];
        let largest = if memory_mb < 20_000 { 3 } else { 4 };
        let weights: Vec<usize> = (0..largest).map(|_| 1 + dice.below(8)).collect();
        let mut world = World::default();
        while world.apps.len() < 400 {
            let roll = dice.below(weights.iter().sum());
            let size = sizes[weights
                .iter()
                .scan(0, |sum, w| {
                    *sum += w;
                    Some(*sum)
                })
                .position(|sum| roll < sum)
                .unwrap_or(0)];
            let quantity = u32::try_from(1 + dice.below(8)).unwrap_or(1);
            world.apps.push(app(u64::try_from(world.apps.len()).unwrap_or(0), quantity, size));
        }
        let offer = Offer {
            instance_type: "m".to_owned(),
            zone: "a".to_owned(),
            spot: false,
            memory_mb,
            cpu_millis,
            price_micros_per_hour: 100_000,
        };
        world.pools.push(Pool {
            id: id(9, 0),
            name: "web".to_owned(),
            min_hosts: 0,
            max_hosts: 10_000,
            labels: Labels::new(),
            offers: vec![offer],
            image: None,
            replace_outdated: false,
            launch_after: None,
        });
        let hosts = grow(&mut world, memory_mb, cpu_millis);
        let mix: Vec<(u64, u64)> = world.dynos.iter().map(|dyno| dyno.size).map(need).collect();
        let bound = lower_bound(&mix, u64::from(memory_mb), u64::from(cpu_millis));
        let ratio = f64::from(u32::try_from(hosts).unwrap_or(u32::MAX)) / f64::from(bound);
        println!("# {seed:>4} {:>6} {hosts:>6} {bound:>6} {ratio:>6.3}", mix.len());
        worst = worst.max(ratio);
    }
    println!("packing_over_bound {worst:.3} ratio");
}

/// Plans and applies until every dyno has a host. Hosts are there as soon as they are asked for.
fn grow(world: &mut World, memory_mb: u32, cpu_millis: u32) -> usize {
    let policy = Policy::default();
    for _ in 0..20 {
        let planned = plan(world, &policy, now());
        assert_eq!(lint(world, &policy, &planned, now()), []);
        let mut next = applied(world, &planned);
        for action in &planned.actions {
            if let Action::Launch { pool, .. } = action {
                let n = u64::try_from(next.hosts.len()).unwrap_or(0);
                next.hosts.push(Host { pool: Some(*pool), ..host(n, memory_mb, cpu_millis) });
            }
        }
        *world = next;
        if planned.waiting.is_empty() {
            return world.hosts.len();
        }
    }
    panic!("it does not come to rest");
}

fn need(size: DynoSize) -> (u64, u64) {
    (u64::from(size.memory_mb()), u64::from(size.cpu_millis()))
}

/// No packing needs fewer hosts than this.
fn lower_bound(mix: &[(u64, u64)], memory_mb: u64, cpu_millis: u64) -> u32 {
    let memory = mix.iter().map(|need| need.0).sum::<u64>().div_ceil(memory_mb);
    let cpu = mix.iter().map(|need| need.1).sum::<u64>().div_ceil(cpu_millis);
    let by_memory: Vec<u64> = mix.iter().map(|need| need.0).collect();
    let by_cpu: Vec<u64> = mix.iter().map(|need| need.1).collect();
    let bound = memory.max(cpu).max(l2(&by_memory, memory_mb)).max(l2(&by_cpu, cpu_millis));
    u32::try_from(bound).unwrap_or(u32::MAX)
}

/// The L2 bound: for every k, what is larger than c - k has a bin to itself, what is larger than c / 2 has one too and
/// leaves room, and what is left of the rest from k up takes more.
fn l2(items: &[u64], capacity: u64) -> u64 {
    let mut ks: Vec<u64> = items.iter().copied().filter(|item| *item <= capacity / 2).collect();
    ks.push(0);
    ks.sort_unstable();
    ks.dedup();
    let bound = |k: u64| {
        let alone = items.iter().filter(|item| **item > capacity - k).count() as u64;
        let large: Vec<u64> =
            items.iter().copied().filter(|item| *item <= capacity - k && *item * 2 > capacity).collect();
        let small: u64 = items.iter().filter(|item| **item * 2 <= capacity && **item >= k).sum();
        let beside = large.len() as u64 * capacity - large.iter().sum::<u64>();
        alone + large.len() as u64 + small.saturating_sub(beside).div_ceil(capacity)
    };
    ks.into_iter().map(bound).max().unwrap_or(0)
}

// --- Worlds -----------------------------------------------------------------------------------------------------------

/// Hosts in three zones with room for a fifth more than these dynos, which belong to apps of all sizes.
fn city(dynos: u32, hosts: u32) -> World {
    let mut world =
        World { hosts: (0..u64::from(hosts)).map(|n| host(n, 61_440, 16_000)).collect(), ..World::default() };
    let mut dice = Dice(7);
    let mut left = dynos;
    while left > 0 {
        // Most apps are small, a few have hundreds of dynos.
        let quantity = match dice.below(100) {
            0..60 => 1 + dice.below(3),
            60..95 => 2 + dice.below(30),
            _ => 50 + dice.below(400),
        };
        let quantity = u32::try_from(quantity).unwrap_or(1).min(left);
        let size = [DynoSize::Standard1X, DynoSize::Standard1X, DynoSize::Standard2X][dice.below(3)];
        world.apps.push(app(u64::try_from(world.apps.len()).unwrap_or(0), quantity, size));
        left -= quantity;
    }
    let pool = id(9, 0);
    world.hosts.iter_mut().for_each(|host| host.pool = Some(pool));
    world.pools.push(Pool {
        id: pool,
        name: "web".to_owned(),
        min_hosts: 0,
        max_hosts: hosts,
        labels: Labels::new(),
        offers: Vec::new(),
        image: None,
        replace_outdated: false,
        launch_after: None,
    });
    world.pools[0].min_hosts = hosts;
    world
}

fn host(n: u64, memory_mb: u32, cpu_millis: u32) -> Host {
    Host {
        id: id(1, n),
        name: format!("host-{n}"),
        state: HostState::Ready,
        pool: None,
        zone: ["a", "b", "c"][usize::try_from(n % 3).unwrap_or(0)].to_owned(),
        labels: Labels::new(),
        memory_mb,
        cpu_millis,
        since: now(),
        fault: None,
        spare_since: None,
        interrupted: false,
        drain_requested: false,
        image: None,
        price_micros_per_hour: 100_000,
    }
}

fn app(n: u64, quantity: u32, size: DynoSize) -> App {
    let formation =
        Formation { kind: ProcessType::web(), quantity, size, command: "npm start".to_owned(), singleton: false };
    App {
        id: id(2, n),
        name: AppName::parse(&format!("app-{n}")).expect("a letter, a dash and digits are a name"),
        labels: Labels::new(),
        canary_seconds: None,
        release: Some(Release { id: id(3, n), version: ReleaseVersion(1), has_slug: true }),
        formation: vec![formation],
    }
}

/// The world after the plan, with everything that was started up.
fn applied(world: &World, planned: &Plan) -> World {
    let mut next = world.clone();
    let mut dynos: BTreeMap<DynoId, Dyno> = next.dynos.drain(..).map(|dyno| (dyno.id, dyno)).collect();
    for action in &planned.actions {
        if let Action::Start { app_id, release_id, kind, number, size, command, host, .. } = action {
            let id = id(4, u64::try_from(dynos.len()).unwrap_or(0));
            let dyno = Dyno {
                id,
                app_id: *app_id,
                release_id: *release_id,
                kind: DynoKind::Formation,
                name: DynoName { kind: kind.clone(), number: *number },
                size: *size,
                command: command.clone(),
                state: DynoState::Up,
                host: Some(*host),
                up_at: Some(now()),
                crashes: 0,
                restart_at: None,
                restart_requested: false,
            };
            dynos.insert(id, dyno);
        }
    }
    next.dynos = dynos.into_values().collect();
    next
}

fn starts(plan: &Plan) -> usize {
    plan.actions.iter().filter(|action| matches!(action, Action::Start { .. })).count()
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// Ids of one kind of row, spread as random ones are.
fn id<T: std::str::FromStr>(kind: u64, n: u64) -> T {
    let high = (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let text = format!("{high:016x}{kind:04x}{n:012x}");
    let Ok(id) = text.parse() else { unreachable!("32 hexadecimal digits are a uuid") };
    id
}

// --- Helpers ----------------------------------------------------------------------------------------------------------

struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}

fn best_of<T>(times: usize, mut run: impl FnMut() -> T) -> (T, Duration) {
    let mut best = Duration::MAX;
    let mut result = None;
    for _ in 0..times {
        let start = Instant::now();
        result = Some(run());
        best = best.min(start.elapsed());
    }
    (result.expect("it ran at least once"), best)
}

fn ms(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1_000.0)
}

/// The most memory that this process ever held (Linux).
fn peak_memory_mb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kb: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kb / 1_024)
}
