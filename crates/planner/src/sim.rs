//! A world that obeys plans: dynos take their time, crash, and follow deploys, scalings and lost hosts.
//!
//! It is driven by events, not by a clock: [`Sim::step`] plans and applies, [`Sim::tick`] jumps to the next thing that
//! happens by itself. Equal seeds give equal runs.

mod lcg;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use paas_model::{
    AppId, AppName, DynoId, DynoKind, DynoName, DynoSize, DynoState, HostId, HostState, ProcessType, ReleaseId,
    ReleaseVersion,
};

use crate::{Action, App, Dyno, Formation, Host, Plan, Policy, Release, Violation, World, lint, plan};
use lcg::Lcg;

#[derive(Debug)]
pub struct Sim {
    pub policy: Policy,
    /// How often a dyno that starts crashes instead of coming up, in percent.
    pub crash_percent: u32,
    now: DateTime<Utc>,
    /// `None`: every delay is the same, for scripts that people read.
    dice: Option<Lcg>,
    hosts: BTreeMap<HostId, Host>,
    apps: BTreeMap<AppId, App>,
    dynos: BTreeMap<DynoId, Dyno>,
    /// When each dyno next moves by itself.
    moves_at: BTreeMap<DynoId, DateTime<Utc>>,
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
            now: DateTime::UNIX_EPOCH,
            dice: None,
            hosts: BTreeMap::new(),
            apps: BTreeMap::new(),
            dynos: BTreeMap::new(),
            moves_at: BTreeMap::new(),
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
            hosts: self.hosts.values().cloned().collect(),
            apps: self.apps.values().cloned().collect(),
            dynos: self.dynos.values().cloned().collect(),
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
        let violations = lint(&world, &plan);
        for action in &plan.actions {
            self.apply(action);
        }
        Step { plan, violations }
    }

    /// Goes to the next time at which something happens by itself, and lets it happen. False: nothing ever will.
    pub fn tick(&mut self) -> bool {
        let next = self.moves_at.values().copied().chain(self.plan().wake_at).min();
        let Some(next) = next else { return false };
        self.now = self.now.max(next);
        let due: Vec<_> = self.moves_at.iter().filter(|(_, at)| **at <= self.now).map(|(id, _)| *id).collect();
        for id in due {
            self.moves_at.remove(&id);
            self.progress(id);
        }
        true
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
            let host = dyno.host.and_then(|host| self.hosts.get(&host)).map(|host| host.state);
            dyno.state == DynoState::Up
                && !dyno.restart_requested
                && host == Some(HostState::Ready)
                && slot.is_some_and(|(release, formation)| {
                    (release, formation.size, &formation.command) == (dyno.release_id, dyno.size, &dyno.command)
                })
        });
        let commands = self.dynos.values().all(|dyno| dyno.state != DynoState::Wanted);
        right && wanted.is_empty() && commands
    }

    pub fn add_host(&mut self, name: &str, memory_mb: u32) -> HostId {
        let id = self.fresh_id();
        let host = Host { id, name: name.to_owned(), state: HostState::Ready, memory_mb, cpus: 2 };
        self.hosts.insert(id, host);
        id
    }

    pub fn set_host(&mut self, id: HostId, state: HostState) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.state = state;
        }
    }

    pub fn resize_host(&mut self, id: HostId, memory_mb: u32) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.memory_mb = memory_mb;
        }
    }

    pub fn add_app(&mut self, name: AppName) -> AppId {
        let id = self.fresh_id();
        self.apps.insert(id, App { id, name, release: None, formation: Vec::new() });
        id
    }

    /// A new release with code; `broken`: its dynos never come up.
    pub fn deploy(&mut self, app: AppId, broken: bool) {
        let id = self.fresh_id();
        if broken {
            self.broken.insert(id);
        }
        if let Some(app) = self.apps.get_mut(&app) {
            let version = ReleaseVersion(app.release.as_ref().map_or(1, |release| release.version.0 + 1));
            app.release = Some(Release { id, version, has_slug: true });
        }
    }

    /// Sets the quantity and size of a type; a type that is new gets its name as command.
    pub fn scale(&mut self, app: AppId, kind: &ProcessType, quantity: u32, size: DynoSize) {
        let Some(app) = self.apps.get_mut(&app) else { return };
        match app.formation.iter_mut().find(|formation| formation.kind == *kind) {
            Some(formation) => (formation.quantity, formation.size) = (quantity, size),
            None => {
                app.formation.push(Formation { kind: kind.clone(), quantity, size, command: format!("run {kind}") });
            }
        }
    }

    /// The type is gone from the Procfile.
    pub fn remove_type(&mut self, app: AppId, kind: &ProcessType) {
        if let Some(app) = self.apps.get_mut(&app) {
            app.formation.retain(|formation| formation.kind != *kind);
        }
    }

    /// `paas run`: it ends by itself some time after it is up.
    pub fn run(&mut self, app: AppId, size: DynoSize) {
        let Some(release) = self.apps.get(&app).and_then(App::runnable) else { return };
        let (release_id, id) = (release.id, self.fresh_id());
        let number = u32::try_from(self.last_id % 9_000).unwrap_or_default() + 1;
        let dyno = Dyno {
            id,
            app_id: app,
            release_id,
            kind: DynoKind::OneOff,
            name: DynoName { kind: ProcessType::run(), number },
            size,
            command: "bash".to_owned(),
            state: DynoState::Wanted,
            host: None,
            crashes: 0,
            restart_at: None,
            restart_requested: false,
        };
        self.dynos.insert(id, dyno);
    }

    pub fn request_restart(&mut self, id: DynoId) {
        if let Some(dyno) = self.dynos.get_mut(&id) {
            dyno.restart_requested = true;
        }
    }

    /// A dyno that has a container ends by itself. Formation dynos crash; others are gone.
    pub fn end(&mut self, id: DynoId) {
        let Some(dyno) = self.dynos.get_mut(&id).filter(|dyno| dyno.state.may_have_container()) else { return };
        self.moves_at.remove(&id);
        if dyno.kind != DynoKind::Formation || dyno.state == DynoState::Stopping {
            self.dynos.remove(&id);
            return;
        }
        dyno.state = DynoState::Crashed;
        dyno.crashes += 1;
        let wait = TimeDelta::from_std(self.policy.crash.wait(dyno.crashes)).unwrap_or(TimeDelta::MAX);
        dyno.restart_at = Some(self.now + wait);
    }

    /// Does what control's executor does with an action.
    fn apply(&mut self, action: &Action) {
        match action {
            Action::Stop { dyno: id, .. } => match self.dynos.get_mut(id) {
                Some(dyno) if dyno.state.may_have_container() => self.enter(*id, DynoState::Stopping),
                _ => drop(self.dynos.remove(id)),
            },
            Action::Place { dyno: id, host } => {
                if let Some(dyno) = self.dynos.get_mut(id) {
                    dyno.host = Some(*host);
                }
                self.enter(*id, DynoState::Placed);
            }
            Action::Start { app_id, release_id, kind, number, size, command, crashes, host, replaces } => {
                if let Some(crashed) = replaces {
                    self.dynos.remove(crashed);
                }
                let id = self.fresh_id();
                let dyno = Dyno {
                    id,
                    app_id: *app_id,
                    release_id: *release_id,
                    kind: DynoKind::Formation,
                    name: DynoName { kind: kind.clone(), number: *number },
                    size: *size,
                    command: command.clone(),
                    state: DynoState::Wanted,
                    host: Some(*host),
                    crashes: *crashes,
                    restart_at: None,
                    restart_requested: false,
                };
                self.dynos.insert(id, dyno);
                self.enter(id, DynoState::Placed);
            }
        }
    }

    /// A dyno does what its state leads to.
    fn progress(&mut self, id: DynoId) {
        let Some(dyno) = self.dynos.get(&id) else { return };
        let crashes = match &mut self.dice {
            Some(dice) => dice.below(100) < self.crash_percent,
            None => false,
        };
        match dyno.state {
            DynoState::Placed => self.enter(id, DynoState::Starting),
            DynoState::Starting if crashes || self.broken.contains(&dyno.release_id) => self.end(id),
            DynoState::Starting => self.enter(id, DynoState::Up),
            DynoState::Up | DynoState::Stopping => self.end(id),
            DynoState::Wanted | DynoState::Crashed | DynoState::Gone => {}
        }
    }

    /// Sets the state and when it ends.
    fn enter(&mut self, id: DynoId, state: DynoState) {
        let Some(dyno) = self.dynos.get_mut(&id) else { return };
        dyno.state = state;
        let seconds = match state {
            DynoState::Placed => 1,
            DynoState::Starting => 5,
            DynoState::Stopping => 10,
            DynoState::Up if dyno.kind != DynoKind::Formation => 60,
            _ => {
                self.moves_at.remove(&id);
                return;
            }
        };
        let times = self.dice.as_mut().map_or(1, |dice| i64::from(dice.below(4)) + 1);
        self.moves_at.insert(id, self.now + TimeDelta::seconds(seconds * times));
    }

    fn fresh_id<T: std::str::FromStr>(&mut self) -> T {
        self.last_id += 1;
        let Ok(id) = format!("{:032x}", self.last_id).parse() else {
            unreachable!("32 hexadecimal digits are a uuid");
        };
        id
    }
}
