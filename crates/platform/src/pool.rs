//! Ours: Heroku has no pools.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, lenient};

/// A group of hosts that the platform launches and ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Pool {
    pub created_at: Timestamp,
    pub disk_gb: u32,
    /// How many it has, in every state but `gone`.
    pub hosts: u32,
    pub id: Uuid,
    /// Machine image (AMI) that hosts start from.
    pub image: String,
    pub instance_profile: Option<String>,
    pub key_name: Option<String>,
    /// Every host of the pool has them.
    pub labels: BTreeMap<String, String>,
    /// Why the last launch failed, or the next one would.
    pub last_error: Option<String>,
    /// No launch is tried before.
    pub launch_after: Option<Timestamp>,
    pub max: u32,
    pub min: u32,
    pub name: String,
    /// `on_demand`, `spot` or `spot_first`.
    pub purchase: String,
    /// Whether hosts that started from another image are replaced, one by one.
    pub replace_outdated: bool,
    pub security_groups: Vec<String>,
    /// By zone.
    pub subnets: BTreeMap<String, String>,
    /// Instance types, any of which will do.
    pub types: Vec<String>,
    pub updated_at: Timestamp,
    pub zones: Vec<String>,
}

/// Body of `POST /pools` and of `PATCH /pools/:pool`. What is missing stays as it is, or gets its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolUpdate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_gb: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_profile: Option<String>,
    /// Empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub replace_outdated: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_groups: Option<Vec<String>>,
    /// All of them, by zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnets: Option<BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zones: Option<Vec<String>>,
}

/// Query of `GET /pools/:pool/plan`: as if the pool were changed so.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolPlanQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// Parted by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub types: Option<String>,
}

/// What a pool would do now. Prices are in dollars an hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PoolPlan {
    pub drain: Vec<PlannedEnd>,
    /// A price is not known, and counts as nothing.
    pub has_unknown_prices: bool,
    /// Why nothing is launched before `held_until`.
    pub held_reason: Option<String>,
    pub held_until: Option<Timestamp>,
    pub hosts_after: usize,
    pub hosts_before: usize,
    pub launch: Vec<PlannedLaunch>,
    pub price_after: f64,
    pub price_before: f64,
    /// Hosts that are drained if they stay superfluous for a while.
    pub spare: Vec<String>,
    /// Machines that would be ended.
    pub terminate: Vec<PlannedEnd>,
    /// What waits for a host, for people.
    pub waiting: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedLaunch {
    pub instance_type: String,
    /// `None`: not known.
    pub price_per_hour: Option<f64>,
    pub spot: bool,
    pub zone: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedEnd {
    pub host: String,
    /// `None`: not known.
    pub price_per_hour: Option<f64>,
    pub reason: String,
}
