//! What happens: people and misfortune by seed, and a sample of the world after each plan.

use chrono::TimeDelta;
use paas_model::{AppId, AppName, DynoSize, DynoState, HostFault, HostId, HostState, PoolId, ProcessType};
use paas_planner::{Action, Offer, StopReason, WaitReason, sim::Sim};

/// Faults happen in the first three hours; the fourth is for coming to rest.
const FAULTS_UNTIL: i64 = 3 * 3_600;
const END: i64 = 4 * 3_600;

/// What was seen at one time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    pub(crate) second: i64,
    /// Hosts that are ready, are ready and spare, were asked for, drain, are lost, end.
    pub(crate) hosts: [u32; 6],
    pub(crate) wanted: u32,
    pub(crate) up: u32,
    /// Apps' types that wait for room.
    pub(crate) waiting: u32,
    /// Dynos started because a host went.
    pub(crate) moves: u32,
    pub(crate) dollars_per_hour: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) seed: u64,
    pub(crate) seconds: i64,
    pub(crate) samples: Vec<Sample>,
    /// What happened from outside.
    pub(crate) events: Vec<(i64, String)>,
    pub(crate) violations: Vec<String>,
    pub(crate) plans: u32,
    pub(crate) launches: u32,
    pub(crate) drains: u32,
    pub(crate) terminations: u32,
    pub(crate) starts: u32,
    pub(crate) moves: u32,
    pub(crate) cost: f64,
    pub(crate) cost_at_most: f64,
    pub(crate) settled: bool,
}

pub(crate) fn play(seed: u64) -> Run {
    let mut town = Town::new(seed);
    let mut run = Run { seed, ..Run::default() };
    let mut next_event = 0;
    loop {
        town.plan(&mut run);
        let second = town.second();
        if second >= END {
            break;
        }
        if second >= next_event {
            match second < FAULTS_UNTIL {
                true => run.events.extend(town.happen().map(|what| (second, what))),
                false => town.recover(),
            }
            next_event = match second < FAULTS_UNTIL {
                true => second + 90 + i64::from(town.below(400)),
                false => END,
            };
            continue;
        }
        let next = town.sim.next_event().map_or(END, |at| at.timestamp());
        let next = next.min(next_event).min(END).max(second);
        town.sim.pass_to(town.sim.now() + TimeDelta::seconds(next - second));
    }
    run.settled = town.sim.is_settled();
    finish(run)
}

/// Adds up what there is to pay.
fn finish(mut run: Run) -> Run {
    run.seconds = END;
    for pair in run.samples.windows(2) {
        let [sample, next] = pair else { continue };
        let hours = f64::from(u32::try_from(next.second - sample.second).unwrap_or(0)) / 3_600.0;
        run.cost += sample.dollars_per_hour * hours;
    }
    let most = run.samples.iter().map(|sample| sample.dollars_per_hour).fold(0.0, f64::max);
    run.cost_at_most = most * f64::from(u32::try_from(END).unwrap_or(0)) / 3_600.0;
    run
}

struct Town {
    sim: Sim,
    pool: PoolId,
    apps: Vec<AppId>,
    dice: u64,
    image: u32,
}

impl Town {
    fn new(seed: u64) -> Self {
        let mut sim = Sim::seeded(seed);
        let offer = |instance_type: &str, zone: &str, spot, memory_mb, cpu_millis, price_micros_per_hour| Offer {
            instance_type: instance_type.to_owned(),
            zone: zone.to_owned(),
            spot,
            memory_mb,
            cpu_millis,
            price_micros_per_hour,
        };
        let mut offers = Vec::new();
        for zone in ["a", "b", "c"] {
            offers.push(offer("large", zone, false, 7_168, 2_000, 96_000));
            offers.push(offer("xlarge", zone, false, 15_360, 4_000, 192_000));
            offers.push(offer("large", zone, true, 7_168, 2_000, 91_000));
        }
        let pool = sim.add_pool("web", 2, 16, offers);
        let mut apps = Vec::new();
        for name in ["blog", "shop", "wiki", "mail", "chat", "maps"] {
            let app = sim.add_app(AppName::parse(name).expect("a name of the story is a name"));
            sim.deploy(app, false);
            apps.push(app);
        }
        let mut town = Self { sim, pool, apps, dice: seed.wrapping_add(1), image: 1 };
        for app in town.apps.clone() {
            let quantity = 2 + town.below(8);
            town.sim.scale(app, &ProcessType::web(), quantity, DynoSize::Standard1X);
        }
        town
    }

    fn second(&self) -> i64 {
        self.sim.now().timestamp()
    }

