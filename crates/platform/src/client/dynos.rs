use reqwest::Method;

use super::{Client, ClientError};
use crate::{
    Dyno, DynoCreate, Formation, FormationBatchUpdate, ListRange, LogSession, LogSessionCreate, Order, Release,
    ReleaseCreate,
};

/// What an app runs, and how it came to it. `app` is a name or an id.
///
/// # Errors
/// Each call: any [`ClientError`].
impl Client {
    /// The newest releases, newest first.
    pub async fn releases(&self, app: &str, newest: u32) -> Result<Vec<Release>, ClientError> {
        self.page(&["apps", app, "releases"], &ListRange::by("version", newest, Order::Descending)).await
    }

    /// `release`: an id, `v12` or `12`.
    pub async fn release(&self, app: &str, release: &str) -> Result<Release, ClientError> {
        self.get(&["apps", app, "releases", release]).await
    }

    pub async fn create_release(&self, app: &str, body: &ReleaseCreate) -> Result<Release, ClientError> {
        self.call(Method::POST, &["apps", app, "releases"], body).await
    }

    pub async fn formation(&self, app: &str) -> Result<Vec<Formation>, ClientError> {
        self.list(&["apps", app, "formation"]).await
    }

    pub async fn update_formation(
        &self,
        app: &str,
        body: &FormationBatchUpdate,
    ) -> Result<Vec<Formation>, ClientError> {
        self.call(Method::PATCH, &["apps", app, "formation"], body).await
    }

    pub async fn dynos(&self, app: &str) -> Result<Vec<Dyno>, ClientError> {
        self.list(&["apps", app, "dynos"]).await
    }

    /// `dyno`: a name, or an id. By id also for a one-off dyno that has ended.
    pub async fn dyno(&self, app: &str, dyno: &str) -> Result<Dyno, ClientError> {
        self.get(&["apps", app, "dynos", dyno]).await
    }

    pub async fn create_dyno(&self, app: &str, body: &DynoCreate) -> Result<Dyno, ClientError> {
        self.call(Method::POST, &["apps", app, "dynos"], body).await
    }

    pub async fn restart_dynos(&self, app: &str) -> Result<(), ClientError> {
        self.tell(Method::DELETE, &["apps", app, "dynos"]).await
    }

    pub async fn restart_dyno(&self, app: &str, dyno: &str) -> Result<(), ClientError> {
        self.tell(Method::DELETE, &["apps", app, "dynos", dyno]).await
    }

    pub async fn restart_type(&self, app: &str, kind: &str) -> Result<(), ClientError> {
        self.tell(Method::DELETE, &["apps", app, "formations", kind]).await
    }

    pub async fn stop_dyno(&self, app: &str, dyno: &str) -> Result<(), ClientError> {
        self.tell(Method::POST, &["apps", app, "dynos", dyno, "actions", "stop"]).await
    }

    pub async fn stop_type(&self, app: &str, kind: &str) -> Result<(), ClientError> {
        self.tell(Method::POST, &["apps", app, "formations", kind, "actions", "stop"]).await
    }

    pub async fn create_log_session(&self, app: &str, body: &LogSessionCreate) -> Result<LogSession, ClientError> {
        self.call(Method::POST, &["apps", app, "log-sessions"], body).await
    }
}
