use reqwest::Method;

use super::{Client, ClientError};
use crate::{
    Domain, DomainCreate, DomainUpdate, Feature, FeatureUpdate, LogDrain, LogDrainCreate, SniEndpoint,
    SniEndpointUpdate,
};

/// Domains, certificates, drains and features of an app. `app` is a name or an id.
///
/// # Errors
/// Each call: any [`ClientError`].
impl Client {
    pub async fn domains(&self, app: &str) -> Result<Vec<Domain>, ClientError> {
        self.list(&["apps", app, "domains"]).await
    }

    /// `domain`: its host name or id.
    pub async fn domain(&self, app: &str, domain: &str) -> Result<Domain, ClientError> {
        self.get(&["apps", app, "domains", domain]).await
    }

    pub async fn add_domain(&self, app: &str, body: &DomainCreate) -> Result<Domain, ClientError> {
        self.call(Method::POST, &["apps", app, "domains"], body).await
    }

    pub async fn update_domain(&self, app: &str, domain: &str, body: &DomainUpdate) -> Result<Domain, ClientError> {
        self.call(Method::PATCH, &["apps", app, "domains", domain], body).await
    }

    /// The domain as it was.
    pub async fn remove_domain(&self, app: &str, domain: &str) -> Result<Domain, ClientError> {
        self.read(self.request(Method::DELETE, &["apps", app, "domains", domain])).await
    }

    pub async fn sni_endpoints(&self, app: &str) -> Result<Vec<SniEndpoint>, ClientError> {
        self.list(&["apps", app, "sni-endpoints"]).await
    }

    pub async fn add_sni_endpoint(&self, app: &str, body: &SniEndpointUpdate) -> Result<SniEndpoint, ClientError> {
        self.call(Method::POST, &["apps", app, "sni-endpoints"], body).await
    }

    pub async fn update_sni_endpoint(
        &self,
        app: &str,
        endpoint: &str,
        body: &SniEndpointUpdate,
    ) -> Result<SniEndpoint, ClientError> {
        self.call(Method::PATCH, &["apps", app, "sni-endpoints", endpoint], body).await
    }

    /// The endpoint as it was.
    pub async fn remove_sni_endpoint(&self, app: &str, endpoint: &str) -> Result<SniEndpoint, ClientError> {
        self.read(self.request(Method::DELETE, &["apps", app, "sni-endpoints", endpoint])).await
    }

    /// Automated certificates: the app's state after the change.
    pub async fn enable_acm(&self, app: &str) -> Result<crate::App, ClientError> {
        self.read(self.request(Method::POST, &["apps", app, "acm"])).await
    }

    pub async fn log_drains(&self, app: &str) -> Result<Vec<LogDrain>, ClientError> {
        self.list(&["apps", app, "log-drains"]).await
    }

    pub async fn add_log_drain(&self, app: &str, body: &LogDrainCreate) -> Result<LogDrain, ClientError> {
        self.call(Method::POST, &["apps", app, "log-drains"], body).await
    }

    /// `drain`: its URL, token or id. The drain as it was.
    pub async fn remove_log_drain(&self, app: &str, drain: &str) -> Result<LogDrain, ClientError> {
        self.read(self.request(Method::DELETE, &["apps", app, "log-drains", drain])).await
    }

    pub async fn app_features(&self, app: &str) -> Result<Vec<Feature>, ClientError> {
        self.list(&["apps", app, "features"]).await
    }

    pub async fn app_feature(&self, app: &str, feature: &str) -> Result<Feature, ClientError> {
        self.get(&["apps", app, "features", feature]).await
    }

    pub async fn update_app_feature(
        &self,
        app: &str,
        feature: &str,
        body: &FeatureUpdate,
    ) -> Result<Feature, ClientError> {
        self.call(Method::PATCH, &["apps", app, "features", feature], body).await
    }

    pub async fn account_features(&self) -> Result<Vec<Feature>, ClientError> {
        self.list(&["account", "features"]).await
    }
}
