//! The port to what launches and ends the machines under hosts: a cloud's API.

use std::{error::Error, fmt, net::IpAddr};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use paas_model::HostId;

/// Gives machines for hosts and takes them back. Every machine carries the installation and the host that it is for, so
/// that a launch whose outcome is unknown is found again and nobody else's machine is ever ended.
///
/// Nothing here retries: a caller's loop does, and [`MachineError`] says what may help.
#[async_trait]
pub trait Machines: fmt::Debug + Send + Sync {
    /// Has a machine for `order.host`: adopts the one that was launched for it before, with whatever it was launched as
    /// and in whatever state it is. A host has one machine in its life: when that has ended it is returned as ended, as
    /// long as the cloud remembers it, and no second one is launched.
    ///
    /// # Errors
    /// After `Unavailable` there may be a machine all the same. Calling again with the same order finds it.
    async fn launch(&self, order: &MachineOrder) -> Result<Machine, MachineError>;

    /// Every machine of this installation that has not ended. What was launched a moment ago may not be there yet.
    async fn list(&self) -> Result<Vec<Machine>, MachineError>;

    /// Ends it. Ended already, or not known any more, is success.
    ///
    /// # Errors
    /// `NotOurs` when its tags do not say that it is this host of this installation; it is left alone then.
    async fn terminate(&self, host: HostId, machine: &MachineId) -> Result<(), MachineError>;

    /// What the credentials may not do, tried without effect; sorted, each once.
    ///
    /// # Errors
    /// `Invalid` when the order names what does not exist: an image, a subnet, a security group.
    async fn check(&self, order: &MachineOrder) -> Result<Vec<MissingPermission>, MachineError>;

    /// What a type of machine offers and costs.
    ///
    /// # Errors
    /// `Invalid` for one that does not exist; the reason names some that do.
    async fn instance_type(&self, name: &str) -> Result<InstanceType, MachineError>;
}

/// The cloud's name for a machine, such as `i-0123456789abcdef0`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineId(pub String);

impl fmt::Display for MachineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A machine to be launched for one host.
#[derive(Clone, PartialEq, Eq)]
pub struct MachineOrder {
    /// The key of the launch.
    pub host: HostId,
    /// What people see in the cloud's own console.
    pub name: String,
    pub pool: String,
    pub instance_type: String,
    /// Empty leaves it to the cloud, or to the subnet.
    pub zone: String,
    pub spot: bool,
    pub image: String,
    /// `None` is the default network's.
    pub subnet: Option<String>,
    /// Ids; none is the network's default group.
    pub security_groups: Vec<String>,
    /// The key pair that may log in by SSH.
    pub key_name: Option<String>,
    /// Of the root disk.
    pub disk_gb: u32,
    /// The script that the machine runs at its first start. Holds a token: never logged.
    pub user_data: String,
    /// Name of the role's profile that programs on the machine get credentials of.
    pub instance_profile: Option<String>,
}

impl fmt::Debug for MachineOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineOrder")
            .field("host", &self.host)
            .field("name", &self.name)
            .field("pool", &self.pool)
            .field("instance_type", &self.instance_type)
            .field("zone", &self.zone)
            .field("spot", &self.spot)
            .field("image", &self.image)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    pub id: MachineId,
    /// `None` when its tag is no host's id.
    pub host: Option<HostId>,
    pub state: MachineState,
    /// `None` until the cloud has given it one, and after the end.
    pub private_address: Option<IpAddr>,
    pub instance_type: String,
    pub zone: String,
    pub spot: bool,
    pub launched_at: Option<DateTime<Utc>>,
    /// The cloud has said that it takes this spot machine back: within two minutes, or it already has.
    pub interrupted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MachineState {
    Pending,
    Running,
    /// On its way to the end, or switched off by somebody: it does not come back by itself.
    Stopping,
    Ended,
}

/// What one machine of a type has in all; what the system on it needs is not taken off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceType {
    pub name: String,
    /// Thousandths of a core.
    pub cpu_millis: u32,
    /// MiB.
    pub memory_mb: u32,
    /// `None`: it exists, and nobody has said what it costs.
    pub price: Option<HourlyPrice>,
}

/// In millionths of a dollar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HourlyPrice {
    pub on_demand_micros: u64,
    /// What it typically is; the real one moves.
    pub spot_micros: u64,
}

impl HourlyPrice {
    #[must_use]
    pub const fn micros(self, spot: bool) -> u64 {
        if spot { self.spot_micros } else { self.on_demand_micros }
    }
}

/// An action that the credentials may not do, in the cloud's words, such as `ec2:RunInstances`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MissingPermission(pub String);

impl fmt::Display for MissingPermission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a cloud can answer besides success. Display says what happened on this level only; `source` has the rest.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The cloud has none of these there just now, or none at the price: another type, zone or way of paying may do.
    #[error("there is no capacity for {instance_type} in {}", zone_text(zone))]
    NoCapacity { instance_type: String, zone: String },
    /// The account may not have more of these. Another type or way of paying may have a limit of its own.
    #[error("a limit of the account is reached: {reason}")]
    LimitReached { reason: String },
    /// Too many calls: wait before the next.
    #[error("the machines' API takes no more calls for now")]
    Throttled,
    /// The action, such as `ec2:RunInstances`.
    #[error("the credentials may not do {action}")]
    Denied { action: String },
    /// It will never work as asked; the cloud's reason, fit for whoever set the pool up.
    #[error("the machines' API refused: {reason}")]
    Invalid { reason: String },
    #[error("machine {machine} is not this host's: it is left alone")]
    NotOurs { machine: MachineId },
    /// No answer, or a broken one: the effect is unknown.
    #[error("the machines' API is not available")]
    Unavailable { source: Box<dyn Error + Send + Sync> },
}

impl MachineError {
    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::NoCapacity { .. } | Self::LimitReached { .. } | Self::Throttled | Self::Unavailable { .. })
    }
}

fn zone_text(zone: &str) -> &str {
    if zone.is_empty() { "any zone" } else { zone }
}
