use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{IdReference, Secret, Timestamp, lenient};

/// `GET /oauth/authorizations`: a token, what it is for, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Authorization {
    /// Its token shortened, except in the answer that made it; `None` when not even its first letters are known.
    pub access_token: Option<AccessToken>,
    /// The web app that it was given to.
    #[serde(default)]
    pub client: Option<AuthorizationClient>,
    pub created_at: Timestamp,
    pub description: String,
    #[serde(default)]
    pub grant: Option<Grant>,
    pub id: Uuid,
    /// In the answer that made it, for web apps.
    #[serde(default)]
    pub refresh_token: Option<AccessToken>,
    /// `["global"]`.
    pub scope: Vec<String>,
    #[serde(default)]
    pub session: Option<IdReference>,
    pub updated_at: Timestamp,
    pub user: AuthorizationUser,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccessToken {
    /// Seconds that are left; `None`: it does not expire.
    pub expires_in: Option<u64>,
    pub id: Uuid,
    pub token: Secret,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationClient {
    pub id: Uuid,
    pub name: String,
    pub redirect_uri: String,
}

/// What is turned into a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Grant {
    pub code: Secret,
    pub expires_in: u64,
    pub id: Uuid,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationUser {
    pub email: String,
    pub full_name: Option<String>,
    pub id: Uuid,
}

/// `POST /oauth/authorizations`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationCreate {
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Seconds; `None`: for ever. Heroku's command line sends a string.
    #[serde(default, deserialize_with = "lenient::number", skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    /// `None`: `["global"]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Vec<String>>,
}

/// `PATCH /oauth/authorizations/:id`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthorizationUpdate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// `GET /oauth/sessions`: a login in a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Session {
    pub created_at: Timestamp,
    pub description: String,
    /// Seconds that are left.
    pub expires_in: Option<u64>,
    pub id: Uuid,
    pub updated_at: Timestamp,
}
