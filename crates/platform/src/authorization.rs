use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Secret, Timestamp};

/// `GET /oauth/authorizations`: a token and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authorization {
    /// `None`, or its token shortened, except in the answer that made it.
    pub access_token: Option<AccessToken>,
    /// OAuth client, grant, refresh token and session: always `null`, there are none here.
    #[serde(default)]
    pub client: Option<serde_json::Value>,
    pub created_at: Timestamp,
    pub description: String,
    #[serde(default)]
    pub grant: Option<serde_json::Value>,
    pub id: Uuid,
    #[serde(default)]
    pub refresh_token: Option<serde_json::Value>,
    /// `["global"]`.
    pub scope: Vec<String>,
    #[serde(default)]
    pub session: Option<serde_json::Value>,
    pub updated_at: Timestamp,
    pub user: AuthorizationUser,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccessToken {
    /// Seconds; `None`: it does not expire.
    pub expires_in: Option<u64>,
    pub id: Uuid,
    pub token: Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationUser {
    pub email: String,
    pub full_name: Option<String>,
    pub id: Uuid,
}
