use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A buildpack as Heroku's buildpack registry describes it: what Heroku's CLI looks a name up in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegisteredBuildpack {
    pub id: Uuid,
    /// `heroku`, for those that come with the platform.
    pub namespace: String,
    pub name: String,
    /// What to put on an app: `urn:buildpack:heroku/nodejs`.
    pub blob_url: String,
    pub category: String,
    pub description: String,
}
