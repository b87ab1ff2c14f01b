use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Secret, Timestamp};

/// `GET /invitations`: ours. A link on which a new person sets a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invitation {
    pub created_at: Timestamp,
    pub email: String,
    pub expires_at: Timestamp,
    pub id: Uuid,
    /// In the answer that made it.
    pub url: Option<Secret>,
}

/// `POST /invitations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InvitationCreate {
    pub email: String,
}

/// `GET /accounts`: ours. Somebody's account, as the installation's owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountSummary {
    pub created_at: Timestamp,
    pub email: String,
    pub id: Uuid,
    /// Of this installation.
    pub is_owner: bool,
    pub last_login: Option<Timestamp>,
    pub name: Option<String>,
    /// Since when somebody waits for a link to a new password.
    pub reset_requested_at: Option<Timestamp>,
    pub two_factor_authentication: bool,
}
