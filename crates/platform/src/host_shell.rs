use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Secret, Timestamp, lenient};

/// Ours: a root shell on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostShell {
    /// As a one-off dyno's, only in the answer to the `POST`. It works once, and not for long.
    pub attach_url: Option<Secret>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// 128 + N after signal N; `None`: it runs, or nobody knows.
    pub exit_code: Option<i32>,
    pub id: Uuid,
}

/// Body of `POST /hosts/:host/shells`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostShellCreate {
    /// Program and arguments. Empty: a login shell.
    #[serde(default)]
    pub command: Vec<String>,
    /// Give it a terminal.
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub tty: Option<bool>,
}
