use std::fmt;

use chrono::{DateTime, Utc};
use paas_model::{AccountId, ClientId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

macro_rules! columns {
    () => {
        "id, account_id, name, redirect_uri, secret, created_at, updated_at"
    };
}

/// A web app that people may let into their accounts. Debug does not show its secret.
#[derive(Clone, sqlx::FromRow)]
pub struct Client {
    pub id: ClientId,
    /// Who looks after it.
    pub account_id: AccountId,
    pub name: String,
    pub redirect_uri: String,
    /// Sealed for its id.
    pub secret: Vec<u8>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

pub async fn create(
    db: impl PgExecutor<'_>,
    id: ClientId,
    account: AccountId,
    (name, redirect_uri): (&str, &str),
    (sealed, hash): (&[u8], &SecretHash),
) -> Result<Client, DbError> {
    let query = sqlx::query_as(concat!(
        "insert into oauth_clients (id, account_id, name, redirect_uri, secret, secret_hash)
         values ($1, $2, $3, $4, $5, $6) returning ",
        columns!()
    ));
    Ok(query.bind(id).bind(account).bind(name).bind(redirect_uri).bind(sealed).bind(hash).fetch_one(db).await?)
}

pub async fn list(db: impl PgExecutor<'_>, account: AccountId) -> Result<Vec<Client>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from oauth_clients where account_id = $1 order by id"));
    Ok(query.bind(account).fetch_all(db).await?)
}

/// Whoever looks after it.
pub async fn by_id(db: impl PgExecutor<'_>, id: ClientId) -> Result<Option<Client>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from oauth_clients where id = $1"))
        .bind(id)
        .fetch_optional(db)
        .await?)
}

/// The same of several.
pub async fn by_ids(db: impl PgExecutor<'_>, ids: &[ClientId]) -> Result<Vec<Client>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from oauth_clients where id = any($1)"));
    Ok(query.bind(ids).fetch_all(db).await?)
}

pub async fn by_secret(db: impl PgExecutor<'_>, hash: &SecretHash) -> Result<Option<Client>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from oauth_clients where secret_hash = $1"))
        .bind(hash)
        .fetch_optional(db)
        .await?)
}

/// `None` leaves a column as it is; a client that is not the account's is not found.
pub async fn update(
    db: impl PgExecutor<'_>,
    account: AccountId,
    id: ClientId,
    name: Option<&str>,
    redirect_uri: Option<&str>,
) -> Result<Option<Client>, DbError> {
    let query = sqlx::query_as(
        concat!("update oauth_clients set name = coalesce($3, name), redirect_uri = coalesce($4, redirect_uri), updated_at = now()
         where account_id = $1 and id = $2 returning ", columns!()),
    );
    Ok(query.bind(account).bind(id).bind(name).bind(redirect_uri).fetch_optional(db).await?)
}

pub async fn set_secret(
    db: impl PgExecutor<'_>,
    account: AccountId,
    id: ClientId,
    (sealed, hash): (&[u8], &SecretHash),
) -> Result<Option<Client>, DbError> {
    let query = sqlx::query_as(concat!(
        "update oauth_clients set secret = $3, secret_hash = $4, updated_at = now()
         where account_id = $1 and id = $2 returning ",
        columns!()
    ));
    Ok(query.bind(account).bind(id).bind(sealed).bind(hash).fetch_optional(db).await?)
}

/// With the tokens that it was given.
pub async fn delete(db: impl PgExecutor<'_>, account: AccountId, id: ClientId) -> Result<Option<Client>, DbError> {
    let query =
        sqlx::query_as(concat!("delete from oauth_clients where account_id = $1 and id = $2 returning ", columns!()));
    Ok(query.bind(account).bind(id).fetch_optional(db).await?)
}
