use paas_db::{Connection, DbError, accounts::Account, apps, apps::App, formations, formations::Formation};
use paas_model::{AppId, DynoSize, ProcessType, Quantity};

use crate::{Control, OpError};

/// Heroku's default limit, all types together.
const MAX_DYNOS: u32 = 100;

/// A change of one process type; `None` keeps what is.
#[derive(Debug, Clone)]
pub struct Scale {
    pub kind: ProcessType,
    pub quantity: Option<Quantity>,
    pub size: Option<DynoSize>,
}

/// By type.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<Formation>, OpError> {
    Ok(formations::list(control.db.pool(), app.id).await?)
}

/// # Errors
/// [`OpError::NotFound`] with Heroku's text for a type that the app does not have.
pub async fn find(control: &Control, app: &App, kind: &ProcessType) -> Result<Formation, OpError> {
    let all = list(control, app).await?;
    all.into_iter().find(|formation| formation.kind == *kind).ok_or_else(|| no_such_type(kind))
}

/// Applies every change or none, and gives the formation after it.
///
/// # Errors
/// [`OpError::NotFound`] for an unknown type; [`OpError::Invalid`] past the limit, or for scaling `release`.
pub async fn scale(
    control: &Control,
    account: &Account,
    app: &App,
    changes: &[Scale],
) -> Result<Vec<Formation>, OpError> {
    let mut tx = control.db.begin().await?;
    let done = scale_within(&mut tx, app.id, changes).await?;
    tx.commit().await.map_err(DbError::from)?;
    if !done.is_empty() {
        control.logs.app_event(app.id, "api", format!("Scaled to {} by user {}", done.join(" "), account.email));
    }
    list(control, app).await
}

/// The same in the caller's transaction. Gives what was done: `web@2:Basic`.
///
/// # Errors
/// As [`scale`].
pub(crate) async fn scale_within(db: &mut Connection, app: AppId, changes: &[Scale]) -> Result<Vec<String>, OpError> {
    if !apps::lock(&mut *db, app).await? {
        return Err(OpError::not_found("app"));
    }
    let mut all = formations::list(&mut *db, app).await?;
    let mut done = Vec::new();
    for change in changes {
        let formation =
            all.iter_mut().find(|formation| formation.kind == change.kind).ok_or_else(|| no_such_type(&change.kind))?;
        let quantity = change.quantity.map_or(formation.quantity, |quantity| quantity.apply(formation.quantity));
        check(&change.kind, quantity)?;
        let size = change.size.unwrap_or(formation.size);
        (formation.quantity, formation.size) = (quantity, size);
        formations::set(&mut *db, app, &change.kind, quantity, size).await?;
        done.push(format!("{}@{quantity}:{size}", change.kind));
    }
    let total: u32 = all.iter().map(|formation| formation.quantity).sum();
    if total > MAX_DYNOS {
        return Err(OpError::Invalid(format!("An app may have {MAX_DYNOS} dynos in all; this would be {total}.")));
    }
    Ok(done)
}

/// Whether there may be so many of one type.
fn check(kind: &ProcessType, quantity: u32) -> Result<(), OpError> {
    if kind.is_release() && quantity > 0 {
        return Err(OpError::Invalid("The release process runs once for every release; it is not scaled.".into()));
    }
    if quantity > MAX_DYNOS {
        return Err(OpError::Invalid(format!("An app may have {MAX_DYNOS} dynos in all; this would be {quantity}.")));
    }
    Ok(())
}

fn no_such_type(kind: &ProcessType) -> OpError {
    OpError::NotFound { resource: "formation", message: format!("Couldn't find that process type ({kind}).") }
}
