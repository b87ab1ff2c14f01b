use std::fmt;

use chrono::{DateTime, Utc};
use paas_model::{AppId, BuildId, DynoId, DynoSize, HostId, PoolId, ProcessType, ReleaseId};
use serde::Serialize;

use crate::{BuildWaiting, Waiting};

/// What to do now, in this order and in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub actions: Vec<Action>,
    /// What cannot be done yet, by app and type; at most one line of each reason.
    pub waiting: Vec<Waiting>,
    /// Builds that have no host yet.
    pub builds_waiting: Vec<BuildWaiting>,
    /// The earliest time at which the plan changes although nothing in the world did. `None`: only news changes it.
    pub wake_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A new formation dyno, already placed on `host`.
    Start {
        app_id: AppId,
        release_id: ReleaseId,
        kind: ProcessType,
        /// May be past the quantity: such a dyno stands in while one of the others is moved.
        number: u32,
        size: DynoSize,
        command: String,
        /// Crashes in a row that it inherits.
        crashes: u32,
        host: HostId,
        /// A crashed dyno of the same slot and release: it becomes gone in the same step, or the two would collide.
        replaces: Option<DynoId>,
    },
    /// A dyno that is `wanted` gets a host.
    Place {
        dyno: DynoId,
        host: HostId,
    },
    /// Placed, starting and up become stopping; wanted and crashed become gone.
    Stop {
        dyno: DynoId,
        reason: StopReason,
    },
    /// A build gets a host, or another one because the host it had is lost.
    PlaceBuild {
        build: BuildId,
        host: HostId,
    },
    /// One more host for a pool, in state `requested`.
    Launch {
        pool: PoolId,
        instance_type: String,
        zone: String,
        spot: bool,
    },
    /// Ready becomes draining.
    Drain {
        host: HostId,
        reason: DrainReason,
    },
    /// Draining becomes ready again, and the host is not spare any more.
    Undrain {
        host: HostId,
    },
    /// The machine ends: becomes terminating, or gone where there is no machine.
    Terminate {
        host: HostId,
        reason: TerminateReason,
    },
    /// From now on the plan could do without this host.
    MarkSpare {
        host: HostId,
    },
    UnmarkSpare {
        host: HostId,
    },
}

/// Display is for the app's log, behind "Stopping web.1: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Its number is past the quantity, and no dyno is being moved that it would stand in for.
    ScaledDown,
    /// A dyno of the newer release serves in its slot, or it never served itself.
    Replaced,
    /// Stopped before its successor starts: no host has room for both.
    MakesRoom,
    /// Of the older release, and stopped before the newer one starts: only one may run.
    Singleton,
    Restarted,
    Resized,
    /// Its process type is gone, has another command, or the app has nothing to run.
    AppChanged,
    HostDraining,
    HostLost,
    /// A second dyno of one release in one slot. The database does not let this happen.
    Duplicate,
}

/// Display stands behind "Draining HOST: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DrainReason {
    /// What runs there has fitted elsewhere for as long as the policy asks.
    Spare,
    /// The machine will be taken away within minutes.
    Interrupted,
    /// It booted from another image than the pool has now.
    Outdated,
    /// The pool has more hosts than it may have.
    OverMaximum,
}

/// Display stands behind "Terminating HOST: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminateReason {
    /// It was drained, and nothing runs there any more.
    Drained,
    /// It was launched and did not join in time.
    NeverJoined,
    /// The machine does not exist any more.
    MachineGone,
    /// It has not answered for so long that it is given up.
    Lost,
}

impl Plan {
    /// Whether there is nothing to do. There may still be something to wait for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// Asks for another plan at this time, unless one is asked for earlier.
    pub(crate) fn wake(&mut self, at: DateTime<Utc>) {
        self.wake_at = Some(self.wake_at.map_or(at, |earliest| earliest.min(at)));
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScaledDown => "more of these run than the app asks for",
            Self::Replaced => "a newer release took over",
            Self::MakesRoom => "it makes room for a newer release, as no host has memory for both at once",
            Self::Singleton => "a newer release takes over, and only one may run at a time",
            Self::Restarted => "a restart was requested",
            Self::Resized => "its dyno size changed",
            Self::AppChanged => "the app no longer runs this process",
            Self::HostDraining => "its host is being drained",
            Self::HostLost => "its host does not answer",
            Self::Duplicate => "another dyno already fills its place",
        })
    }
}

impl fmt::Display for DrainReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Spare => "what runs there fits on the other hosts",
            Self::Interrupted => "the machine will be taken away",
            Self::Outdated => "the pool has a newer image",
            Self::OverMaximum => "the pool has more hosts than it may have",
        })
    }
}

impl fmt::Display for TerminateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drained => "it was drained and is empty",
            Self::NeverJoined => "it did not join in time",
            Self::MachineGone => "its machine does not exist any more",
            Self::Lost => "it has not answered for too long",
        })
    }
}
