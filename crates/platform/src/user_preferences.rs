use serde::{Deserialize, Serialize};

/// `GET /users/:user/preferences`: what Heroku's dashboard remembers. `None`: never set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserPreferences {
    pub default_organization: Option<String>,
    pub dismissed_getting_started: Option<bool>,
    pub dismissed_github_banner: Option<bool>,
    pub dismissed_org_access_controls: Option<bool>,
    pub dismissed_org_wizard_notification: Option<bool>,
    pub dismissed_pipelines_banner: Option<bool>,
    pub dismissed_pipelines_github_banner: Option<bool>,
    pub dismissed_pipelines_github_banners: Option<Vec<String>>,
    pub dismissed_sms_banner: Option<bool>,
    pub timezone: Option<String>,
}
