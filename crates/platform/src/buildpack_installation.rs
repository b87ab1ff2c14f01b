use serde::{Deserialize, Serialize};

/// A buildpack of an app, in the order in which they run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildpackInstallation {
    pub buildpack: Buildpack,
    /// From 0.
    pub ordinal: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Buildpack {
    /// What people see: `heroku/nodejs`, or the URL.
    #[serde(default)]
    pub name: Option<String>,
    /// `urn:buildpack:heroku/nodejs`, or an http(s) URL.
    #[serde(default)]
    pub url: Option<String>,
}

/// Body of `PUT /apps/:app/buildpack-installations`: the whole new list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildpackInstallationsUpdate {
    pub updates: Vec<BuildpackInstallationChoice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildpackInstallationChoice {
    /// A name (`heroku/nodejs`) or a URL. Heroku's CLI leaves it out where its registry does not know the name.
    #[serde(default)]
    pub buildpack: String,
}

impl Buildpack {
    /// What to show to people: the name, or else the URL.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.url.as_deref()).unwrap_or_default()
    }
}
