//! Ours: who changed what, when and from where.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{Timestamp, UserReference};

/// Something that was changed, or that somebody wanted to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditEvent {
    /// `app.create`, `config-vars.update`, `git.push`.
    pub action: String,
    /// `None`: it is not about an app.
    pub app: Option<AuditedApp>,
    pub at: Timestamp,
    /// Names of what was changed, never values.
    pub detail: Value,
    pub ended_at: Option<Timestamp>,
    pub id: Uuid,
    pub method: String,
    /// The pattern of the path.
    pub path: String,
    /// `None`: not known.
    pub remote_address: Option<String>,
    /// The `Request-Id` of the answer.
    pub request_id: Option<String>,
    /// Of the answer; `None`: the request was cut off, and whether it was done is not known.
    pub status: Option<u16>,
    /// What the token that was used is called.
    pub token: Option<String>,
    /// `None`: nobody with an account.
    pub user: Option<UserReference>,
}

/// An app that may be gone, with the name that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditedApp {
    pub id: Uuid,
    pub name: String,
}

/// Query of `GET /audit` and `GET /apps/:app/audit`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuditQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// A name or an id, also of an app that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Not before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// An account's e-mail address or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}
