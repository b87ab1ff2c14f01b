use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Timestamp, lenient};

/// Something of an app, or of an account, that can be switched on and off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Feature {
    pub created_at: Timestamp,
    pub description: String,
    pub display_name: String,
    pub doc_url: String,
    pub enabled: bool,
    pub feedback_email: String,
    pub id: Uuid,
    pub name: String,
    /// `general`: one of `features`; any other: one of `labs`.
    pub state: String,
    pub updated_at: Timestamp,
}

/// Body of `PATCH /apps/:app/features/:feature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FeatureUpdate {
    /// `None` is a mistake.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub enabled: Option<bool>,
}
