use serde::{Deserialize, Serialize};

use crate::Secret;

/// `POST /auth`: a command line wants to be logged in through a browser.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BrowserLoginCreate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Where to send the browser, and where to wait. Both are paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BrowserLogin {
    pub browser_url: Secret,
    pub cli_url: Secret,
    /// For the call of `cli_url`.
    pub token: Secret,
}

/// What comes at `cli_url` in the end, after blanks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BrowserLoginResult {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
