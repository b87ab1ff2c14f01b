//! The code flow (RFC 6749, 4.1): a person lets a client in, the client turns the code into a token, and renews it.

use chrono::{TimeDelta, Utc};
use paas_db::{
    DbError, SecretHash, accounts, accounts::Account, new_secret, oauth_clients, oauth_clients::Client, oauth_grants,
    tokens,
};
use paas_model::Scope;
use secrecy::SecretString;
use uuid::Uuid;

use super::{
    authorizations::{self, Issued},
    logins::{self, Proof},
};
use crate::{Control, OpError};

const CODE_LASTS: TimeDelta = TimeDelta::minutes(5);
/// Heroku's eight hours.
const TOKEN_LASTS: TimeDelta = TimeDelta::hours(8);

/// What a client wants to be let in for.
#[derive(Debug, Clone)]
pub struct Request {
    pub client: Client,
    pub scope: Vec<Scope>,
}

/// What a client shows for a token.
#[derive(Debug)]
pub enum Exchange {
    Code(SecretString),
    Refresh(SecretString),
}

/// Checks what stands in the address of the page. Whoever is sent there by a stranger is not sent on to one.
///
/// # Errors
/// [`OpError::Invalid`] for an unknown client, or another redirect URI than it has given.
pub async fn request(
    control: &Control,
    client: &str,
    redirect_uri: Option<&str>,
    scope: Vec<Scope>,
) -> Result<Request, OpError> {
    let found = match client.parse() {
        Ok(id) => oauth_clients::by_id(control.db.pool(), id).await?,
        Err(_) => None,
    };
    let client = found.ok_or_else(|| OpError::Invalid("There is no such client. Check client_id.".to_owned()))?;
    match redirect_uri.is_none_or(|uri| uri == client.redirect_uri) {
        true => Ok(Request { client, scope }),
        false => Err(OpError::Invalid("redirect_uri is not the one that this client has given.".to_owned())),
    }
}

/// The code for the client, which is good for five minutes and once.
///
/// # Errors
/// As [`logins::check`].
pub async fn allow(control: &Control, request: &Request, proof: Proof) -> Result<(Account, SecretString), OpError> {
    let account = logins::check(control, proof).await?;
    let code = new_secret("");
    let scope: Vec<String> = request.scope.iter().map(ToString::to_string).collect();
    let db = control.db.pool();
    let (id, parties) = (Uuid::now_v7(), (request.client.id, account.id));
    oauth_grants::create(db, id, parties, &scope, &SecretHash::of(&code), Utc::now() + CODE_LASTS).await?;
    Ok((account, code))
}

/// # Errors
/// [`OpError::Unauthorized`] for a wrong client secret, and for a code or refresh token that is over or another's.
pub async fn exchange(
    control: &Control,
    client_secret: &SecretString,
    exchange: Exchange,
) -> Result<(Account, Issued), OpError> {
    let db = control.db.pool();
    let client = oauth_clients::by_secret(db, &SecretHash::of(client_secret)).await?.ok_or_else(refused)?;
    let issued = match exchange {
        Exchange::Code(code) => redeem(control, &client, &SecretHash::of(&code)).await?,
        Exchange::Refresh(refresh) => refresh_token(control, &client, refresh).await?,
    };
    let account = accounts::by_id(db, issued.token.account_id).await?.ok_or_else(refused)?;
    Ok((account, issued))
}

async fn redeem(control: &Control, client: &Client, code: &SecretHash) -> Result<Issued, OpError> {
    let mut tx = control.db.begin().await?;
    let Some(grant) = oauth_grants::take(&mut *tx, client.id, code).await? else {
        oauth_grants::revoke_reused(&mut *tx, code).await?;
        tx.commit().await.map_err(DbError::from)?;
        return Err(refused());
    };
    let scope: Vec<Scope> = grant.scope.iter().filter_map(|word| Scope::parse(word)).collect();
    let until = Some(Utc::now() + TOKEN_LASTS);
    let issued =
        authorizations::issue(&mut tx, grant.account_id, &client.name, &scope, until, Some(client.id), false).await?;
    oauth_grants::set_token(&mut *tx, grant.id, issued.token.id).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(issued)
}

/// The client keeps its refresh token.
async fn refresh_token(control: &Control, client: &Client, refresh: SecretString) -> Result<Issued, OpError> {
    let mut tx = control.db.begin().await?;
    let found = tokens::by_refresh(&mut *tx, &SecretHash::of(&refresh)).await?;
    let found = found.filter(|token| token.client_id == Some(client.id)).ok_or_else(refused)?;
    let (token, secret) = authorizations::renew(&mut tx, found.id, None).await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(Issued { token, secret, refresh: Some(refresh) })
}

fn refused() -> OpError {
    OpError::Unauthorized("The client's secret, or the code or refresh token, is wrong or over.".to_owned())
}
