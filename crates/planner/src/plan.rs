use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use paas_model::{AppId, DynoId, DynoSize, HostId, ProcessType, ReleaseId};
use serde::Serialize;

/// What to do now, in this order and in one transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub actions: Vec<Action>,
    /// What cannot be done yet, by app and type; at most one line of each reason.
    pub waiting: Vec<Waiting>,
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
    Place { dyno: DynoId, host: HostId },
    /// Placed, starting and up become stopping; wanted and crashed become gone.
    Stop { dyno: DynoId, reason: StopReason },
}

/// Display is for the app's log, behind "Stopping web.1: ".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Its number is past the quantity.
    ScaledDown,
    /// A dyno of the newer release serves in its slot, or it never served itself.
    Replaced,
    /// Of the older release, and stopped before the newer one starts: no host has room for both.
    MakesRoom,
    Restarted,
    Resized,
    /// Its process type is gone, has another command, or the app has nothing to run.
    AppChanged,
    HostDraining,
    HostLost,
    /// A second dyno of one release in one slot. The database does not let this happen.
    Duplicate,
}

/// Something that the formation asks for and that does not run yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Waiting {
    pub app_id: AppId,
    pub kind: ProcessType,
    pub reason: WaitReason,
}

/// Display is for users: it stands behind "web is waiting: ".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// No host is ready.
    NoHosts,
    /// No host has this much memory left, and none will have by itself.
    NoCapacity { need_mb: u32, nearest: Option<NearestMiss> },
    /// There will be room as soon as dynos that are stopping are gone.
    Stopping { need_mb: u32 },
    /// It crashed and is not due yet.
    CrashBackOff { until: DateTime<Utc> },
}

/// The host that has the most memory left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NearestMiss {
    pub host: String,
    pub free_mb: u32,
}

impl Plan {
    /// Whether there is nothing to do. There may still be something to wait for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScaledDown => "the app was scaled down",
            Self::Replaced => "a newer release took over",
            Self::MakesRoom => "it makes room for a newer release, as no host has memory for both at once",
            Self::Restarted => "a restart was requested",
            Self::Resized => "its dyno size changed",
            Self::AppChanged => "the app no longer runs this process",
            Self::HostDraining => "its host is being drained",
            Self::HostLost => "its host does not answer",
            Self::Duplicate => "another dyno already fills its place",
        })
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHosts => f.write_str("no host is ready to run dynos"),
            Self::NoCapacity { need_mb, nearest: None } => write!(f, "no host has {need_mb} MB of memory free"),
            Self::NoCapacity { need_mb, nearest: Some(NearestMiss { host, free_mb }) } => {
                write!(f, "no host has {need_mb} MB of memory free; the nearest is {host} with {free_mb} MB")
            }
            Self::Stopping { need_mb } => write!(f, "{need_mb} MB of memory become free as older dynos stop"),
            Self::CrashBackOff { until } => {
                write!(f, "it crashed, and is started again at {}", until.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
        }
    }
}
