use reqwest::Method;

use super::{Client, ClientError};
use crate::{Host, HostCreate, HostRemove, JoinCommand};

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

    pub async fn drain_host(&self, host: &str) -> Result<Host, ClientError> {
        self.read(self.request(Method::POST, &["hosts", host, "actions", "drain"])).await
    }

    pub async fn undrain_host(&self, host: &str) -> Result<Host, ClientError> {
        self.read(self.request(Method::POST, &["hosts", host, "actions", "undrain"])).await
    }

    /// The host as it was.
    pub async fn remove_host(&self, host: &str, body: &HostRemove) -> Result<Host, ClientError> {
        self.call(Method::DELETE, &["hosts", host], body).await
    }
}
