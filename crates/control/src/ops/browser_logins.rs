//! A command line logs in through a browser: it asks for a page, somebody logs in on that page, and the command line,
//! which waits, gets a token. The page's address and what the command line waits with are two secrets, so that neither
//! side can play the other's part.

use std::net::IpAddr;

use chrono::{TimeDelta, Utc};
use paas_db::{DbError, SecretHash, accounts::Account, browser_logins, browser_logins::BrowserLogin, new_secret};
use paas_model::Scope;
use secrecy::SecretString;
use uuid::Uuid;

use super::{
    authorizations::{self, NewAuthorization},
    logins::{self, Proof},
};
use crate::{Control, OpError};

const LASTS: TimeDelta = TimeDelta::minutes(10);
const TOKEN_LASTS: u64 = 30 * 24 * 3600;

/// The two sides of a login that has begun.
#[derive(Debug)]
pub struct Begun {
    pub page: SecretString,
    pub client: SecretString,
}

/// What the command line gets to hear.
#[derive(Debug)]
pub enum Answer {
    Waiting,
    Refused,
    /// Its token, this once.
    Allowed(SecretString),
}

/// # Errors
/// [`OpError::RateLimited`]; [`OpError::Invalid`] for a description that is none.
pub async fn begin(control: &Control, description: &str, address: Option<IpAddr>) -> Result<Begun, OpError> {
    authorizations::check_description(description)?;
    let begun = Begun { page: new_secret(""), client: new_secret("") };
    logins::limit_address(control, address).await?;
    let db = control.db.pool();
    let hashes = (SecretHash::of(&begun.page), SecretHash::of(&begun.client));
    browser_logins::create(db, Uuid::now_v7(), (&hashes.0, &hashes.1), description, Utc::now() + LASTS).await?;
    Ok(begun)
}

/// One that still waits.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, page: &SecretString) -> Result<BrowserLogin, OpError> {
    browser_logins::by_page(control.db.pool(), &SecretHash::of(page)).await?.ok_or_else(unknown)
}

/// Who said yes.
///
/// # Errors
/// As [`find`] and [`logins::check`].
pub async fn allow(control: &Control, page: &SecretString, proof: Proof) -> Result<Account, OpError> {
    find(control, page).await?;
    let account = logins::check(control, proof).await?;
    answer(control, page, Some(account.id)).await?;
    Ok(account)
}

/// # Errors
/// As [`find`].
pub async fn refuse(control: &Control, page: &SecretString) -> Result<(), OpError> {
    answer(control, page, None).await
}

/// # Errors
/// [`OpError::NotFound`] when it is over, or has had its token.
pub async fn ask(control: &Control, client: &SecretString) -> Result<Answer, OpError> {
    let hash = SecretHash::of(client);
    let login = browser_logins::by_client(control.db.pool(), &hash).await?.ok_or_else(unknown)?;
    match login.state.as_str() {
        "waiting" => return Ok(Answer::Waiting),
        "refused" => return Ok(Answer::Refused),
        _ => {}
    }
    let mut tx = control.db.begin().await?;
    let taken = browser_logins::take(&mut *tx, &hash).await?.ok_or_else(unknown)?;
    let account = taken.account_id.ok_or_else(unknown)?;
    let new = NewAuthorization {
        scope: vec![Scope::Global],
        expires_in: Some(TOKEN_LASTS),
        is_session: true,
        ..NewAuthorization::of(&taken.description)
    };
    let issued = authorizations::insert(&mut tx, account, new).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(Answer::Allowed(issued.secret))
}

async fn answer(control: &Control, page: &SecretString, account: Option<paas_model::AccountId>) -> Result<(), OpError> {
    match browser_logins::answer(control.db.pool(), &SecretHash::of(page), account).await? {
        true => Ok(()),
        false => Err(unknown()),
    }
}

fn unknown() -> OpError {
    OpError::not_found("login")
}
