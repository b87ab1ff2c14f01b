//! Who may do what to an app.

use paas_db::{accounts::Account, apps::App, collaborators};
use paas_model::{Permission, Permissions};

use crate::{Control, OpError};

/// What the account may do to the app; `None`: not even see it. The app's owner and the installation's may do everything.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn permissions(control: &Control, account: &Account, app: &App) -> Result<Option<Permissions>, OpError> {
    if app.owner_id == account.id || account.is_owner {
        return Ok(Some(Permissions::all()));
    }
    let found = collaborators::find(control.db.pool(), app.id, account.id).await?;
    Ok(found.map(|collaborator| collaborator.permissions))
}

/// For use-cases whose right depends on what is asked for. [`super::apps::find`] has checked before that the account may
/// do one of the things that there are to ask for.
///
/// # Errors
/// [`OpError::Forbidden`] unless the account has one of these permissions.
pub async fn require(control: &Control, account: &Account, app: &App, any: &[Permission]) -> Result<(), OpError> {
    let Some(has) = permissions(control, account, app).await? else {
        return Err(OpError::Forbidden(format!("You do not have access to the app {}.", app.name)));
    };
    if has.has_any(any) {
        return Ok(());
    }
    let wanted = any.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    Err(OpError::Forbidden(format!(
        "This needs the permission {wanted} for the app {}, and you have {has}. Whoever manages the app can give it to you.",
        app.name
    )))
}
