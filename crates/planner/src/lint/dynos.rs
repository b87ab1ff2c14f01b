//! Dynos and builds: what a plan starts, places and stops.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use paas_model::{AppId, DynoId, DynoKind, DynoName, DynoState, HostFault, HostId, HostState, ProcessType, ReleaseId};

use super::{Facts, Violation, is_lost, is_open};
use crate::{Action, App, Dyno, Formation, Host, Plan, StopReason};

type Slot<'a> = (AppId, &'a ProcessType, u32);

pub(super) fn lint(facts: &Facts<'_>, plan: &Plan) -> Vec<Violation> {
    let mut check = Check::new(facts, plan);
    for action in &plan.actions {
        check.action(action);
    }
    check.stops(plan);
    check.floors(plan);
    check.found
}

struct Check<'a, 'f> {
    facts: &'f Facts<'a>,
    /// Where the actions so far have moved them.
    states: BTreeMap<DynoId, DynoState>,
    /// Memory in MiB and thousandths of a core.
    reserved: BTreeMap<HostId, (u64, u64)>,
    builds: BTreeMap<HostId, Builds>,
    live: BTreeMap<(Slot<'a>, ReleaseId), u32>,
    /// How many dynos serve in a slot when the plan is done.
    serving_after: BTreeMap<Slot<'a>, u32>,
    started: BTreeSet<Slot<'a>>,
    found: Vec<Violation>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Builds {
    count: u64,
    mb: u64,
    millis: u64,
}

impl Builds {
    fn add(&mut self, mb: u32, millis: u32) {
        self.count += 1;
        self.mb += u64::from(mb);
        self.millis += u64::from(millis);
    }

    /// What dynos cannot have: one build of each host takes nothing from them.
    fn reserve(self) -> (u64, u64) {
        let count = self.count.max(1);
        (self.mb - self.mb / count, self.millis - self.millis / count)
    }
}

impl<'a, 'f> Check<'a, 'f> {
    fn new(facts: &'f Facts<'a>, plan: &'a Plan) -> Self {
        let world = facts.world;
        let mut check = Self {
            facts,
            states: world.dynos.iter().map(|dyno| (dyno.id, dyno.state)).collect(),
            reserved: BTreeMap::new(),
            builds: BTreeMap::new(),
            live: BTreeMap::new(),
            serving_after: BTreeMap::new(),
            started: BTreeSet::new(),
            found: Vec::new(),
        };
        for dyno in &world.dynos {
            if let Some(host) = dyno.reserves_on() {
                let held = check.reserved.entry(host).or_default();
                held.0 += u64::from(dyno.size.memory_mb());
                held.1 += u64::from(dyno.size.cpu_millis());
            }
            if dyno.kind == DynoKind::Formation {
                *check.live.entry((slot(dyno), dyno.release_id)).or_default() += u32::from(dyno.is_live());
                *check.serving_after.entry(slot(dyno)).or_default() += u32::from(facts.serves(dyno));
            }
        }
        for build in &world.builds {
            let Some(host) = build.host else { continue };
            check.builds.entry(host).or_default().add(build.memory_mb, build.cpu_millis);
        }
        for action in &plan.actions {
            if let Action::Start { app_id, kind, number, .. } = action {
                check.started.insert((*app_id, kind, *number));
            }
        }
        check
    }

    fn action(&mut self, action: &'a Action) {
        match action {
            Action::Place { dyno, host } => {
                self.step(*dyno, DynoState::Placed);
                if let Some(dyno) = self.facts.dynos.get(dyno) {
                    self.reserve(*host, dyno.app_id, dyno.size.memory_mb(), dyno.size.cpu_millis());
                }
            }
            Action::Stop { dyno, .. } => self.stop(*dyno),
            Action::Start { app_id, release_id, kind, number, size, command, host, replaces, .. } => {
                let slot = (*app_id, kind, *number);
                let name = || DynoName { kind: kind.clone(), number: *number };
                if let Some(crashed) = replaces {
                    self.step(*crashed, DynoState::Gone);
                    self.leave(*crashed);
                }
                let asked = self.asked(slot).is_some_and(|(release, formation)| {
                    release == *release_id && formation.size == *size && formation.command == *command
                });
                if !asked {
                    self.found.push(Violation::NotAskedFor { app: *app_id, name: name() });
                }
                let live = self.live.entry((slot, *release_id)).or_default();
                *live += 1;
                if *live > 1 {
                    self.found.push(Violation::TwoInSlot { app: *app_id, name: name(), release: *release_id });
                }
                if self.asked(slot).is_some_and(|(_, formation)| formation.singleton) && self.may_run_in(slot) {
                    self.found.push(Violation::TwoOfSingleton { app: *app_id, name: name() });
                }
                if self.skips_canary(slot, *release_id) {
                    self.found.push(Violation::CanaryIgnored { app: *app_id, name: name() });
                }
                self.reserve(*host, *app_id, size.memory_mb(), size.cpu_millis());
            }
            Action::PlaceBuild { build: id, host } => {
                let Some(build) = self.facts.world.builds.iter().find(|build| build.id == *id) else {
                    return self.found.push(Violation::BuildNotToPlace(*id));
                };
                let before = build.host.and_then(|host| self.facts.hosts.get(&host));
                if build.host.is_some() && !before.is_none_or(|host| is_lost(host)) {
                    self.found.push(Violation::BuildNotToPlace(*id));
                }
                self.reserve_build(*host, build.app_id, build.memory_mb, build.cpu_millis);
            }
            _ => {}
        }
    }

    fn stop(&mut self, id: DynoId) {
        let Some(dyno) = self.facts.dynos.get(&id).copied() else {
            return self.found.push(Violation::UnknownDyno(id));
        };
        if dyno.kind != DynoKind::Formation {
            self.found.push(Violation::StopsCommand(id));
        }
        let holds = dyno.state.may_have_container();
        self.step(id, if holds { DynoState::Stopping } else { DynoState::Gone });
        self.leave(id);
        if self.facts.serves(dyno) {
            let serving = self.serving_after.entry(slot(dyno)).or_default();
            *serving = serving.saturating_sub(1);
        }
    }

    /// Stops are judged by what the whole plan leaves behind.
    fn stops(&mut self, plan: &Plan) {
        let mut made_room = BTreeSet::new();
        for action in &plan.actions {
            let Action::Stop { dyno, reason } = action else { continue };
            let Some(dyno) = self.facts.dynos.get(dyno).copied() else { continue };
            let (reason, slot) = (*reason, slot(dyno));
            let wanted = self.wanted(slot);
            let newest = wanted.is_some_and(|(release, _)| release == dyno.release_id);
            let singleton = wanted.is_some_and(|(_, formation)| formation.singleton);
            let host = self.facts.host_of(dyno);
            let drains = host.is_some_and(|host| host.state == HostState::Draining || host.interrupted);
            let grounded = match reason {
                StopReason::ScaledDown => wanted.is_none(),
                StopReason::Replaced | StopReason::MakesRoom => !newest,
                StopReason::Singleton => !newest && singleton,
                StopReason::Restarted => dyno.restart_requested,
                // A stand-in has no slot of its own, and the size of the others.
                StopReason::Resized => self.asked(slot).is_some_and(|(_, formation)| formation.size != dyno.size),
                StopReason::AppChanged => {
                    self.asked(slot).is_none_or(|(_, formation)| formation.command != dyno.command)
                }
                StopReason::HostDraining => drains,
                StopReason::HostLost => host.is_none_or(is_lost),
                StopReason::Duplicate => self.live.get(&(slot, dyno.release_id)).is_some_and(|live| *live > 0),
            };
            if !grounded {
                self.found.push(Violation::Groundless { dyno: dyno.id, reason });
            }
            let serves = self.facts.serves(dyno);
            let kept = match reason {
                StopReason::Replaced => !serves || self.serving_after.get(&slot).is_some_and(|serving| *serving > 0),
                _ if singleton => true,
                // Otherwise another one stands in, which `floors` sees to.
                StopReason::HostDraining => serves || self.started.contains(&slot),
                // Without this the app would lose a dyno on a host that may well come back.
                StopReason::HostLost => self.started.contains(&slot),
                StopReason::MakesRoom => !serves || made_room.insert((slot.0, slot.1)),
                _ => true,
            };
            if !kept {
                self.found.push(Violation::LeavesSlotEmpty { dyno: dyno.id, reason });
            }
        }
    }

    /// A type of which something is moved has enough others that serve, or no host had room for one more and for the one
    /// that is moved.
    fn floors(&mut self, plan: &Plan) {
        for action in &plan.actions {
            let Action::Stop { dyno, reason: StopReason::HostDraining } = action else { continue };
            let Some(dyno) = self.facts.dynos.get(dyno).copied().filter(|dyno| self.facts.serves(dyno)) else {
                continue;
            };
            let (app, kind, _) = slot(dyno);
            let Some((_, formation)) = self.asked(slot(dyno)).filter(|(_, formation)| !formation.singleton) else {
                continue;
            };
            let crew = self.serving_after.iter().filter(|((of, other, _), _)| (*of, *other) == (app, kind));
            let serving = crew.map(|(_, serving)| serving).sum::<u32>();
            let crashes = |other: &&Dyno| {
                (other.app_id, &other.name.kind) == (app, kind) && other.crashes > 0 && other.state != DynoState::Up
            };
            let failing = self.facts.world.dynos.iter().filter(crashes).count();
            let floor = self.facts.policy.min_up(formation.quantity);
            let floor = floor.saturating_sub(u32::try_from(failing).unwrap_or(u32::MAX));
            let had_room = self.free_places(app, dyno) >= 2;
            if serving < floor && had_room {
                self.found.push(Violation::TooFewServe { app, name: dyno.name.clone(), serving, floor });
            }
        }
    }

    /// How many more dynos like this one the hosts have room for when the plan is done.
    fn free_places(&self, app: AppId, dyno: &Dyno) -> u64 {
        let places = |host: &&Host| {
            let (mb, millis) = self.reserved.get(&host.id).copied().unwrap_or_default();
            let by_memory = u64::from(host.memory_mb).saturating_sub(mb) / u64::from(dyno.size.memory_mb());
            let by_cpu = u64::from(host.cpu_millis).saturating_sub(millis) / u64::from(dyno.size.cpu_millis());
            by_memory.min(by_cpu)
        };
        let hosts = self.facts.hosts.values().copied();
        let hosts = hosts.filter(|host| is_open(host) && runs_dynos(host) && self.is_for(host, app));
        hosts.map(|host| places(&host)).sum()
    }

    fn step(&mut self, id: DynoId, to: DynoState) {
        let Some(state) = self.states.get_mut(&id) else { return self.found.push(Violation::UnknownDyno(id)) };
        if !state.may_become(to) {
            self.found.push(Violation::IllegalMove { dyno: id, from: *state, to });
        }
        *state = to;
    }

    /// The dyno no longer counts in its slot.
    fn leave(&mut self, id: DynoId) {
        let Some(dyno) = self.facts.dynos.get(&id) else { return };
        let live = self.live.entry((slot(dyno), dyno.release_id)).or_default();
        *live = live.saturating_sub(1);
    }

    fn reserve(&mut self, id: HostId, app: AppId, mb: u32, millis: u32) {
        let held = self.reserved.entry(id).or_default();
        held.0 += u64::from(mb);
        held.1 += u64::from(millis);
        let Some(host) = self.open(id) else { return };
        self.fits(host);
        if !runs_dynos(host) || !self.is_for(host, app) {
            self.found.push(Violation::HostForOthers { host: id, app });
        }
    }

    fn reserve_build(&mut self, id: HostId, app: AppId, mb: u32, millis: u32) {
        self.builds.entry(id).or_default().add(mb, millis);
        let Some(host) = self.open(id) else { return };
        let builds = self.builds.get(&id).copied().unwrap_or_default();
        // The first takes nothing, and may come to a host that is full.
        if builds.count > 1 {
            self.fits(host);
        }
        let mut hosts = self.facts.hosts.values();
        let builders = hosts.any(|host| is_open(host) && !runs_dynos(host) && self.is_for(host, app));
        if runs_dynos(host) == builders || !self.is_for(host, app) {
            self.found.push(Violation::HostForOthers { host: id, app });
        }
        let percent = if runs_dynos(host) { u64::from(self.facts.policy.build_memory_percent.min(100)) } else { 100 };
        let cap = u64::from(host.memory_mb) * percent / 100;
        if builds.count > u64::from(self.facts.policy.builds_per_host) || builds.mb > cap {
            self.found.push(Violation::TooManyBuilds(id));
        }
    }

    fn open(&mut self, id: HostId) -> Option<&'a Host> {
        let host = self.facts.hosts.get(&id).copied().filter(|host| is_open(host));
        if host.is_none() {
            self.found.push(Violation::HostNotReady(id));
        }
        host
    }

    fn fits(&mut self, host: &Host) {
        let id = host.id;
        let dynos = self.reserved.get(&id).copied().unwrap_or_default();
        let builds = self.builds.get(&id).copied().unwrap_or_default().reserve();
        let (reserved_mb, reserved_millis) = (dynos.0 + builds.0, dynos.1 + builds.1);
        if reserved_mb > u64::from(host.memory_mb) {
            self.found.push(Violation::HostFull { host: id, reserved_mb, memory_mb: host.memory_mb });
        }
        if reserved_millis > u64::from(host.cpu_millis) {
            self.found.push(Violation::HostCpuFull { host: id, reserved_millis, cpu_millis: host.cpu_millis });
        }
    }

    fn is_for(&self, host: &Host, app: AppId) -> bool {
        let app = self.facts.apps.get(&app).and_then(|app| app.labels.get("dedicated"));
        host.labels.get("dedicated") == app
    }

    /// Whether a dyno of the slot may still run when the actions so far are done.
    fn may_run_in(&self, of: Slot<'_>) -> bool {
        self.facts.world.dynos.iter().filter(|dyno| dyno.kind == DynoKind::Formation && slot(dyno) == of).any(|dyno| {
            let state = self.states.get(&dyno.id).copied().unwrap_or(DynoState::Gone);
            let Some(host) = self.facts.host_of(dyno).filter(|_| state.may_have_container()) else { return false };
            let given_up = self.facts.policy.singleton_grace.is_some_and(|grace| {
                TimeDelta::from_std(grace).is_ok_and(|grace| host.since + grace <= self.facts.now)
            });
            match host.state {
                HostState::Gone => false,
                HostState::Lost if host.fault == Some(HostFault::MachineGone) => false,
                HostState::Lost | HostState::Terminating => !given_up,
                _ => true,
            }
        })
    }

    /// Whether a newer dyno is started beside an older one that serves before the canary has been up for long enough.
    fn skips_canary(&self, of: Slot<'_>, release: ReleaseId) -> bool {
        let Some(seconds) = self.facts.apps.get(&of.0).and_then(|app| app.canary_seconds) else { return false };
        let crew = |dyno: &&Dyno| dyno.kind == DynoKind::Formation && (dyno.app_id, &dyno.name.kind) == (of.0, of.1);
        let dynos: Vec<_> = self.facts.world.dynos.iter().filter(crew).collect();
        let beside_older = dynos.iter().any(|dyno| {
            dyno.name.number == of.2 && dyno.is_live() && dyno.release_id != release && self.facts.serves(dyno)
        });
        let newest = || dynos.iter().filter(|dyno| dyno.release_id == release && dyno.is_live());
        let proved = newest().any(|dyno| {
            let up_at = dyno.up_at.filter(|_| dyno.state == DynoState::Up);
            up_at.is_some_and(|at| at + TimeDelta::seconds(i64::from(seconds)) <= self.facts.now)
        });
        let others = newest().any(|dyno| dyno.name.number != of.2);
        beside_older && others && !proved
    }

    /// What the slot should hold; `None`: nothing, unless it stands in for another.
    fn wanted(&self, slot: Slot<'_>) -> Option<(ReleaseId, &'a Formation)> {
        let (app, formation) = self.formation(slot)?;
        (1..=formation.quantity).contains(&slot.2).then_some((app.runnable()?.id, formation))
    }

    /// What a dyno that is started in the slot should be. Past the quantity there are as many slots as dynos that serve on
    /// hosts which are being emptied.
    fn asked(&self, slot: Slot<'_>) -> Option<(ReleaseId, &'a Formation)> {
        let (app, formation) = self.formation(slot)?;
        let leaving = self.facts.world.dynos.iter().filter(|dyno| {
            let host = self.facts.host_of(dyno);
            (dyno.app_id, &dyno.name.kind) == (slot.0, slot.1)
                && self.facts.serves(dyno)
                && host.is_some_and(|host| host.state == HostState::Draining || host.interrupted)
        });
        let leaving = if formation.singleton { 0 } else { u32::try_from(leaving.count()).unwrap_or(u32::MAX) };
        (1..=formation.quantity.saturating_add(leaving)).contains(&slot.2).then_some((app.runnable()?.id, formation))
    }

    fn formation(&self, (app, kind, _): Slot<'_>) -> Option<(&'a App, &'a Formation)> {
        let app = self.facts.apps.get(&app).copied()?;
        Some((app, app.formation.iter().find(|formation| formation.kind == *kind)?))
    }
}

fn runs_dynos(host: &Host) -> bool {
    host.labels.get("role").is_none_or(|role| role != "build")
}

fn slot(dyno: &Dyno) -> Slot<'_> {
    (dyno.app_id, &dyno.name.kind, dyno.name.number)
}
