//! Ours: where dynos go.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::AppReference;

/// Where an app's dynos may go, and how a new release takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppPlacement {
    /// The first dyno of a new release must be up for this long before the others follow; `None`: there is no such step.
    pub canary_seconds: Option<u32>,
    /// A web dyno is up when a `GET` of this path answers 2xx or 3xx; `None`: when its port takes a connection.
    pub health_path: Option<String>,
    pub labels: BTreeMap<String, String>,
}

/// Body of `PATCH /apps/:app/placement`. What is missing stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppPlacementUpdate {
    /// 0: no such step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary_seconds: Option<u32>,
    /// Empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
}

/// Query of `GET /apps/:app/explain` and `GET /hosts/:host/explain`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlacementQuery {
    /// Where the host is in the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// A dyno that there is, in place of type and size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dyno: Option<String>,
    /// `None`: `web`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `None`: the type's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
}

/// Where a dyno would go, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlacementExplanation {
    pub app: AppReference,
    /// Thousandths of a core that it would set aside.
    pub cpu_millis: u32,
    /// Best first.
    pub hosts: Vec<HostVerdict>,
    /// MiB that it would set aside.
    pub memory_mb: u32,
    pub size: String,
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostVerdict {
    /// The dyno that was asked about is there.
    pub is_here: bool,
    pub name: String,
    /// For people.
    pub reason: String,
    /// `chosen`, `possible` or `unfit`.
    pub verdict: String,
}
