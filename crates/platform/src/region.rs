use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// Where apps run. An installation has one, named as it was configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Region {
    pub country: String,
    pub created_at: Timestamp,
    pub description: String,
    pub id: Uuid,
    pub locale: String,
    pub name: String,
    pub private_capable: bool,
    pub provider: RegionProvider,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegionProvider {
    pub name: String,
    pub region: String,
}
