use chrono::{DateTime, Utc};
use paas_model::{AccountId, ClientId, TokenId};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{DbError, SecretHash};

macro_rules! columns {
    () => {
        "id, client_id, account_id, scope, token_id"
    };
}

/// What a person has allowed a client, until the client turns it into a token.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Grant {
    pub id: Uuid,
    pub client_id: ClientId,
    pub account_id: AccountId,
    /// Words of `paas_model::Scope`.
    pub scope: Vec<String>,
    pub token_id: Option<TokenId>,
}

pub async fn create(
    db: impl PgExecutor<'_>,
    id: Uuid,
    (client, account): (ClientId, AccountId),
    scope: &[String],
    code: &SecretHash,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into oauth_grants (id, client_id, account_id, scope, code_hash, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
    );
    query.bind(id).bind(client).bind(account).bind(scope).bind(code).bind(expires_at).execute(db).await?;
    Ok(())
}

/// `None`: it was used before, is over, is another client's, or never was.
pub async fn take(db: impl PgExecutor<'_>, client: ClientId, code: &SecretHash) -> Result<Option<Grant>, DbError> {
    let query = sqlx::query_as(concat!(
        "update oauth_grants set used_at = now()
         where client_id = $1 and code_hash = $2 and used_at is null and expires_at > now() returning ",
        columns!()
    ));
    Ok(query.bind(client).bind(code).fetch_optional(db).await?)
}

pub async fn set_token(db: impl PgExecutor<'_>, id: Uuid, token: TokenId) -> Result<(), DbError> {
    sqlx::query("update oauth_grants set token_id = $2 where id = $1").bind(id).bind(token).execute(db).await?;
    Ok(())
}

/// A code that was used comes again: one of the two who know it has stolen it, so its token is over.
pub async fn revoke_reused(db: impl PgExecutor<'_>, code: &SecretHash) -> Result<(), DbError> {
    let query = sqlx::query(
        "delete from tokens where id in (select token_id from oauth_grants where code_hash = $1 and used_at is not null)",
    );
    query.bind(code).execute(db).await?;
    Ok(())
}

pub async fn forget_old(db: impl PgExecutor<'_>) -> Result<(), DbError> {
    sqlx::query("delete from oauth_grants where expires_at < now() - interval '1 day'").execute(db).await?;
    Ok(())
}
