use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, Timestamp, lenient};

/// Somebody who may use an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Collaborator {
    pub app: AppReference,
    pub created_at: Timestamp,
    pub id: Uuid,
    /// On Heroku only collaborators of teams' apps have some.
    #[serde(default)]
    pub permissions: Vec<AppPermission>,
    /// `owner` or `collaborator`.
    #[serde(default)]
    pub role: Option<String>,
    pub updated_at: Timestamp,
    pub user: CollaboratorUser,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CollaboratorUser {
    pub email: String,
    pub federated: bool,
    pub id: Uuid,
}

/// `view`, `deploy`, `operate` or `manage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppPermission {
    pub description: String,
    pub name: String,
}

/// Body of `POST /apps/:app/collaborators`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CollaboratorCreate {
    /// An e-mail address, or an account's id.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `None`: all but `manage`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<String>>,
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub silent: Option<bool>,
}

/// Body of `PATCH /apps/:app/collaborators/:collaborator`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CollaboratorUpdate {
    pub permissions: Vec<String>,
}
