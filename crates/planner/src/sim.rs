//! A world that obeys plans: dynos take their time and crash, hosts take theirs and get lost, and people deploy, scale and
//! drain meanwhile.
//!
//! It is driven by events, not by a clock: [`Sim::step`] plans and applies, [`Sim::tick`] jumps to the next thing that
//! happens by itself. Equal seeds give equal runs.

mod hosts;
mod lcg;
mod nature;
mod people;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use paas_model::{AppId, BuildId, DynoId, DynoKind, DynoState, HostId, HostState, PoolId, ReleaseId};

use crate::{App, Build, Dyno, Host, Plan, Policy, Pool, Violation, World, lint, plan};
use lcg::Lcg;

#[derive(Debug)]
pub struct Sim {
    pub policy: Policy,
    /// How often a dyno that starts crashes instead of coming up, in percent.
    pub crash_percent: u32,
    /// How often a host that is launched never joins, in percent.
    pub never_joins_percent: u32,
    now: DateTime<Utc>,
    /// `None`: every delay is the same, for scripts that people read.
    dice: Option<Lcg>,
    pools: BTreeMap<PoolId, Pool>,
    hosts: BTreeMap<HostId, Host>,
    apps: BTreeMap<AppId, App>,
    dynos: BTreeMap<DynoId, Dyno>,
    builds: BTreeMap<BuildId, Build>,
    /// When each of these next moves by itself.
    dynos_move_at: BTreeMap<DynoId, DateTime<Utc>>,
    hosts_move_at: BTreeMap<HostId, DateTime<Utc>>,
    builds_end_at: BTreeMap<BuildId, DateTime<Utc>>,
    /// Releases whose dynos never come up.
    broken: BTreeSet<ReleaseId>,
    last_id: u128,
}

/// One round of planning.
#[derive(Debug)]
pub struct Step {
    pub plan: Plan,
    /// What [`lint`] has against the plan.
    pub violations: Vec<Violation>,
}

impl Sim {
    /// Every delay is the same, nothing crashes by itself.
    #[must_use]
    pub fn steady() -> Self {
        Self {
            policy: Policy::default(),
            crash_percent: 0,
            never_joins_percent: 0,
            now: DateTime::UNIX_EPOCH,
            dice: None,
            pools: BTreeMap::new(),
            hosts: BTreeMap::new(),
            apps: BTreeMap::new(),
            dynos: BTreeMap::new(),
            builds: BTreeMap::new(),
            dynos_move_at: BTreeMap::new(),
            hosts_move_at: BTreeMap::new(),
            builds_end_at: BTreeMap::new(),
            broken: BTreeSet::new(),
            last_id: 0,
        }
    }

    /// Delays vary, up to fourfold.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { dice: Some(Lcg::new(seed)), ..Self::steady() }
    }

    #[must_use]
    pub fn world(&self) -> World {
        World {
            pools: self.pools.values().cloned().collect(),
            hosts: self.hosts.values().cloned().collect(),
            apps: self.apps.values().cloned().collect(),
            dynos: self.dynos.values().cloned().collect(),
            builds: self.builds.values().cloned().collect(),
        }
    }

    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// What the planner would do now.
    #[must_use]
    pub fn plan(&self) -> Plan {
        plan(&self.world(), &self.policy, self.now)
    }

    /// Plans, checks the plan, and applies it.
    pub fn step(&mut self) -> Step {
        let world = self.world();
        let plan = plan(&world, &self.policy, self.now);
        let violations = lint(&world, &self.policy, &plan, self.now);
        for action in &plan.actions {
            self.apply(action);
        }
        Step { plan, violations }
    }

    /// Goes to the next time at which something happens by itself, and lets it happen. False: nothing ever will.
    pub fn tick(&mut self) -> bool {
        let Some(next) = self.next_event() else { return false };
        self.pass_to(next);
        true
    }

    /// When something next happens by itself.
    #[must_use]
    pub fn next_event(&self) -> Option<DateTime<Utc>> {
        let moves = self.dynos_move_at.values().chain(self.hosts_move_at.values()).chain(self.builds_end_at.values());
        moves.copied().chain(self.plan().wake_at).min()
    }

    /// Lets time pass, and everything happen that is due then.
    pub fn pass_to(&mut self, time: DateTime<Utc>) {
        self.now = self.now.max(time);
        for host in due(&mut self.hosts_move_at, self.now) {
            self.progress_host(host);
        }
        for dyno in due(&mut self.dynos_move_at, self.now) {
            self.progress(dyno);
        }
        for build in due(&mut self.builds_end_at, self.now) {
            self.builds.remove(&build);
        }
    }

    /// Whether each slot holds one dyno, the right one, up on a host that stays, and there are no others.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let mut wanted: BTreeMap<_, _> = BTreeMap::new();
        for app in self.apps.values() {
            let Some(release) = app.runnable() else { continue };
            for formation in &app.formation {
                let slots = (1..=formation.quantity).map(|n| ((app.id, &formation.kind, n), (release.id, formation)));
                wanted.extend(slots);
            }
        }
        let mut formation = self.dynos.values().filter(|dyno| dyno.kind == DynoKind::Formation);
        let right = formation.all(|dyno| {
            let slot = wanted.remove(&(dyno.app_id, &dyno.name.kind, dyno.name.number));
            let host = dyno.host.and_then(|host| self.hosts.get(&host));
            dyno.state == DynoState::Up
                && !dyno.restart_requested
                && host.is_some_and(|host| host.state == HostState::Ready && !host.interrupted)
                && slot.is_some_and(|(release, formation)| {
                    (release, formation.size, &formation.command) == (dyno.release_id, dyno.size, &dyno.command)
                })
        });
        let commands = self.dynos.values().all(|dyno| dyno.state != DynoState::Wanted);
        let builds = self.builds.values().all(|build| build.host.is_some());
        right && wanted.is_empty() && commands && builds
    }

    fn fresh_id<T: std::str::FromStr>(&mut self) -> T {
        self.last_id += 1;
        let Ok(id) = format!("{:032x}", self.last_id).parse() else {
            unreachable!("32 hexadecimal digits are a uuid");
        };
        id
    }

    /// Whether something happens that does so this often.
    fn happens(&mut self, percent: u32) -> bool {
        percent >= 100 || self.dice.as_mut().is_some_and(|dice| dice.below(100) < percent)
    }

    /// This many seconds, or up to four times as many.
    fn seconds(&mut self, seconds: i64) -> chrono::TimeDelta {
        let times = self.dice.as_mut().map_or(1, |dice| i64::from(dice.below(4)) + 1);
        chrono::TimeDelta::seconds(seconds * times)
    }
}

/// Takes out what is due.
fn due<K: Copy + Ord>(at: &mut BTreeMap<K, DateTime<Utc>>, now: DateTime<Utc>) -> Vec<K> {
    let due: Vec<_> = at.iter().filter(|(_, at)| **at <= now).map(|(id, _)| *id).collect();
    for id in &due {
        at.remove(id);
    }
    due
}
