use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// `GET /account/keys`: a public SSH key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Key {
    pub comment: String,
    pub created_at: Timestamp,
    /// What older clients read in place of `comment`.
    pub email: String,
    /// MD5, in pairs of digits with colons.
    pub fingerprint: String,
    pub id: Uuid,
    pub public_key: String,
    pub updated_at: Timestamp,
}

/// `POST /account/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeyCreate {
    pub public_key: String,
}
