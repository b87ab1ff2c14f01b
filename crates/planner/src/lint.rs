//! What every plan must keep, checked by a second and simpler reading of the rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use paas_model::{AppId, DynoId, DynoKind, DynoName, DynoState, HostId, HostState, ProcessType, ReleaseId};

use crate::{Action, App, Dyno, Formation, Host, Plan, StopReason, World};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    UnknownDyno(DynoId),
    IllegalMove {
        dyno: DynoId,
        from: DynoState,
        to: DynoState,
    },
    HostNotReady(HostId),
    /// Dynos on it would reserve more than it has.
    HostFull {
        host: HostId,
        reserved_mb: u64,
        memory_mb: u32,
    },
    /// Two live dynos of one release in one slot.
    TwoInSlot {
        app: AppId,
        name: DynoName,
        release: ReleaseId,
    },
    /// A start of something that the formation does not ask for.
    NotAskedFor {
        app: AppId,
        name: DynoName,
    },
    /// One-off and release-phase dynos end by themselves.
    StopsCommand(DynoId),
    /// The reason given for a stop is not there.
    Groundless {
        dyno: DynoId,
        reason: StopReason,
    },
    /// A slot would lose the dyno that serves without one that takes over.
    LeavesSlotEmpty {
        dyno: DynoId,
        reason: StopReason,
    },
}

/// All that is wrong with applying `plan` to `world`, in the order of the plan; empty for every plan of [`crate::plan`].
#[must_use]
pub fn lint(world: &World, plan: &Plan) -> Vec<Violation> {
    let mut check = Check::new(world, plan);
    for action in &plan.actions {
        check.action(action);
    }
    check.stops(plan);
    check.found
}

type Slot<'a> = (AppId, &'a ProcessType, u32);

