use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Secret, Timestamp, lenient};

/// A ticket to read an app's log once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogSession {
    pub created_at: Timestamp,
    pub id: Uuid,
    /// Read without a token, hence a secret: server-sent events when the client accepts them, else text lines.
    pub logplex_url: Secret,
    pub updated_at: Timestamp,
}

/// Body of `POST /apps/:app/log-sessions`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LogSessionCreate {
    /// A dyno (`web.1`) or a process type (`web`). What the CLI sends; the description has `dyno_name` and `type`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dyno: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dyno_name: Option<String>,
    /// How many past lines; at most 1,500.
    #[serde(default, deserialize_with = "lenient::number", skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// `app` or `heroku`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Whether new lines follow.
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub tail: Option<bool>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}
