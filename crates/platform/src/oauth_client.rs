use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Secret, Timestamp};

/// `GET /oauth/clients`: a web app that people may let into their accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthClient {
    pub created_at: Timestamp,
    pub id: Uuid,
    pub ignores_delinquent: Option<bool>,
    pub name: String,
    pub redirect_uri: String,
    pub secret: Secret,
    pub updated_at: Timestamp,
}

/// `POST` and `PATCH` of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthClientUpdate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect_uri: Option<String>,
}
