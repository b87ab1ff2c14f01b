use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, NamedReference, Secret, Timestamp};

/// Where an app's log lines are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogDrain {
    /// What added it; `None`: a user.
    pub addon: Option<NamedReference>,
    pub app: AppReference,
    pub created_at: Timestamp,
    pub id: Uuid,
    /// `d.` and a uuid: how the receiver knows the drain.
    pub token: String,
    pub updated_at: Timestamp,
    /// It may hold a password.
    pub url: Secret,
}

/// Body of `POST /apps/:app/log-drains`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogDrainCreate {
    pub url: Secret,
}
