//! What every plan must keep, checked by a second and simpler reading of the rules.

mod dynos;
mod hosts;

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use paas_model::{AppId, BuildId, DynoId, DynoName, DynoState, HostId, HostState, PoolId, ReleaseId};

use crate::{Action, App, Dyno, Host, Plan, Policy, Pool, StopReason, World};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    UnknownDyno(DynoId),
    IllegalMove {
        dyno: DynoId,
        from: DynoState,
        to: DynoState,
    },
    HostNotReady(HostId),
    /// Dynos and builds on it would reserve more than it has.
    HostFull {
        host: HostId,
        reserved_mb: u64,
        memory_mb: u32,
    },
    HostCpuFull {
        host: HostId,
        reserved_millis: u64,
        cpu_millis: u32,
    },
    /// Its labels keep the host for others.
    HostForOthers {
        host: HostId,
        app: AppId,
    },
    /// Two live dynos of one release in one slot.
    TwoInSlot {
        app: AppId,
        name: DynoName,
        release: ReleaseId,
    },
    /// A singleton is started while another one may still run.
    TwoOfSingleton {
        app: AppId,
        name: DynoName,
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
    /// A move leaves fewer dynos of a type serving than the policy asks for, although others had room to stand in.
    TooFewServe {
        app: AppId,
        name: DynoName,
        serving: u32,
        floor: u32,
    },
    /// The canary has not been up for long enough, and more dynos of its release are started beside older ones.
    CanaryIgnored {
        app: AppId,
        name: DynoName,
    },
    /// The build has a host that is not lost, or is none.
    BuildNotToPlace(BuildId),
    /// More builds than the policy lets a host have.
    TooManyBuilds(HostId),
    /// The pool does not offer this, may not have one more host, or is not to be asked now.
    LaunchNotPossible(PoolId),
    /// The host is in no pool, or what is said of it is not so.
    HostActionGroundless {
        host: HostId,
        action: Action,
    },
    /// Fewer hosts would be left than the pool has at least.
    BelowMinimum(PoolId),
}

/// All that is wrong with applying `plan` to `world`, in the order of the plan; empty for every plan of [`crate::plan`].
#[must_use]
pub fn lint(world: &World, policy: &Policy, plan: &Plan, now: DateTime<Utc>) -> Vec<Violation> {
    let facts = Facts::new(world, policy, now);
    let mut found = dynos::lint(&facts, plan);
    found.extend(hosts::lint(&facts, plan));
    found
}

/// The world, looked up by id.
struct Facts<'a> {
    world: &'a World,
    policy: &'a Policy,
    now: DateTime<Utc>,
    apps: BTreeMap<AppId, &'a App>,
    hosts: BTreeMap<HostId, &'a Host>,
    dynos: BTreeMap<DynoId, &'a Dyno>,
    pools: BTreeMap<PoolId, &'a Pool>,
}

impl<'a> Facts<'a> {
    fn new(world: &'a World, policy: &'a Policy, now: DateTime<Utc>) -> Self {
        Self {
            world,
            policy,
            now,
            apps: world.apps.iter().map(|app| (app.id, app)).collect(),
            hosts: world.hosts.iter().map(|host| (host.id, host)).collect(),
            dynos: world.dynos.iter().map(|dyno| (dyno.id, dyno)).collect(),
            pools: world.pools.iter().map(|pool| (pool.id, pool)).collect(),
        }
    }

    fn host_of(&self, dyno: &Dyno) -> Option<&'a Host> {
        dyno.reserves_on().and_then(|host| self.hosts.get(&host)).copied()
    }

    fn serves(&self, dyno: &Dyno) -> bool {
        dyno.state == DynoState::Up && !self.host_of(dyno).is_none_or(is_lost)
    }
}

fn is_lost(host: &Host) -> bool {
    matches!(host.state, HostState::Lost | HostState::Terminating | HostState::Gone)
}

fn is_open(host: &Host) -> bool {
    host.state == HostState::Ready && !host.interrupted
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
            Self::HostCpuFull { host, reserved_millis, cpu_millis } => {
                write!(f, "host {host} would hold {reserved_millis} thousandths of a core of {cpu_millis}")
            }
            Self::HostForOthers { host, app } => write!(f, "host {host} is not for app {app}"),
            Self::TwoInSlot { app, name, release } => {
                write!(f, "app {app} would have two {name} of release {release}")
            }
            Self::TwoOfSingleton { app, name } => write!(f, "app {app} may have another {name} that still runs"),
            Self::NotAskedFor { app, name } => write!(f, "app {app} does not ask for this {name}"),
            Self::StopsCommand(dyno) => write!(f, "dyno {dyno} is not the formation's to stop"),
            Self::Groundless { dyno, reason } => write!(f, "dyno {dyno} is stopped because {reason}, which is not so"),
            Self::LeavesSlotEmpty { dyno, reason } => {
                write!(f, "dyno {dyno} serves and is stopped because {reason}, and nothing takes over")
            }
            Self::TooFewServe { app, name, serving, floor } => {
                write!(f, "app {app} would have {serving} of {floor} dynos serving because {name} is moved")
            }
            Self::CanaryIgnored { app, name } => write!(f, "app {app} starts {name} before its canary has been proved"),
            Self::BuildNotToPlace(build) => write!(f, "build {build} does not want a host"),
            Self::TooManyBuilds(host) => write!(f, "host {host} would have too many builds"),
            Self::LaunchNotPossible(pool) => write!(f, "pool {pool} may not launch this now"),
            Self::HostActionGroundless { host, action } => write!(f, "there is no ground for {action:?} of {host}"),
            Self::BelowMinimum(pool) => write!(f, "pool {pool} would have too few hosts"),
        }
    }
}
