//! Who changed what, when and from where. The edges write an event before they do anything, and its end after.

use std::{net::IpAddr, time::Duration};

use paas_db::{SecretHash, accounts::Account, apps::App, audit_events, new_id};
use paas_model::AuditEventId;
use secrecy::SecretString;
use serde_json::{Value, json};

pub use paas_db::audit_events::{AuditEnd, AuditEvent, AuditFilter};

use super::accounts::Owner;
use crate::{Control, OpError, error::chain};

/// A request that has been answered does not wait for its event's end any longer than this.
const END_WITHIN: Duration = Duration::from_secs(5);

/// What somebody is about to do.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// `None`: a machine, or somebody with the secret of a URL.
    pub account: Option<&'a Account>,
    pub token: Option<&'a SecretString>,
    /// `app.create`
    pub action: &'a str,
    pub app: Option<&'a App>,
    pub method: &'a str,
    /// The route's pattern, without secrets.
    pub path: &'a str,
    pub remote_address: Option<IpAddr>,
    pub request_id: Option<&'a str>,
    /// An object; names, never values.
    pub detail: &'a Value,
}

/// Writes what is about to be done. When that fails it must not be done: the caller answers with the error.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn begin(control: &Control, attempt: Attempt<'_>) -> Result<AuditEventId, OpError> {
    let event = audit_events::NewAuditEvent {
        id: new_id::<AuditEventId>(),
        account: attempt.account.map(|account| (account.id, account.email.clone())),
        token: attempt.token.map(SecretHash::of),
        action: attempt.action.to_owned(),
        app: attempt.app.map(|app| (app.id, app.name.clone())),
        method: attempt.method.to_owned(),
        path: attempt.path.to_owned(),
        remote_address: attempt.remote_address.map(|address| address.to_string()),
        request_id: attempt.request_id.map(str::to_owned),
        detail: attempt.detail.clone(),
    };
    audit_events::begin(control.db.pool(), &event).await?;
    Ok(event.id)
}

/// Writes how it ended. When that fails the event stays without its end, which is what it then says: nobody knows.
pub async fn end(control: &Control, id: AuditEventId, end: AuditEnd) {
    let written = tokio::time::timeout(END_WITHIN, audit_events::end(control.db.pool(), id, &end)).await;
    match written {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            tracing::error!(audit.id = %id, status = end.status, error = chain(&error), "an event's end was not written");
        }
        Err(_) => tracing::error!(audit.id = %id, status = end.status, "an event's end was not written in time"),
    }
}

/// Writes what was tried and not done, or was done and could not be announced, with its end. A failure is only logged:
/// there is nothing to keep from being done.
pub async fn record(control: &Control, attempt: Attempt<'_>, status: u16) {
    match begin(control, attempt).await {
        Ok(id) => end(control, id, AuditEnd { status, app: None, detail: json!({}) }).await,
        Err(error) => {
            tracing::error!(action = attempt.action, status, error = chain(&error), "an event was not written");
        }
    }
}

/// The same for what costs whoever tries it nothing, and is not counted: an account that tries the same on one app over and
/// over is told of once a minute.
pub async fn record_once_a_minute(control: &Control, attempt: Attempt<'_>, status: u16) {
    let account = attempt.account.map(|account| account.id);
    let app = attempt.app.map(|app| app.id);
    match audit_events::was_just_written(control.db.pool(), account, attempt.action, app, i32::from(status)).await {
        Ok(true) => {}
        Ok(false) => record(control, attempt, status).await,
        Err(error) => {
            tracing::error!(action = attempt.action, status, error = chain(&error), "an event was not written");
        }
    }
}

/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, _: &Owner, filter: &AuditFilter) -> Result<Vec<AuditEvent>, OpError> {
    Ok(audit_events::list(control.db.pool(), filter).await?)
}

/// # Errors
/// [`OpError::Unavailable`].
pub async fn list_of_app(control: &Control, app: &App, filter: AuditFilter) -> Result<Vec<AuditEvent>, OpError> {
    let filter = AuditFilter { app: Some(app.id), app_name: None, ..filter };
    Ok(audit_events::list(control.db.pool(), &filter).await?)
}