struct Check<'a> {
    apps: BTreeMap<AppId, &'a App>,
    hosts: BTreeMap<HostId, &'a Host>,
    dynos: BTreeMap<DynoId, &'a Dyno>,
    /// Where the actions so far have moved them.
    states: BTreeMap<DynoId, DynoState>,
    reserved_mb: BTreeMap<HostId, u64>,
    live: BTreeMap<(Slot<'a>, ReleaseId), u32>,
    /// How many dynos serve in a slot when the plan is done.
    serving_after: BTreeMap<Slot<'a>, u32>,
    started: BTreeSet<Slot<'a>>,
    found: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn new(world: &'a World, plan: &'a Plan) -> Self {
        let mut check = Self {
            apps: world.apps.iter().map(|app| (app.id, app)).collect(),
            hosts: world.hosts.iter().map(|host| (host.id, host)).collect(),
            dynos: world.dynos.iter().map(|dyno| (dyno.id, dyno)).collect(),
            states: world.dynos.iter().map(|dyno| (dyno.id, dyno.state)).collect(),
            reserved_mb: BTreeMap::new(),
            live: BTreeMap::new(),
            serving_after: BTreeMap::new(),
            started: BTreeSet::new(),
            found: Vec::new(),
        };
        for dyno in &world.dynos {
            if let Some(host) = dyno.reserves_on() {
                *check.reserved_mb.entry(host).or_default() += u64::from(dyno.size.memory_mb());
            }
            if dyno.kind == DynoKind::Formation {
                *check.live.entry((slot(dyno), dyno.release_id)).or_default() += u32::from(dyno.is_live());
                *check.serving_after.entry(slot(dyno)).or_default() += u32::from(check.serves(dyno));
            }
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
                if let Some(size) = self.dynos.get(dyno).map(|dyno| dyno.size) {
                    self.reserve(*host, size.memory_mb());
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
                let asked = self.wanted(slot).is_some_and(|(release, formation)| {
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
                self.reserve(*host, size.memory_mb());
            }
        }
    }

    fn stop(&mut self, id: DynoId) {
        let Some(dyno) = self.dynos.get(&id).copied() else { return self.found.push(Violation::UnknownDyno(id)) };
        if dyno.kind != DynoKind::Formation {
            self.found.push(Violation::StopsCommand(id));
        }
        let holds = dyno.state.may_have_container();
        self.step(id, if holds { DynoState::Stopping } else { DynoState::Gone });
        self.leave(id);
        if self.serves(dyno) {
            let serving = self.serving_after.entry(slot(dyno)).or_default();
            *serving = serving.saturating_sub(1);
        }
    }

    /// Stops are judged by what the whole plan leaves behind.
    fn stops(&mut self, plan: &Plan) {
        let mut made_room = BTreeSet::new();
        for action in &plan.actions {
            let Action::Stop { dyno, reason } = action else { continue };
            let Some(dyno) = self.dynos.get(dyno).copied() else { continue };
            let (reason, slot) = (*reason, slot(dyno));
            let wanted = self.wanted(slot);
            let newest = wanted.is_some_and(|(release, _)| release == dyno.release_id);
            let host = self.host_state(dyno);
            let grounded = match reason {
                StopReason::ScaledDown => wanted.is_none(),
                StopReason::Replaced | StopReason::MakesRoom => !newest,
                StopReason::Restarted => dyno.restart_requested,
                StopReason::Resized => wanted.is_some_and(|(_, formation)| formation.size != dyno.size),
                StopReason::AppChanged => wanted.is_none_or(|(_, formation)| formation.command != dyno.command),
                StopReason::HostDraining => host == Some(HostState::Draining),
                StopReason::HostLost => host.is_none_or(is_lost),
                StopReason::Duplicate => self.live.get(&(slot, dyno.release_id)).is_some_and(|live| *live > 0),
            };
            if !grounded {
                self.found.push(Violation::Groundless { dyno: dyno.id, reason });
            }
            let serves = self.serves(dyno);
            let kept = match reason {
                StopReason::Replaced => !serves || self.serving_after.get(&slot).is_some_and(|serving| *serving > 0),
                // Without this the app would lose a dyno on a host that may well come back.
                StopReason::HostDraining | StopReason::HostLost => self.started.contains(&slot),
                StopReason::MakesRoom => !serves || made_room.insert((slot.0, slot.1)),
                _ => true,
            };
            if !kept {
                self.found.push(Violation::LeavesSlotEmpty { dyno: dyno.id, reason });
            }
        }
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
        let Some(dyno) = self.dynos.get(&id) else { return };
        let live = self.live.entry((slot(dyno), dyno.release_id)).or_default();
        *live = live.saturating_sub(1);
    }

    fn reserve(&mut self, id: HostId, mb: u32) {
        let Some(host) = self.hosts.get(&id).filter(|host| host.state == HostState::Ready) else {
            return self.found.push(Violation::HostNotReady(id));
        };
        let reserved_mb = self.reserved_mb.entry(id).or_default();
        *reserved_mb += u64::from(mb);
        if *reserved_mb > u64::from(host.memory_mb) {
            let (reserved_mb, memory_mb) = (*reserved_mb, host.memory_mb);
            self.found.push(Violation::HostFull { host: id, reserved_mb, memory_mb });
        }
    }

    fn host_state(&self, dyno: &Dyno) -> Option<HostState> {
        dyno.reserves_on().and_then(|host| self.hosts.get(&host)).map(|host| host.state)
    }

    fn serves(&self, dyno: &Dyno) -> bool {
        dyno.state == DynoState::Up && !self.host_state(dyno).is_none_or(is_lost)
    }

    /// What the slot should hold; `None`: nothing.
    fn wanted(&self, (app, kind, number): Slot<'_>) -> Option<(ReleaseId, &'a Formation)> {
        let app = self.apps.get(&app)?;
        let formation = app.formation.iter().find(|formation| formation.kind == *kind)?;
        (1..=formation.quantity).contains(&number).then_some((app.runnable()?.id, formation))
    }
}

fn is_lost(state: HostState) -> bool {
    matches!(state, HostState::Lost | HostState::Terminating | HostState::Gone)
}

fn slot(dyno: &Dyno) -> Slot<'_> {
    (dyno.app_id, &dyno.name.kind, dyno.name.number)
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDyno(dyno) => write!(f, "dyno {dyno} is not in the world"),
            Self::IllegalMove { dyno, from, to } => write!(f, "dyno {dyno} may not go from {from} to {to}"),
            Self::HostNotReady(host) => write!(f, "host {host} is not ready"),
            Self::HostFull { host, reserved_mb, memory_mb } => {
                write!(f, "host {host} would hold {reserved_mb} MB of {memory_mb} MB")
            }
            Self::TwoInSlot { app, name, release } => {
                write!(f, "app {app} would have two {name} of release {release}")
            }
            Self::NotAskedFor { app, name } => write!(f, "app {app} does not ask for this {name}"),
            Self::StopsCommand(dyno) => write!(f, "dyno {dyno} is not the formation's to stop"),
            Self::Groundless { dyno, reason } => write!(f, "dyno {dyno} is stopped because {reason}, which is not so"),
            Self::LeavesSlotEmpty { dyno, reason } => {
                write!(f, "dyno {dyno} serves and is stopped because {reason}, and nothing takes over")
            }
        }
    }
}
