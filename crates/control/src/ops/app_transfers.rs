//! Giving an app to somebody else: one offers it, the other accepts.

use paas_db::{
    DbError,
    accounts::{self, Account},
    app_transfers,
    app_transfers::Transfer,
    apps,
    apps::App,
    collaborators, new_id,
};
use paas_model::{CollaboratorId, Permission, Permissions, TransferId};

use super::{access, collaborators::person};
use crate::{Control, OpError};

/// Those that the account is in: its own apps that it offers, and others' that are offered to it.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, account: &Account) -> Result<Vec<Transfer>, OpError> {
    Ok(app_transfers::list(control.db.pool(), account.id).await?)
}

/// By its id, or by its app's name or id: the newest.
///
/// # Errors
/// [`OpError::NotFound`], also for one that is nobody else's business.
pub async fn find(control: &Control, account: &Account, id_or_app: &str) -> Result<Transfer, OpError> {
    let not_found = || OpError::not_found("app_transfer");
    let found = app_transfers::find(control.db.pool(), id_or_app).await?.ok_or_else(not_found)?;
    let is_in_it = [found.owner_id, found.recipient_id].contains(&account.id);
    match is_in_it || may_offer(control, account, &app_of(control, &found).await?).await.is_ok() {
        true => Ok(found),
        false => Err(not_found()),
    }
}

/// Offers an app to somebody. Until they accept, nothing changes.
///
/// # Errors
/// [`OpError::Forbidden`] unless the account manages the app; [`OpError::Invalid`] when the recipient has no account or has
/// the app already, or it is offered to somebody.
pub async fn create(control: &Control, account: &Account, app: &str, recipient: &str) -> Result<Transfer, OpError> {
    let app = super::apps::find(control, account, app, &[Permission::Manage]).await?;
    let recipient = person(control, account, recipient).await?;
    if recipient.id == app.owner_id {
        return Err(OpError::Invalid(format!("{} owns the app {} already.", recipient.email, app.name)));
    }
    let id = new_id::<TransferId>();
    let mut tx = control.db.begin().await?;
    accounts::hold(&mut tx, recipient.id).await?;
    app_transfers::create(&mut tx, id, app.id, app.owner_id, recipient.id).await?;
    tx.commit().await.map_err(DbError::from)?;
    let told = format!("Transfer to {} offered by user {}", recipient.email, account.email);
    control.logs.app_event(app.id, "api", told);
    find(control, account, &id.to_string()).await
}

/// The recipient accepts (`accepted`) or declines (`declined`). An accepted app is theirs at once, with all that it has;
/// whoever owned it before stays as a collaborator (Heroku: "Transferring Apps").
///
/// # Errors
/// [`OpError::Forbidden`] for anybody else; [`OpError::Invalid`] for another state, or when it has ended already.
pub async fn answer(control: &Control, account: &Account, id_or_app: &str, state: &str) -> Result<Transfer, OpError> {
    if !["accepted", "declined"].contains(&state) {
        return Err(OpError::Invalid(format!("A transfer is answered with accepted or declined, not with {state:?}.")));
    }
    let transfer = find(control, account, id_or_app).await?;
    if transfer.recipient_id != account.id {
        return Err(OpError::Forbidden(format!("Only {} can answer this.", transfer.recipient_email)));
    }
    let mut tx = control.db.begin().await?;
    if !apps::lock(&mut tx, transfer.app_id).await? {
        return Err(OpError::not_found("app"));
    }
    // First, as whoever deletes the account does: an account that is gone owns nothing.
    accounts::hold(&mut tx, transfer.recipient_id).await?;
    if !app_transfers::end(&mut tx, transfer.id, state).await? {
        return Err(over(&transfer));
    }
    if state == "accepted" {
        apps::set_owner(&mut tx, transfer.app_id, transfer.recipient_id).await?;
        collaborators::delete(&mut tx, transfer.app_id, transfer.recipient_id).await?;
        let (id, permissions) = (new_id::<CollaboratorId>(), Permissions::of_collaborator());
        collaborators::create(&mut tx, id, transfer.app_id, transfer.owner_id, &permissions).await?;
    }
    tx.commit().await.map_err(DbError::from)?;
    let told = format!("Transfer from {} {state} by user {}", transfer.owner_email, account.email);
    control.logs.app_event(transfer.app_id, "api", told);
    find(control, account, &transfer.id.to_string()).await
}

/// Takes an offer back. Gives what it was.
///
/// # Errors
/// [`OpError::Forbidden`] for its recipient, who can decline; [`OpError::Invalid`] when it has ended already.
pub async fn delete(control: &Control, account: &Account, id_or_app: &str) -> Result<Transfer, OpError> {
    let transfer = find(control, account, id_or_app).await?;
    may_offer(control, account, &app_of(control, &transfer).await?).await?;
    let mut tx = control.db.begin().await?;
    if !app_transfers::delete(&mut tx, transfer.id).await? {
        return Err(over(&transfer));
    }
    tx.commit().await.map_err(DbError::from)?;
    Ok(transfer)
}

async fn app_of(control: &Control, transfer: &Transfer) -> Result<App, OpError> {
    apps::by_id(control.db.pool(), transfer.app_id).await?.ok_or_else(|| OpError::not_found("app"))
}

async fn may_offer(control: &Control, account: &Account, app: &App) -> Result<(), OpError> {
    access::require(control, account, app, &[Permission::Manage]).await
}

fn over(transfer: &Transfer) -> OpError {
    OpError::Invalid(format!("This transfer of {} is over already.", transfer.app_name))
}
