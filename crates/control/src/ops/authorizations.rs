//! Tokens: what each is for, what it may be used for, and until when (Heroku: OAuth authorization).

use chrono::{DateTime, TimeDelta, Utc};
use paas_db::{
    DbError, SecretHash,
    accounts::Account,
    new_id, new_secret, oauth_clients,
    oauth_clients::Client,
    tokens,
    tokens::{NewToken, Token},
};
use paas_model::{AccountId, ClientId, Scope, TokenId};
use secrecy::{ExposeSecret, SecretString};

use super::accounts::Login;
use crate::{Control, OpError};

/// Tokens look like Heroku's: a fixed prefix, so that scanners recognise a leaked one.
const TOKEN_PREFIX: &str = "HRKU-";
/// What is shown of a token later: this many letters in front and at the end, of 48.
const HINT_FRONT: usize = 9;
const HINT_BACK: usize = 4;
const MAX_LIFETIME: u64 = 10 * 365 * 24 * 3600;
const MAX_DESCRIPTION: usize = 500;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewAuthorization {
    pub description: String,
    pub scope: Vec<Scope>,
    /// Seconds; `None`: for ever.
    pub expires_in: Option<u64>,
    /// Whose it is to be in the lists: one of the account's own clients.
    pub client: Option<String>,
    pub is_session: bool,
}

impl NewAuthorization {
    /// For everything, for ever.
    #[must_use]
    pub fn of(description: &str) -> Self {
        let description = description.to_owned();
        Self { description, scope: vec![Scope::Global], expires_in: None, client: None, is_session: false }
    }
}

/// A token that was made just now, with what cannot be shown again.
#[derive(Debug)]
pub struct Issued {
    pub token: Token,
    pub secret: SecretString,
    pub refresh: Option<SecretString>,
}

/// A token, and the client that has it.
#[derive(Debug, Clone)]
pub struct Authorization {
    pub token: Token,
    pub client: Option<Client>,
}

/// # Errors
/// [`OpError::Invalid`] for a lifetime or description that cannot be; [`OpError::NotFound`] for another's client.
pub async fn create(control: &Control, account: &Account, new: NewAuthorization) -> Result<Issued, OpError> {
    let mut tx = control.db.begin().await?;
    let issued = insert(&mut tx, account.id, new).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(issued)
}

/// Oldest first, without logins in browsers.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, account: &Account) -> Result<Vec<Authorization>, OpError> {
    let tokens = tokens::list(control.db.pool(), account.id, false).await?;
    let ids: Vec<_> = tokens.iter().filter_map(|token| token.client_id).collect();
    let clients = match ids.is_empty() {
        true => Vec::new(),
        false => oauth_clients::by_ids(control.db.pool(), &ids).await?,
    };
    let of = |token: &Token| clients.iter().find(|client| Some(client.id) == token.client_id).cloned();
    Ok(tokens.into_iter().map(|token| Authorization { client: of(&token), token }).collect())
}

/// `identity`: an id, or `~` for the account's oldest token that is good for everything and for ever, which clients spare
/// when they log out.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, account: &Account, identity: &str) -> Result<Authorization, OpError> {
    let found = match identity {
        "~" => tokens::default(control.db.pool(), account.id).await?,
        id => {
            let id = id.parse::<TokenId>().ok();
            let all = tokens::list(control.db.pool(), account.id, false).await?;
            all.into_iter().find(|token| Some(token.id) == id)
        }
    };
    with_client(control, found.ok_or_else(unknown)?).await
}

