use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{NamedReference, Secret, Timestamp, lenient};

/// `GET /account`: who the token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Account {
    pub allow_tracking: bool,
    pub beta: bool,
    pub country_of_residence: Option<String>,
    pub created_at: Timestamp,
    pub default_organization: Option<NamedReference>,
    pub default_team: Option<NamedReference>,
    pub delinquent_at: Option<Timestamp>,
    pub email: String,
    pub federated: bool,
    pub id: Uuid,
    /// The identity provider of a federated account. Always `null` here: there are none.
    pub identity_provider: Option<NamedReference>,
    pub last_login: Option<Timestamp>,
    pub name: Option<String>,
    pub sms_number: Option<String>,
    pub suspended_at: Option<Timestamp>,
    pub two_factor_authentication: bool,
    pub updated_at: Timestamp,
    pub verified: bool,
}

/// `PATCH /account`. Another address or password wants the current password too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountUpdate {
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub allow_tracking: Option<bool>,
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub beta: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// `Some(None)`, on the wire `null`: no name.
    #[serde(default, deserialize_with = "lenient::present", skip_serializing_if = "Option::is_none")]
    pub name: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_password: Option<Secret>,
    /// The current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}

/// `DELETE /account`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccountDelete {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
}
