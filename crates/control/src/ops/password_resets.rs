//! New passwords for people who have lost theirs. There is no mail here: whoever asks is noted, and the installation's
//! owner makes a link and hands it over.

use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use paas_db::{
    DbError, SecretHash, accounts, accounts::Account, new_id, new_secret, password_resets,
    password_resets::PasswordReset, recovery_codes, tokens,
};
use secrecy::SecretString;

use super::{
    accounts::{Owner, find as find_account},
    logins,
};
use crate::{Control, OpError, password};

const LASTS: TimeDelta = TimeDelta::days(1);

/// Notes that somebody asks for a new password. The same happens, as far as they can see, when nobody has the address.
///
/// # Errors
/// [`OpError::RateLimited`].
pub async fn request(control: &Control, email: &str, address: Option<IpAddr>) -> Result<(), OpError> {
    // Not the account's own count: asking must not keep anybody from logging in.
    logins::limit(control, &format!("reset {email}"), address).await?;
    Ok(accounts::request_reset(control.db.pool(), email.trim()).await?)
}

/// The secret of the link cannot be shown again; earlier links are over. `two_factor_off`: the second factor is lost too, and
/// goes when the link is used.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn create(
    control: &Control,
    _: &Owner,
    identity: &str,
    two_factor_off: bool,
) -> Result<(Account, PasswordReset, SecretString), OpError> {
    let account = find_account(control, identity).await?;
    let secret = new_secret("");
    let mut tx = control.db.begin().await?;
    let hash = SecretHash::of(&secret);
    let until = Utc::now() + LASTS;
    let reset = password_resets::create(&mut tx, new_id(), account.id, &hash, two_factor_off, until).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok((account, reset, secret))
}

/// Whose link this is.
///
/// # Errors
/// [`OpError::NotFound`] when it was used, is over, or never was.
pub async fn find(control: &Control, secret: &SecretString) -> Result<Account, OpError> {
    let db = control.db.pool();
    let reset = password_resets::by_secret(db, &SecretHash::of(secret)).await?.ok_or_else(unknown)?;
    accounts::by_id(db, reset.account_id).await?.ok_or_else(unknown)
}

/// Sets the password, and ends all logins in browsers. Other tokens stay: robots use them.
///
/// # Errors
/// As [`find`]; [`OpError::Invalid`] for a password that is too short.
pub async fn finalize(control: &Control, secret: &SecretString, password: SecretString) -> Result<Account, OpError> {
    let account = find(control, secret).await?;
    let hash = password::hash(password).await?;
    let mut tx = control.db.begin().await?;
    let reset = password_resets::take(&mut *tx, &SecretHash::of(secret)).await?.ok_or_else(unknown)?;
    if reset.two_factor_off {
        accounts::clear_totp(&mut *tx, account.id).await?;
        recovery_codes::replace(&mut tx, account.id, &[]).await?;
    }
    accounts::set_password(&mut *tx, account.id, &hash).await?;
    tokens::end_logins(&mut tx, account.id, None).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(account)
}

fn unknown() -> OpError {
    OpError::not_found("password_reset")
}
