use chrono::{DateTime, Utc};
use paas_model::{
    AppId, AppName, DynoId, DynoKind, DynoName, DynoSize, DynoState, HostId, HostState, ProcessType, ReleaseId,
    ReleaseVersion,
};

/// All that a plan may depend on, as it was read in one transaction. The order of rows means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    pub hosts: Vec<Host>,
    pub apps: Vec<App>,
    /// Every dyno whose state is not `gone`.
    pub dynos: Vec<Dyno>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub id: HostId,
    pub name: String,
    pub state: HostState,
    /// What dynos may reserve, in MiB: the machine less what its system needs.
    pub memory_mb: u32,
    pub cpus: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub name: AppName,
    /// The newest release that may run (succeeded); `None`: nothing to run. Maintenance does not stop dynos.
    pub release: Option<Release>,
    pub formation: Vec<Formation>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub id: ReleaseId,
    pub version: ReleaseVersion,
    /// False for releases before the first deploy: config vars without code.
    pub has_slug: bool,
}

/// How many dynos of one process type should run, how large, and what they run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formation {
    pub kind: ProcessType,
    pub quantity: u32,
    pub size: DynoSize,
    pub command: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dyno {
    pub id: DynoId,
    pub app_id: AppId,
    pub release_id: ReleaseId,
    pub kind: DynoKind,
    /// Process type and number. For formation dynos this is the slot.
    pub name: DynoName,
    pub size: DynoSize,
    pub command: String,
    pub state: DynoState,
    /// `None` while `wanted`; what it says of a crashed dyno means nothing.
    pub host: Option<HostId>,
    /// Crashes in a row of this slot and release.
    pub crashes: u32,
    /// Crashed dynos: not to be started again before this. `None` counts as due.
    pub restart_at: Option<DateTime<Utc>>,
    /// Somebody asked for a restart of this very dyno.
    pub restart_requested: bool,
}

impl Dyno {
    /// Whether it counts against "one dyno of a release in a slot" (the index `dynos_one_per_slot`). One that is
    /// stopping does not: its successor may start.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self.state, DynoState::Stopping | DynoState::Gone)
    }

    /// The host whose memory it holds. A stopping dyno holds it until its container is gone.
    #[must_use]
    pub fn reserves_on(&self) -> Option<HostId> {
        self.host.filter(|_| self.state.may_have_container())
    }
}

impl App {
    /// The release to run, if there is code to run.
    #[must_use]
    pub fn runnable(&self) -> Option<&Release> {
        self.release.as_ref().filter(|release| release.has_slug)
    }
}
