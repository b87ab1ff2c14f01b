use reqwest::Method;

use super::{Client, ClientError};
use crate::{
    App, AppCreate, AppPlacement, AppPlacementUpdate, AppUpdate, BuildpackInstallation, BuildpackInstallationsUpdate,
    ConfigVars, ConfigVarsUpdate, Region, Stack,
};

/// Apps, and what is set on them. `app` is a name or an id.
///
/// # Errors
/// Each call: any [`ClientError`].
impl Client {
    pub async fn apps(&self) -> Result<Vec<App>, ClientError> {
        self.list(&["users", "~", "apps"]).await
    }

    pub async fn app(&self, app: &str) -> Result<App, ClientError> {
        self.get(&["apps", app]).await
    }

    pub async fn create_app(&self, body: &AppCreate) -> Result<App, ClientError> {
        self.call(Method::POST, &["apps"], body).await
    }

    pub async fn update_app(&self, app: &str, body: &AppUpdate) -> Result<App, ClientError> {
        self.call(Method::PATCH, &["apps", app], body).await
    }

    pub async fn destroy_app(&self, app: &str) -> Result<App, ClientError> {
        self.read(self.request(Method::DELETE, &["apps", app])).await
    }

    pub async fn app_placement(&self, app: &str) -> Result<AppPlacement, ClientError> {
        self.get(&["apps", app, "placement"]).await
    }

    pub async fn update_app_placement(
        &self,
        app: &str,
        body: &AppPlacementUpdate,
    ) -> Result<AppPlacement, ClientError> {
        self.call(Method::PATCH, &["apps", app, "placement"], body).await
    }

    pub async fn config_vars(&self, app: &str) -> Result<ConfigVars, ClientError> {
        self.get(&["apps", app, "config-vars"]).await
    }

    /// The config vars that a release had.
    pub async fn release_config_vars(&self, app: &str, release: &str) -> Result<ConfigVars, ClientError> {
        self.get(&["apps", app, "releases", release, "config-vars"]).await
    }

    /// All config vars after the change.
    pub async fn update_config_vars(&self, app: &str, body: &ConfigVarsUpdate) -> Result<ConfigVars, ClientError> {
        self.call(Method::PATCH, &["apps", app, "config-vars"], body).await
    }

    pub async fn buildpacks(&self, app: &str) -> Result<Vec<BuildpackInstallation>, ClientError> {
        self.list(&["apps", app, "buildpack-installations"]).await
    }

    pub async fn set_buildpacks(
        &self,
        app: &str,
        body: &BuildpackInstallationsUpdate,
    ) -> Result<Vec<BuildpackInstallation>, ClientError> {
        self.call(Method::PUT, &["apps", app, "buildpack-installations"], body).await
    }

    pub async fn stacks(&self) -> Result<Vec<Stack>, ClientError> {
        self.list(&["stacks"]).await
    }

    pub async fn regions(&self) -> Result<Vec<Region>, ClientError> {
        self.list(&["regions"]).await
    }
}
