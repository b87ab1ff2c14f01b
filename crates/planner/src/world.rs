use chrono::{DateTime, Utc};
use paas_model::{
    AppId, AppName, BuildId, DynoId, DynoKind, DynoName, DynoSize, DynoState, HostFault, HostId, HostState, Labels,
    PoolId, ProcessType, ReleaseId, ReleaseVersion,
};

/// All that a plan may depend on, as it was read in one transaction. The order of rows means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    pub pools: Vec<Pool>,
    /// Every host whose state is not `gone`.
    pub hosts: Vec<Host>,
    pub apps: Vec<App>,
    /// Every dyno whose state is not `gone`.
    pub dynos: Vec<Dyno>,
    /// Every build that has not ended.
    pub builds: Vec<Build>,
}

/// Hosts that can be had and given back. Hosts that were joined by hand have no pool: the plan never launches, drains or
/// terminates such a one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    pub id: PoolId,
    pub name: String,
    pub min_hosts: u32,
    /// Hosts that are on their way, ready or draining. One more is had while an outdated host is replaced.
    pub max_hosts: u32,
    /// Every host of the pool has them.
    pub labels: Labels,
    /// What can be had just now.
    pub offers: Vec<Offer>,
    /// What new hosts boot from. `None`: hosts are never outdated.
    pub image: Option<String>,
    /// Whether hosts with another image are replaced, one by one.
    pub replace_outdated: bool,
    /// No launch is tried before this.
    pub launch_after: Option<DateTime<Utc>>,
}

/// A machine that can be had: type, place and price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub instance_type: String,
    pub zone: String,
    /// Cheaper, and may be taken away at two minutes' notice.
    pub spot: bool,
    /// What dynos may reserve, in MiB: the machine less what its system needs.
    pub memory_mb: u32,
    /// What dynos may reserve, in thousandths of a core.
    pub cpu_millis: u32,
    /// Millionths of a dollar.
    pub price_micros_per_hour: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    pub id: HostId,
    pub name: String,
    pub state: HostState,
    pub pool: Option<PoolId>,
    pub zone: String,
    pub labels: Labels,
    /// What dynos may reserve, in MiB: the machine less what its system needs.
    pub memory_mb: u32,
    /// What dynos may reserve, in thousandths of a core.
    pub cpu_millis: u32,
    /// When it entered its state.
    pub since: DateTime<Utc>,
    /// Lost hosts: what is known of it. `None` counts as [`HostFault::EngineUnreachable`].
    pub fault: Option<HostFault>,
    /// Since when the plan has thought that it could do without this host.
    pub spare_since: Option<DateTime<Utc>>,
    /// It will be taken away within minutes (spot).
    pub interrupted: bool,
    /// A person drains it: the plan neither makes it ready again nor terminates it.
    pub drain_requested: bool,
    pub image: Option<String>,
    /// Millionths of a dollar.
    pub price_micros_per_hour: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub name: AppName,
    /// `dedicated=X` reserves hosts with the same label for it, and keeps it off all others.
    pub labels: Labels,
    /// How long the first dyno of a new release must be up before others of its type follow. `None`: no canary.
    pub canary_seconds: Option<u32>,
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
    /// A slot of it never has two dynos that may both run: the older one is gone before the newer one starts, and it is
    /// not started elsewhere while its host is merely unreachable.
    pub singleton: bool,
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
    /// When its port first answered.
    pub up_at: Option<DateTime<Utc>>,
    /// Crashes in a row of this slot and release.
    pub crashes: u32,
    /// Crashed dynos: not to be started again before this. `None` counts as due.
    pub restart_at: Option<DateTime<Utc>>,
    /// Somebody asked for a restart of this very dyno.
    pub restart_requested: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    pub id: BuildId,
    pub app_id: AppId,
    pub memory_mb: u32,
    pub cpu_millis: u32,
    pub host: Option<HostId>,
}

impl Dyno {
    /// Whether it counts against "one dyno of a release in a slot" (the index `dynos_one_per_slot`). One that is
    /// stopping does not: its successor may start.
    #[must_use]
    pub const fn is_live(&self) -> bool {
        !matches!(self.state, DynoState::Stopping | DynoState::Gone)
    }

    /// The host whose memory and CPU it holds. A stopping dyno holds them until its container is gone.
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

impl Pool {
    /// Whether a host of this pool ought to be replaced by one with the pool's image. A host whose image is not known is
    /// left alone.
    #[must_use]
    pub fn is_outdated(&self, host: &Host) -> bool {
        self.replace_outdated && self.image.is_some() && host.image.is_some() && self.image != host.image
    }
}
