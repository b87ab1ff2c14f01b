//! Sharing an app.

use paas_db::{
    DbError,
    accounts::{self, Account},
    app_transfers,
    apps::App,
    collaborators,
    collaborators::Collaborator,
    new_id,
};
use paas_model::{CollaboratorId, Permission, Permissions};

use super::access;
use crate::{Control, OpError};

/// Somebody who has access to an app.
#[derive(Debug, Clone)]
pub enum Member {
    /// Has no row of its own: it is the app's.
    Owner,
    Collaborator(Collaborator),
}

/// The owner first, then the others by e-mail address.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, app: &App) -> Result<Vec<Member>, OpError> {
    let others = collaborators::list(control.db.pool(), app.id).await?;
    Ok(std::iter::once(Member::Owner).chain(others.into_iter().map(Member::Collaborator)).collect())
}

/// By the account's e-mail address or id, or by the collaborator's id.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, app: &App, identity: &str) -> Result<Member, OpError> {
    if identity.eq_ignore_ascii_case(&app.owner_email) || identity == app.owner_id.to_string() {
        return Ok(Member::Owner);
    }
    let is_it = |one: &Collaborator| {
        identity.eq_ignore_ascii_case(&one.email)
            || identity == one.id.to_string()
            || identity == one.account_id.to_string()
    };
    let found = collaborators::list(control.db.pool(), app.id).await?.into_iter().find(is_it);
    found.map(Member::Collaborator).ok_or_else(|| OpError::not_found("collaborator"))
}

/// Lets somebody use the app. `user`: an e-mail address or an account's id. `permissions` `None`: all but manage. Asking
/// again for what is already so changes nothing, because clients repeat requests whose answer got lost.
///
/// # Errors
/// [`OpError::Invalid`] for somebody who has no account here, who owns the app, or who has other permissions already.
pub async fn create(
    control: &Control,
    account: &Account,
    app: &App,
    user: &str,
    permissions: Option<Vec<String>>,
) -> Result<Collaborator, OpError> {
    let wanted = permissions.map(Permissions::try_from).transpose().map_err(OpError::invalid)?;
    let person = person(control, account, user).await?;
    if person.id == app.owner_id {
        return Err(OpError::Invalid(format!("{} owns the app {}.", person.email, app.name)));
    }
    let given = wanted.clone().unwrap_or_else(Permissions::of_collaborator);
    let mut tx = control.db.begin().await?;
    accounts::hold(&mut tx, person.id).await?;
    let is_new = collaborators::create(&mut tx, new_id::<CollaboratorId>(), app.id, person.id, &given).await?;
    let found = collaborators::find(&mut *tx, app.id, person.id).await?;
    let found = found.ok_or_else(|| OpError::not_found("collaborator"))?;
    tx.commit().await.map_err(DbError::from)?;
    if let Some(wanted) = wanted.filter(|wanted| *wanted != found.permissions) {
        return Err(OpError::Invalid(format!(
            "{} has access to the app {} already, with the permissions {}. To give {wanted} instead, update them.",
            found.email, app.name, found.permissions
        )));
    }
    if is_new {
        told(control, account, app, &format!("Add {} as collaborator ({given})", found.email));
    }
    Ok(found)
}

/// Gives a collaborator these permissions instead of those they have.
///
/// # Errors
/// [`OpError::Invalid`] for the owner, or for a permission that there is none of.
pub async fn update(
    control: &Control,
    account: &Account,
    app: &App,
    identity: &str,
    permissions: Vec<String>,
) -> Result<Collaborator, OpError> {
    let permissions = Permissions::try_from(permissions).map_err(OpError::invalid)?;
    let Member::Collaborator(mut found) = find(control, app, identity).await? else {
        return Err(OpError::Invalid(format!("{} owns the app, and may do everything.", app.owner_email)));
    };
    let mut tx = control.db.begin().await?;
    if !collaborators::set_permissions(&mut tx, found.id, &permissions).await? {
        return Err(OpError::not_found("collaborator"));
    }
    if found.permissions.has_any(&[Permission::Manage]) && !permissions.has_any(&[Permission::Manage]) {
        app_transfers::take_back(&mut tx, app.id).await?;
    }
    tx.commit().await.map_err(DbError::from)?;
    told(control, account, app, &format!("Change the permissions of {} to {permissions}", found.email));
    found.permissions = permissions;
    Ok(found)
}

/// Takes the app away from a collaborator; from oneself without any permission. Gives what they had.
///
/// # Errors
/// [`OpError::Invalid`] for the owner; [`OpError::Forbidden`] for another than oneself, unless one manages the app.
pub async fn remove(control: &Control, account: &Account, app: &App, identity: &str) -> Result<Collaborator, OpError> {
    let found = find(control, app, identity).await?;
    if !matches!(&found, Member::Collaborator(one) if one.account_id == account.id) {
        access::require(control, account, app, &[Permission::Manage]).await?;
    }
    let Member::Collaborator(found) = found else {
        return Err(OpError::Invalid(format!(
            "{} owns the app {}, and cannot be removed from it. Transfer the app to somebody else first.",
            app.owner_email, app.name
        )));
    };
    let mut tx = control.db.begin().await?;
    if !collaborators::delete(&mut tx, app.id, found.account_id).await? {
        return Err(OpError::not_found("collaborator"));
    }
    if found.permissions.has_any(&[Permission::Manage]) {
        app_transfers::take_back(&mut tx, app.id).await?;
    }
    tx.commit().await.map_err(DbError::from)?;
    told(control, account, app, &format!("Remove {} as collaborator", found.email));
    Ok(found)
}

/// Whoever is meant. `~` is oneself.
pub(super) async fn person(control: &Control, account: &Account, identity: &str) -> Result<Account, OpError> {
    if identity == "~" {
        return Ok(account.clone());
    }
    accounts::person(control.db.pool(), identity).await?.ok_or_else(|| {
        OpError::Invalid(format!(
            "There is no account {identity} here. The owner of this installation can invite them: paas accounts:invite \
             {identity}"
        ))
    })
}

fn told(control: &Control, account: &Account, app: &App, what: &str) {
    control.logs.app_event(app.id, "api", format!("{what} by user {}", account.email));
}