/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`].
pub async fn describe(
    control: &Control,
    account: &Account,
    identity: &str,
    description: &str,
) -> Result<Authorization, OpError> {
    check_description(description)?;
    let id = find(control, account, identity).await?.token.id;
    let token = tokens::describe(control.db.pool(), account.id, id, description).await?;
    with_client(control, token.ok_or_else(unknown)?).await
}

/// # Errors
/// [`OpError::NotFound`].
pub async fn revoke(control: &Control, account: &Account, identity: &str) -> Result<Authorization, OpError> {
    let found = find(control, account, identity).await?;
    tokens::delete(control.db.pool(), account.id, found.token.id).await?.ok_or_else(unknown)?;
    Ok(found)
}

/// A new secret, for as long again. The old one is over.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn regenerate(control: &Control, account: &Account, identity: &str) -> Result<Issued, OpError> {
    let found = find(control, account, identity).await?.token;
    let refresh = found.client_id.map(|_| new_secret(TOKEN_PREFIX));
    let mut tx = control.db.begin().await?;
    let (token, secret) = renew(&mut tx, found.id, refresh.as_ref()).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(Issued { token, secret, refresh })
}

/// Logins in browsers.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn sessions(control: &Control, account: &Account) -> Result<Vec<Token>, OpError> {
    Ok(tokens::list(control.db.pool(), account.id, true).await?)
}

/// `identity`: an id, or `~` for the one that this call is made with.
///
/// # Errors
/// [`OpError::NotFound`], also for a token that is of no login in a browser.
pub async fn end_session(control: &Control, login: &Login, identity: &str) -> Result<Token, OpError> {
    let id = match identity {
        "~" => Some(login.token.id),
        id => id.parse().ok(),
    };
    let all = tokens::list(control.db.pool(), login.account.id, true).await?;
    let session = all.into_iter().find(|token| Some(token.id) == id);
    let session = session.ok_or_else(|| OpError::not_found("session"))?;
    tokens::delete(control.db.pool(), login.account.id, session.id).await?;
    Ok(session)
}

/// The web app that has this token.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn client_of(control: &Control, token: &Token) -> Result<Option<Client>, OpError> {
    match token.client_id {
        Some(id) => Ok(oauth_clients::by_id(control.db.pool(), id).await?),
        None => Ok(None),
    }
}

/// For callers that have a transaction.
pub(super) async fn insert(
    db: &mut paas_db::Connection,
    account: AccountId,
    new: NewAuthorization,
) -> Result<Issued, OpError> {
    check_description(&new.description)?;
    let expires_at = expiry(new.expires_in)?;
    let client = match new.client {
        Some(id) => Some(own_client(db, account, &id).await?),
        None => None,
    };
    issue(db, account, &new.description, &new.scope, expires_at, client, new.is_session).await
}

pub(super) async fn issue(
    db: &mut paas_db::Connection,
    account: AccountId,
    description: &str,
    scope: &[Scope],
    expires_at: Option<DateTime<Utc>>,
    client_id: Option<ClientId>,
    is_session: bool,
) -> Result<Issued, OpError> {
    let (secret, refresh) = (new_secret(TOKEN_PREFIX), client_id.map(|_| new_secret(TOKEN_PREFIX)));
    let scope: Vec<String> = match scope {
        [] => vec![Scope::Global.to_string()],
        some => some.iter().map(ToString::to_string).collect(),
    };
    tokens::forget_expired(&mut *db, account).await?;
    let new = NewToken {
        id: new_id(),
        description,
        hash: SecretHash::of(&secret),
        hint: &hint(&secret),
        scope: &scope,
        expires_at,
        client_id,
        refresh: refresh.as_ref().map(SecretHash::of),
        is_session,
    };
    Ok(Issued { token: tokens::create(db, account, &new).await?, secret, refresh })
}

/// A new secret for a token, and another refresh token where there is to be one.
pub(super) async fn renew(
    db: &mut paas_db::Connection,
    id: TokenId,
    refresh: Option<&SecretString>,
) -> Result<(Token, SecretString), OpError> {
    let secret = new_secret(TOKEN_PREFIX);
    let refresh = refresh.map(SecretHash::of);
    let token = tokens::renew(db, id, &SecretHash::of(&secret), &hint(&secret), refresh.as_ref()).await?;
    Ok((token, secret))
}

/// `HRKU-AbCd**********WxYz`, from which clients that hold the whole recognise theirs. 35 letters stay hidden.
pub(super) fn hint(token: &SecretString) -> String {
    let text = token.expose_secret();
    match (text.get(..HINT_FRONT), text.len().checked_sub(HINT_BACK).and_then(|at| text.get(at..))) {
        (Some(front), Some(back)) if text.len() > 2 * (HINT_FRONT + HINT_BACK) => format!("{front}**********{back}"),
        _ => "**********".to_owned(),
    }
}

async fn own_client(db: &mut paas_db::Connection, account: AccountId, id: &str) -> Result<ClientId, OpError> {
    let client = match id.parse() {
        Ok(id) => oauth_clients::by_id(db, id).await?,
        Err(_) => None,
    };
    let client = client.filter(|client| client.account_id == account);
    client.map(|client| client.id).ok_or_else(|| OpError::not_found("client"))
}

async fn with_client(control: &Control, token: Token) -> Result<Authorization, OpError> {
    Ok(Authorization { client: client_of(control, &token).await?, token })
}

fn expiry(seconds: Option<u64>) -> Result<Option<DateTime<Utc>>, OpError> {
    let Some(seconds) = seconds else { return Ok(None) };
    let valid = (1..=MAX_LIFETIME).contains(&seconds);
    let lifetime = i64::try_from(seconds).ok().filter(|_| valid).map(TimeDelta::seconds);
    let lifetime = lifetime.ok_or_else(|| {
        OpError::Invalid(format!("expires_in is a number of seconds from 1 to {MAX_LIFETIME}, which is ten years."))
    })?;
    Ok(Some(Utc::now() + lifetime))
}

pub(super) fn check_description(text: &str) -> Result<(), OpError> {
    match text.chars().count() <= MAX_DESCRIPTION && !text.chars().any(char::is_control) {
        true => Ok(()),
        false => Err(OpError::Invalid(format!("A description is one line of at most {MAX_DESCRIPTION} letters."))),
    }
}

fn unknown() -> OpError {
    OpError::not_found("authorization")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_shows_little_of_a_token_and_nothing_of_a_short_one() {
        let token = format!("HRKU-AbCd{}WxYz", "x".repeat(35));
        assert_eq!(hint(&token.into()), "HRKU-AbCd**********WxYz");
        for short in ["", "hunter2", "HRKU-AbCdEfGh"] {
            assert_eq!(hint(&short.to_owned().into()), "**********");
        }
    }

    #[test]
    fn a_lifetime_is_at_least_a_second_and_at_most_ten_years() {
        assert!(expiry(Some(0)).is_err() && expiry(Some(MAX_LIFETIME + 1)).is_err() && expiry(Some(u64::MAX)).is_err());
        assert!(expiry(Some(60)).unwrap().unwrap() > Utc::now());
        assert!(expiry(None).unwrap().is_none());
    }
}
