use serde::{Deserialize, Serialize};

use crate::App;

/// Body of `POST /filters/apps`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppFilter {
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub among: Option<AppsAmong>,
}

/// Apps that have one of these ids or one of these names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppsAmong {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name: Vec<String>,
}

/// An app as filters answer it: Heroku's team app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FilteredApp {
    #[serde(flatten)]
    pub app: App,
    /// Whether it is the account's own, or shared with it.
    pub joined: bool,
    /// Whether nobody may join it; here nobody joins by themselves anyway.
    pub locked: bool,
}
