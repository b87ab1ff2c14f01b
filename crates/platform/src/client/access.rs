use reqwest::{Method, header};

use super::{Client, ClientError};
use crate::{
    AppTransfer, AppTransferCreate, AppTransferUpdate, AuditEvent, AuditQuery, Collaborator, CollaboratorCreate,
    CollaboratorUpdate, ListRange, Order,
};

/// Who may use an app, and who did what. `who`: an e-mail address or an id.
///
/// # Errors
/// Each call: any [`ClientError`]; status 403 without the permission that it needs.
impl Client {
    pub async fn collaborators(&self, app: &str) -> Result<Vec<Collaborator>, ClientError> {
        self.list(&["apps", app, "collaborators"]).await
    }

    pub async fn add_collaborator(&self, app: &str, body: &CollaboratorCreate) -> Result<Collaborator, ClientError> {
        self.call(Method::POST, &["apps", app, "collaborators"], body).await
    }

    pub async fn update_collaborator(
        &self,
        app: &str,
        who: &str,
        body: &CollaboratorUpdate,
    ) -> Result<Collaborator, ClientError> {
        self.call(Method::PATCH, &["apps", app, "collaborators", who], body).await
    }

    pub async fn remove_collaborator(&self, app: &str, who: &str) -> Result<Collaborator, ClientError> {
        self.read(self.request(Method::DELETE, &["apps", app, "collaborators", who])).await
    }

    pub async fn app_transfers(&self) -> Result<Vec<AppTransfer>, ClientError> {
        self.list(&["account", "app-transfers"]).await
    }

    pub async fn create_app_transfer(&self, body: &AppTransferCreate) -> Result<AppTransfer, ClientError> {
        self.call(Method::POST, &["account", "app-transfers"], body).await
    }

    /// `transfer`: its id, or the app's name or id.
    pub async fn update_app_transfer(
        &self,
        transfer: &str,
        body: &AppTransferUpdate,
    ) -> Result<AppTransfer, ClientError> {
        self.call(Method::PATCH, &["account", "app-transfers", transfer], body).await
    }

    pub async fn delete_app_transfer(&self, transfer: &str) -> Result<AppTransfer, ClientError> {
        self.read(self.request(Method::DELETE, &["account", "app-transfers", transfer])).await
    }

    /// The newest first, of one app or (for the installation's owner) of all.
    pub async fn audit(&self, app: Option<&str>, query: &AuditQuery, max: u32) -> Result<Vec<AuditEvent>, ClientError> {
        let path = match app {
            Some(app) => vec!["apps", app, "audit"],
            None => vec!["audit"],
        };
        let range = ListRange::by("id", max, Order::Descending).to_string();
        self.read(self.request(Method::GET, &path).query(query).header(header::RANGE, range)).await
    }
}
