use reqwest::Method;

use super::{Client, ClientError};
use crate::{
    Host, HostCreate, HostRemove, HostShell, HostShellCreate, HostUpdate, JoinCommand, PlacementExplanation,
    PlacementQuery,
};

/// The machines that run dynos. `host` is a name or an id.
///
/// # Errors
/// Each call: any [`ClientError`]; status 403 for accounts that are not the installation's owner.
impl Client {
    pub async fn hosts(&self) -> Result<Vec<Host>, ClientError> {
        self.list(&["hosts"]).await
    }

    pub async fn host(&self, host: &str) -> Result<Host, ClientError> {
        self.get(&["hosts", host]).await
    }

    /// A command that makes another machine a host.
    pub async fn create_host(&self, body: &HostCreate) -> Result<JoinCommand, ClientError> {
        self.call(Method::POST, &["hosts"], body).await
    }

    pub async fn update_host(&self, host: &str, body: &HostUpdate) -> Result<Host, ClientError> {
        self.call(Method::PATCH, &["hosts", host], body).await
    }

    pub async fn drain_host(&self, host: &str) -> Result<Host, ClientError> {
        self.read(self.request(Method::POST, &["hosts", host, "actions", "drain"])).await
    }

    pub async fn undrain_host(&self, host: &str) -> Result<Host, ClientError> {
        self.read(self.request(Method::POST, &["hosts", host, "actions", "undrain"])).await
    }

    /// Where a dyno of the app would go, and why; `host`: that one alone.
    pub async fn explain(
        &self,
        app: &str,
        host: Option<&str>,
        query: PlacementQuery,
    ) -> Result<PlacementExplanation, ClientError> {
        let request = match host {
            Some(host) => {
                let query = PlacementQuery { app: Some(app.to_owned()), ..query };
                self.request(Method::GET, &["hosts", host, "explain"]).query(&query)
            }
            None => self.request(Method::GET, &["apps", app, "explain"]).query(&query),
        };
        self.read(request).await
    }

    pub async fn create_host_shell(&self, host: &str, body: &HostShellCreate) -> Result<HostShell, ClientError> {
        self.call(Method::POST, &["hosts", host, "shells"], body).await
    }

    pub async fn host_shell(&self, host: &str, shell: &str) -> Result<HostShell, ClientError> {
        self.get(&["hosts", host, "shells", shell]).await
    }

    /// The host as it was.
    pub async fn remove_host(&self, host: &str, body: &HostRemove) -> Result<Host, ClientError> {
        self.call(Method::DELETE, &["hosts", host], body).await
    }
}
