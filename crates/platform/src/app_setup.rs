use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AppReference, BuildStatus, Buildpack, Secret, SourceBlob, Timestamp, lenient};

/// An app that is being made from the app.json of its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppSetup {
    pub app: AppReference,
    /// `None` until its app.json was read.
    pub build: Option<AppSetupBuild>,
    pub created_at: Timestamp,
    /// Why it failed.
    pub failure_message: Option<String>,
    pub id: Uuid,
    /// What is wrong with the app.json.
    pub manifest_errors: Vec<String>,
    /// `None` until the script has ended, and without one.
    pub postdeploy: Option<AppSetupPostdeploy>,
    /// The page to show once it has succeeded.
    pub resolved_success_url: Option<String>,
    pub status: AppSetupStatus,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppSetupBuild {
    pub id: Uuid,
    pub output_stream_url: Secret,
    pub status: BuildStatus,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppSetupPostdeploy {
    pub exit_code: i32,
    pub output: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum AppSetupStatus {
    Failed,
    Pending,
    Succeeded,
}

/// Body of `POST /app-setups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppSetupCreate {
    #[serde(default)]
    pub app: AppSetupChoices,
    #[serde(default)]
    pub overrides: AppSetupOverrides,
    /// A gzipped tarball with an app.json in it.
    pub source_blob: SourceBlob,
}

/// What the app is to be; what is missing is invented.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppSetupChoices {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A stack's name or id.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

/// What stands above the app.json.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppSetupOverrides {
    /// An empty list: none of the add-ons that the app.json asks for. Not Heroku's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addons: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buildpacks: Option<Vec<Buildpack>>,
    #[serde(default)]
    pub env: BTreeMap<String, String>,
}

impl std::fmt::Debug for AppSetupOverrides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppSetupOverrides").field("env", &self.env.keys()).finish_non_exhaustive()
    }
}
