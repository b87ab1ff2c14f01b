use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Secret, Timestamp, lenient};

/// `POST /password-resets`. The answer is the same whether or not there is such an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordResetRequest {
    pub email: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordReset {
    pub created_at: Timestamp,
    pub user: PasswordResetUser,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordResetUser {
    pub email: String,
    /// `None` before the link was used: it would tell whether there is such an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
}

/// `POST /password-resets/:token/actions/finalize`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PasswordResetFinalize {
    #[serde(default)]
    pub password: Option<Secret>,
    #[serde(default)]
    pub password_confirmation: Option<Secret>,
}

/// `POST /accounts/:account/password-resets`: ours, for the installation's owner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetLinkCreate {
    /// The second factor is lost too.
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub two_factor_off: Option<bool>,
}

/// A link on which somebody sets a new password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetLink {
    pub email: String,
    pub expires_at: Timestamp,
    pub url: Secret,
}
