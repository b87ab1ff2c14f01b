use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use paas_model::{AppId, BuildId, ProcessType};
use serde::Serialize;

/// Something that the formation asks for and that does not run yet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Waiting {
    pub app_id: AppId,
    pub kind: ProcessType,
    pub reason: WaitReason,
}

/// A build that has no host.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BuildWaiting {
    pub build: BuildId,
    pub app_id: AppId,
    pub reason: WaitReason,
}

/// Display is for users: it stands behind "web is waiting: ". Hosts and pools go by their names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// No host is ready.
    NoHosts,
    /// Hosts are ready, and none of them is for this app (`dedicated=X`), or for builds (`role=build`).
    LabelsUnmatched {
        /// The label that a host would need. `None`: every host is dedicated to others.
        dedicated: Option<String>,
    },
    /// No host has this much memory left, and none will have by itself.
    NoCapacity { need_mb: u32, nearest: Option<NearestMiss> },
    /// Hosts have the memory, and none of them the CPU too.
    NoCpu { need_millis: u32, nearest: Option<NearestMiss> },
    /// There will be room as soon as dynos that are stopping are gone.
    Stopping { need_mb: u32 },
    /// A host that has room for it is on its way.
    HostLaunching { pool: String },
    /// It would get a host of its own if the pool might have one more.
    PoolFull { pool: String, max: u32 },
    /// It crashed and is not due yet.
    CrashBackOff { until: DateTime<Utc> },
    /// Only one may run, and the last one may still do so: it is stopping, or its host does not answer.
    Singleton { host: String },
    /// The first dyno of the newest release has to stay up this long before others follow.
    Canary { until: DateTime<Utc> },
    /// As many builds run as may.
    BuildsFull { running: u32 },
}

/// The host that comes nearest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NearestMiss {
    pub host: String,
    pub free_mb: u32,
    pub free_millis: u32,
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHosts => f.write_str("no host is ready to run dynos"),
            Self::LabelsUnmatched { dedicated: Some(name) } => {
                write!(f, "no host is ready that has the label dedicated={name}")
            }
            Self::LabelsUnmatched { dedicated: None } => {
                f.write_str("every host that is ready is kept for builds or for other apps")
            }
            Self::NoCapacity { need_mb, nearest: None } => write!(f, "no host has {need_mb} MB of memory free"),
            Self::NoCapacity { need_mb, nearest: Some(NearestMiss { host, free_mb, .. }) } => {
                write!(f, "no host has {need_mb} MB of memory free; the nearest is {host} with {free_mb} MB")
            }
            Self::NoCpu { need_millis, nearest } => {
                write!(f, "no host with enough memory has {} of CPU free", cores(*need_millis))?;
                let Some(NearestMiss { host, free_millis, .. }) = nearest else { return Ok(()) };
                write!(f, "; the nearest is {host} with {}", cores(*free_millis))
            }
            Self::Stopping { need_mb } => write!(f, "{need_mb} MB of memory become free as older dynos stop"),
            Self::HostLaunching { pool } => write!(f, "a host of the pool {pool} is on its way"),
            Self::PoolFull { pool, max } => {
                write!(f, "no host has room for it, and the pool {pool} may not have more than {max} hosts")
            }
            Self::CrashBackOff { until } => write!(f, "it crashed, and is started again at {}", at(*until)),
            Self::Singleton { host } => {
                write!(f, "only one may run at a time, and the last one may still run on {host}")
            }
            Self::Canary { until } => {
                write!(f, "the first dyno of the new release has to stay up until {}", at(*until))
            }
            Self::BuildsFull { running } => {
                write!(f, "{running} builds run, and no host may take one more")
            }
        }
    }
}

fn at(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Thousandths of a core as people write them.
pub(crate) fn cores(millis: u32) -> String {
    match (millis / 1000, millis % 1000) {
        (1, 0) => "1 core".to_owned(),
        (whole, 0) => format!("{whole} cores"),
        (whole, rest) => format!("{whole}.{} cores", format!("{rest:03}").trim_end_matches('0')),
    }
}
