//! Ours: Heroku has no hosts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{NamedReference, Secret, Timestamp, lenient};

/// A machine that runs dynos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Host {
    /// Where other machines reach it; `None`: it has not joined, or is the one that the server runs on.
    pub address: Option<String>,
    /// Builds that run there, or were given to it.
    pub builds: u32,
    pub certificate_expires_at: Option<Timestamp>,
    /// Thousandths of a core that its dynos have set aside.
    pub cpu_used_millis: u32,
    pub cpus: u32,
    pub created_at: Timestamp,
    /// A person has it drained, and only a person makes it ready again.
    pub drain_requested: bool,
    pub dynos: u32,
    /// Version of its container engine.
    pub engine_version: Option<String>,
    /// Why it is lost: `engine_unreachable` (it may still run dynos) or `machine_gone`.
    pub fault: Option<String>,
    pub id: Uuid,
    /// The machine image that it started from.
    pub image: Option<String>,
    /// `None`: it was not launched by the platform.
    pub instance_type: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// The provider's name of the machine.
    pub machine_id: Option<String>,
    /// MiB that dynos may use.
    pub memory_mb: u32,
    /// MiB that dynos have set aside.
    pub memory_used_mb: u32,
    pub name: String,
    /// `None`: it joined by hand.
    pub pool: Option<NamedReference>,
    /// Dollars; `None`: it is not known, or not the platform's to pay.
    pub price_per_hour: Option<f64>,
    /// Why it is in its state, or the last error.
    pub reason: Option<String>,
    /// When its engine last answered.
    pub seen_at: Option<Timestamp>,
    /// When it entered its state.
    pub since: Timestamp,
    /// The provider may take it back.
    pub spot: bool,
    /// `requested`, `launching`, `joining`, `ready`, `draining`, `lost`, `terminating` or `gone`.
    pub state: String,
    pub zone: String,
}

/// Body of `POST /hosts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostCreate {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What the machine is to be called; it may say so itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A pool whose hosts' labels it gets, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct JoinCommand {
    /// To be run as root on the machine, once.
    pub command: Secret,
    pub expires_at: Timestamp,
}

/// Body of `PATCH /hosts/:host`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostUpdate {
    /// All of them.
    pub labels: BTreeMap<String, String>,
}

/// Body of `DELETE /hosts/:host`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostRemove {
    /// Whatever runs there.
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub force: Option<bool>,
}

/// Body of `POST /hosts/join`, which machines send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostJoin {
    /// IP address.
    #[serde(default)]
    pub address: String,
    /// A certificate request (PKCS #10) in PEM.
    #[serde(default)]
    pub csr: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_id: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default = "nothing")]
    pub token: Secret,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostJoined {
    /// PEM.
    pub ca: String,
    /// PEM.
    pub certificate: String,
    pub host_id: Uuid,
    pub registry: HostRegistry,
    pub renewal_token: Secret,
}

/// Where hosts pull images from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostRegistry {
    /// `10.0.0.1:5050`.
    pub address: String,
    /// PEM; left out where hosts trust its certificate anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
}

/// Body of `POST /hosts/:host/certificate`, which hosts send with their renewal token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostRenew {
    /// A certificate request (PKCS #10) in PEM.
    #[serde(default)]
    pub csr: String,
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostRenewed {
    /// PEM.
    pub ca: String,
    /// PEM.
    pub certificate: String,
}

fn nothing() -> Secret {
    Secret::new("")
}
