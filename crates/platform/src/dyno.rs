use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, ConfigVars, IdReference, Secret, Timestamp, lenient};

/// A process of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dyno {
    pub app: AppReference,
    /// `rendezvous://HOST:PORT/SECRET`, only in the answer to a `POST` with `attach`.
    pub attach_url: Option<Secret>,
    pub command: String,
    pub created_at: Timestamp,
    /// Ours: the exit status of a one-off dyno that has ended (128 + N after signal N). Left out until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Ours: where it runs, or is to run. Left out while it has no host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<IdReference>,
    pub id: Uuid,
    /// `web.1`, `run.1234`.
    pub name: String,
    pub release: DynoRelease,
    /// A dyno size's name, as Heroku writes it: `Standard-1X`.
    pub size: String,
    /// `crashed`, `down`, `idle`, `starting` or `up`.
    pub state: String,
    /// Process type: `web`, `run`, `release`.
    #[serde(rename = "type")]
    pub kind: String,
    pub updated_at: Timestamp,
}

/// The release that a dyno runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DynoRelease {
    pub id: Uuid,
    pub version: i32,
}

/// Body of `POST /apps/:app/dynos`: a one-off dyno.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DynoCreate {
    /// Whether the client will connect to the dyno's `attach_url`.
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub attach: Option<bool>,
    /// For a shell, unaltered.
    pub command: String,
    /// Added to the config vars, and stronger than they. Clients put `TERM`, `COLUMNS` and `LINES` here.
    #[serde(default, deserialize_with = "lenient_env")]
    pub env: ConfigVars,
    /// No pty; then the byte 0x04 on the stream means the end of standard input.
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub force_no_tty: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Seconds after which it is stopped; at most 86,400.
    #[serde(default, deserialize_with = "lenient::number", skip_serializing_if = "Option::is_none")]
    pub time_to_live: Option<u64>,
    /// Process type; `None`: `run`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

fn lenient_env<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ConfigVars, D::Error> {
    Ok(Option::<ConfigVars>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_of_herokus_cli_and_of_heroku3_are_read() {
        let body = r#"{"attach":true,"command":"bash","env":{"TERM":"xterm","COLUMNS":100},"type":"run"}"#;
        let cli: DynoCreate = serde_json::from_str(body).unwrap();
        assert_eq!((cli.env.0["COLUMNS"].as_str(), cli.attach), ("100", Some(true)));
        let heroku3: DynoCreate =
            serde_json::from_str(r#"{"attach":0,"command":"ls","size":null,"env":null,"time_to_live":"60"}"#).unwrap();
        assert_eq!((heroku3.attach, heroku3.time_to_live, heroku3.size), (Some(false), Some(60), None));
    }
}
