use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{NamedReference, Timestamp, UserReference, lenient};

/// An app. Heroku's CLI reads most of these fields without a guard, so none is ever left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct App {
    /// Whether certificates are managed automatically.
    pub acm: bool,
    pub archived_at: Option<Timestamp>,
    /// The stack of the next build.
    pub build_stack: NamedReference,
    /// What the last build's buildpack calls the app: `Node.js`.
    pub buildpack_provided_description: Option<String>,
    /// `complete`. Not in the public description, but the CLI shows `create_status=undefined` without it.
    #[serde(default = "complete")]
    pub create_status: String,
    pub created_at: Timestamp,
    /// Always named `cedar`: with `fir` clients take other paths for logs, run and buildpacks.
    pub generation: NamedReference,
    /// `https://HOST/NAME.git`.
    pub git_url: String,
    pub id: Uuid,
    pub internal_routing: Option<bool>,
    pub maintenance: bool,
    pub name: String,
    /// Older name of [`Self::team`].
    pub organization: Option<NamedReference>,
    pub owner: UserReference,
    pub region: NamedReference,
    /// When its code last changed; `None` before the first deploy.
    pub released_at: Option<Timestamp>,
    /// Bytes.
    pub repo_size: Option<u64>,
    /// Bytes, compressed.
    pub slug_size: Option<u64>,
    pub space: Option<NamedReference>,
    /// The stack that the app runs on now.
    pub stack: NamedReference,
    pub team: Option<NamedReference>,
    pub updated_at: Timestamp,
    /// Where the app answers, with a slash at the end.
    pub web_url: Option<String>,
}

/// Body of `POST /apps`. Everything may be missing: then the server invents a name and takes its defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppCreate {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// A region's name or id.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// A stack's name or id.
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
}

/// Body of `PATCH /apps/:app`. What is missing stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppUpdate {
    #[serde(default, deserialize_with = "lenient::identity", skip_serializing_if = "Option::is_none")]
    pub build_stack: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag", skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

fn complete() -> String {
    "complete".to_owned()
}
