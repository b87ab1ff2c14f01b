use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccessToken, IdReference, Secret, Timestamp};

/// `POST /oauth/tokens`: a code or refresh token turned into a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthToken {
    pub access_token: AccessToken,
    pub authorization: IdReference,
    pub client: Option<IdReference>,
    pub created_at: Timestamp,
    pub id: Uuid,
    pub refresh_token: Option<AccessToken>,
    pub session: Option<IdReference>,
    pub updated_at: Timestamp,
    pub user: IdReference,
}

/// What `POST /oauth/tokens` takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthTokenCreate {
    #[serde(default)]
    pub client: Option<OAuthTokenClient>,
    #[serde(default)]
    pub grant: Option<OAuthTokenGrant>,
    #[serde(default)]
    pub refresh_token: Option<OAuthTokenRefresh>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthTokenClient {
    pub secret: Option<Secret>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthTokenGrant {
    pub code: Option<Secret>,
    /// `authorization_code` or `refresh_token`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthTokenRefresh {
    pub token: Option<Secret>,
}

/// The answer to `POST /oauth/token`, which OAuth libraries call (RFC 6749, 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OAuthTokenAnswer {
    pub access_token: Secret,
    /// Seconds.
    pub expires_in: Option<u64>,
    pub refresh_token: Option<Secret>,
    pub session_nonce: Option<String>,
    /// `Bearer`.
    pub token_type: String,
    pub user_id: Uuid,
}
