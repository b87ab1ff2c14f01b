use paas_db::{DbError, accounts::Account, apps, apps::App, log_drains, log_drains::LogDrain, new_id};
use paas_model::{DrainId, DrainUrl};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::{Control, OpError};

/// Most drains of an app (Heroku: log drain limits).
const MAX_DRAINS: usize = 5;

/// The eldest first.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<LogDrain>, OpError> {
    Ok(log_drains::list(control.db.pool(), control.db.vault(), app.id).await?)
}

/// `identity`: an id, a token or a URL.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, identity: &str) -> Result<LogDrain, OpError> {
    let id = identity.parse::<DrainId>().ok();
    let url = DrainUrl::parse(identity).ok();
    let is_meant = |drain: &LogDrain| {
        Some(drain.id) == id
            || drain.token == identity
            || url.as_ref().is_some_and(|url| url.expose() == drain.url.expose_secret())
    };
    list(control, app).await?.into_iter().find(is_meant).ok_or_else(|| OpError::not_found("log_drain"))
}

/// Lines that the app writes from now on are sent there.
///
/// # Errors
/// [`OpError::Invalid`] for a URL that drains cannot go to, or one drain too many; [`OpError::Conflict`] for a second drain to
/// the same URL.
pub async fn create(control: &Control, account: &Account, app: &App, url: &SecretString) -> Result<LogDrain, OpError> {
    let url = DrainUrl::parse(url.expose_secret()).map_err(OpError::invalid)?;
    if !control.settings.drains.admits(&url) {
        return Err(OpError::Invalid("Invalid drain destination: its host is not on the public internet".to_owned()));
    }
    let (id, token) = (new_id::<DrainId>(), format!("d.{}", Uuid::new_v4()));
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, app.id).await? {
        return Err(OpError::not_found("app"));
    }
    if log_drains::list(&mut *tx, control.db.vault(), app.id).await?.len() >= MAX_DRAINS {
        return Err(OpError::Invalid("You have already added the maximum number of drains allowed".to_owned()));
    }
    log_drains::create(&mut *tx, control.db.vault(), id, app.id, url.expose(), &token).await?;
    tx.commit().await.map_err(DbError::from)?;
    control.logs.app_event(app.id, "api", format!("Add log drain {url} by user {}", account.email));
    find(control, app, &id.to_string()).await
}

/// Nothing more is sent there. Answers with the drain as it was.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn delete(control: &Control, account: &Account, app: &App, identity: &str) -> Result<LogDrain, OpError> {
    let drain = find(control, app, identity).await?;
    log_drains::delete(control.db.pool(), drain.id).await?;
    if let Ok(url) = DrainUrl::parse(drain.url.expose_secret()) {
        control.logs.app_event(app.id, "api", format!("Remove log drain {url} by user {}", account.email));
    }
    Ok(drain)
}
