use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, NamedReference, Timestamp};

/// How many dynos of one process type should run, and of what size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Formation {
    pub app: AppReference,
    pub command: String,
    pub created_at: Timestamp,
    pub dyno_size: NamedReference,
    pub id: Uuid,
    pub quantity: u32,
    /// The dyno size's name.
    pub size: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub updated_at: Timestamp,
}

/// Body of `PATCH /apps/:app/formation`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FormationBatchUpdate {
    pub updates: Vec<FormationUpdate>,
}

/// One process type's change; also the body of `PATCH /apps/:app/formation/:type`, where `type` is in the path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FormationUpdate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dyno_size: Option<DynoSizeChoice>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// A dyno size's name; what the CLI sends in place of `dyno_size`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// A dyno size by name or by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum DynoSizeChoice {
    Bare(String),
    Object {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<Uuid>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

/// `2`, `"2"`, `"+1"` or `"-1"`. Display gives the text, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Quantity {
    Exactly(u32),
    Text(String),
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_come_as_numbers_and_as_text() {
        let body = r#"{"updates":[{"type":"web","quantity":"+1"},{"type":"worker","quantity":2,"size":"Basic"}]}"#;
        let update: FormationBatchUpdate = serde_json::from_str(body).unwrap();
        let quantities: Vec<_> = update.updates.iter().flat_map(|update| &update.quantity).collect();
        assert_eq!(quantities.iter().map(ToString::to_string).collect::<Vec<_>>(), ["+1", "2"]);
        assert_eq!(serde_json::to_string(&update).unwrap().len(), body.len());
    }
}
