use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// The operating system that apps are built and run on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stack {
    pub created_at: Timestamp,
    /// Whether new apps get it.
    pub default: bool,
    pub id: Uuid,
    pub name: String,
    /// `public`, `beta` or `deprecated`.
    pub state: String,
    pub updated_at: Timestamp,
}
