use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::NamedReference;

/// How much of a machine a dyno gets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DynoSize {
    /// `amd64`.
    pub architecture: String,
    /// Shares of CPU, relative to the other sizes.
    pub compute: u32,
    /// `None`: nothing is charged here.
    pub cost: Option<serde_json::Value>,
    pub dedicated: bool,
    pub generation: NamedReference,
    pub id: Uuid,
    /// Gigabytes.
    pub memory: f64,
    /// `Standard-1X`.
    pub name: String,
    pub precise_dyno_units: f64,
    pub private_space_only: bool,
}
