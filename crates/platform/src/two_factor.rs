use serde::{Deserialize, Serialize};

use crate::Secret;

/// `GET /account/two-factor`: ours, Heroku's API has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TwoFactor {
    pub enabled: bool,
    pub recovery_codes_left: u32,
}

/// `POST /account/two-factor`: what an authenticator app is given. It counts once it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TwoFactorEnrollment {
    /// Base 32, to type.
    pub secret: Secret,
    /// `otpauth://…`, to scan.
    pub url: Secret,
}

/// What the calls about the second factor are made with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TwoFactorProof {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// Shown once; each is good once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RecoveryCodes {
    pub recovery_codes: Vec<Secret>,
}
