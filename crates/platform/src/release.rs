use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, IdReference, Secret, Timestamp, UserReference, lenient};

/// One version of an app: its slug and its config vars together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Release {
    pub addon_plan_names: Vec<String>,
    pub app: AppReference,
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
    pub created_at: Timestamp,
    /// Whether this is the newest that succeeded.
    pub current: bool,
    pub description: String,
    pub eligible_for_rollback: bool,
    pub id: Uuid,
    /// Output of the release phase, plain text, without a token; `None` where the release has no such phase.
    pub output_stream_url: Option<Secret>,
    /// `None` before the first deploy.
    pub slug: Option<IdReference>,
    pub status: ReleaseStatus,
    pub updated_at: Timestamp,
    pub user: UserReference,
    pub version: i32,
}

/// What a release runs: `{"type": "slug", "id"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Artifact {
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReleaseStatus {
    /// Its slug is gone; no rollback to it.
    Expired,
    Failed,
    Pending,
    Succeeded,
}

/// Body of `POST /apps/:app/releases`: either `slug` (deploy that slug) or `release` (roll back to that release).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReleaseCreate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A release's id, or its version.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// A slug's id.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
}

impl ReleaseStatus {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
        }
    }
}