    fn below(&mut self, limit: u32) -> u32 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(self.dice >> 33).unwrap_or(0) % limit.max(1)
    }

    /// One thing happens from outside, if it can.
    fn happen(&mut self) -> Option<String> {
        let n = self.below(6) as usize;
        let app = *self.apps.get(n)?;
        let name = self.sim.world().apps.into_iter().find(|other| other.id == app)?.name;
        match self.below(12) {
            0..=2 => {
                let quantity = 1 + self.below(24);
                let size = if self.below(3) == 0 { DynoSize::Standard2X } else { DynoSize::Standard1X };
                self.sim.scale(app, &ProcessType::web(), quantity, size);
                Some(format!("{name} web={quantity}"))
            }
            3 | 4 => {
                let quantity = self.below(3);
                self.sim.scale(app, &ProcessType::web(), quantity, DynoSize::Standard1X);
                Some(format!("{name} web={quantity}"))
            }
            5 | 6 => {
                let broken = self.below(5) == 0;
                self.sim.deploy(app, broken);
                Some(format!("deploy {name}{}", if broken { ", broken" } else { "" }))
            }
            7 => {
                let host = self.ready_host()?;
                self.sim.lose_host(host, HostFault::EngineUnreachable);
                Some("host cut off".to_owned())
            }
            8 => {
                let host = self.ready_host()?;
                self.sim.lose_host(host, HostFault::MachineGone);
                Some("machine gone".to_owned())
            }
            9 => {
                let host = self.ready_host()?;
                self.sim.interrupt_host(host);
                Some("spot notice".to_owned())
            }
            10 => {
                self.image += 1;
                let image = format!("image-{}", self.image);
                self.sim.change_pool(self.pool, |pool| pool.image = Some(image));
                Some("new image".to_owned())
            }
            _ => {
                self.sim.never_joins_percent = if self.sim.never_joins_percent == 0 { 60 } else { 0 };
                Some(if self.sim.never_joins_percent == 0 { "launches work" } else { "launches fail" }.to_owned())
            }
        }
    }

    /// All faults end.
    fn recover(&mut self) {
        self.sim.never_joins_percent = 0;
        for app in self.apps.clone() {
            self.sim.deploy(app, false);
        }
    }

    fn ready_host(&mut self) -> Option<HostId> {
        let hosts: Vec<_> =
            self.sim.world().hosts.iter().filter(|host| host.state == HostState::Ready).map(|host| host.id).collect();
        let n = self.below(u32::try_from(hosts.len()).ok()?) as usize;
        hosts.get(n).copied()
    }

    /// Plans until there is nothing left to do, and looks at what has become of it.
    fn plan(&mut self, run: &mut Run) {
        let mut moves = 0;
        let mut waiting = 0;
        for _ in 0..10 {
            let step = self.sim.step();
            run.plans += 1;
            run.violations.extend(step.violations.iter().map(ToString::to_string));
            for action in &step.plan.actions {
                match action {
                    Action::Start { .. } => run.starts += 1,
                    Action::Stop { reason: StopReason::HostDraining | StopReason::HostLost, .. } => moves += 1,
                    Action::Launch { .. } => run.launches += 1,
                    Action::Drain { .. } => run.drains += 1,
                    Action::Terminate { .. } => run.terminations += 1,
                    _ => {}
                }
            }
            let needs_room =
                |reason: &WaitReason| !matches!(reason, WaitReason::CrashBackOff { .. } | WaitReason::Canary { .. });
            waiting = step.plan.waiting.iter().filter(|waiting| needs_room(&waiting.reason)).count();
            if step.plan.is_empty() {
                break;
            }
        }
        run.moves += moves;
        let sample = self.look(moves, u32::try_from(waiting).unwrap_or(u32::MAX));
        run.samples.push(sample);
    }

    fn look(&self, moves: u32, waiting: u32) -> Sample {
        let world = self.sim.world();
        let mut sample = Sample { second: self.second(), moves, waiting, ..Sample::default() };
        for host in &world.hosts {
            let list = match host.state {
                HostState::Requested | HostState::Launching | HostState::Joining => 2,
                HostState::Ready if host.spare_since.is_none() => 0,
                HostState::Ready => 1,
                HostState::Draining => 3,
                HostState::Lost => 4,
                HostState::Terminating | HostState::Gone => 5,
            };
            sample.hosts[list] += 1;
            if host.state != HostState::Requested {
                let micros = u32::try_from(host.price_micros_per_hour).unwrap_or(u32::MAX);
                sample.dollars_per_hour += f64::from(micros) / 1e6;
            }
        }
        let formations = world.apps.iter().filter(|app| app.runnable().is_some()).flat_map(|app| &app.formation);
        sample.wanted = formations.map(|formation| formation.quantity).sum();
        let lost = |id: HostId| world.hosts.iter().any(|host| host.id == id && host.state == HostState::Lost);
        let serves = |state, host: Option<HostId>| state == DynoState::Up && !host.is_some_and(lost);
        let up = world.dynos.iter().filter(|dyno| serves(dyno.state, dyno.host)).count();
        sample.up = u32::try_from(up).unwrap_or(u32::MAX);
        sample
    }
}
