use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, Timestamp, UserReference, lenient};

/// An app that its owner offers to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppTransfer {
    pub app: AppReference,
    pub created_at: Timestamp,
    pub id: Uuid,
    pub owner: UserReference,
    pub recipient: UserReference,
    /// `pending`, `accepted` or `declined`.
    pub state: String,
    pub updated_at: Timestamp,
}

/// Body of `POST /account/app-transfers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppTransferCreate {
    /// A name or an id.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// An e-mail address or an account's id.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub silent: Option<bool>,
}

/// Body of `PATCH /account/app-transfers/:transfer`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppTransferUpdate {
    /// `accepted` or `declined`.
    pub state: String,
}
