//! How people get an account: the installation's owner makes a link, and hands it over. There is no mail here.

use chrono::{TimeDelta, Utc};
use paas_db::{
    DbError, SecretHash, accounts, accounts::Account, accounts::Changes, invitations, invitations::Invitation, new_id,
    new_secret,
};
use paas_model::AccountId;
use secrecy::SecretString;

use super::accounts::{Owner, check_email};
use crate::{Control, OpError, password};

const LASTS: TimeDelta = TimeDelta::days(7);

/// The secret of the link cannot be shown again. An earlier link for the same address is over.
///
/// # Errors
/// [`OpError::Invalid`] when the address is none, or has an account.
pub async fn create(control: &Control, owner: &Owner, email: &str) -> Result<(Invitation, SecretString), OpError> {
    let email = email.trim();
    check_email(email)?;
    let secret = new_secret("");
    let mut tx = control.db.begin().await?;
    if accounts::by_email(&mut *tx, email).await?.is_some() {
        return Err(OpError::Invalid(format!("{email} has an account already.")));
    }
    let hash = SecretHash::of(&secret);
    let invitation = invitations::create(&mut tx, new_id(), email, owner.id(), &hash, Utc::now() + LASTS).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok((invitation, secret))
}

/// Those that nobody has accepted yet.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, _: &Owner) -> Result<Vec<Invitation>, OpError> {
    Ok(invitations::list(control.db.pool()).await?)
}

/// # Errors
/// [`OpError::NotFound`] when it was accepted, is over, or never was.
pub async fn find(control: &Control, secret: &SecretString) -> Result<Invitation, OpError> {
    let found = invitations::by_secret(control.db.pool(), &SecretHash::of(secret)).await?;
    found.ok_or_else(|| OpError::not_found("invitation"))
}

/// Makes the account. It has a password and no token.
///
/// # Errors
/// As [`find`]; [`OpError::Invalid`] for a password that is too short.
pub async fn accept(
    control: &Control,
    secret: &SecretString,
    name: Option<String>,
    password: SecretString,
) -> Result<Account, OpError> {
    find(control, secret).await?;
    if let Some(name) = &name {
        super::accounts::check_name(name)?;
    }
    let hash = password::hash(password).await?;
    let mut tx = control.db.begin().await?;
    let accepted = invitations::accept(&mut *tx, &SecretHash::of(secret)).await?;
    let accepted = accepted.ok_or_else(|| OpError::not_found("invitation"))?;
    let account = accounts::create(&mut *tx, new_id::<AccountId>(), &accepted.email, false).await?;
    accounts::set_password(&mut *tx, account.id, &hash).await?;
    let changes = Changes { name: Some(name), ..Changes::default() };
    let account = accounts::update(&mut *tx, account.id, &changes).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(account)
}
