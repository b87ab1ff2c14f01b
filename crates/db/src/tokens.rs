use chrono::{DateTime, Utc};
use paas_model::{AccountId, TokenId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash, accounts::Account};

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Token {
    pub id: TokenId,
    pub account_id: AccountId,
    pub description: String,
    pub created_at: DateTime<Utc>,
}

pub async fn create(
    db: impl PgExecutor<'_>,
    id: TokenId,
    account: AccountId,
    description: &str,
    hash: &SecretHash,
) -> Result<Token, DbError> {
    let query = sqlx::query_as(
        "insert into tokens (id, account_id, description, token_hash) values ($1, $2, $3, $4)
         returning id, account_id, description, created_at",
    );
    Ok(query.bind(id).bind(account).bind(description).bind(hash).fetch_one(db).await?)
}

/// Whose token this is; `None`: nobody's.
pub async fn account_of(db: impl PgExecutor<'_>, hash: &SecretHash) -> Result<Option<Account>, DbError> {
    let query = sqlx::query_as(
        "select accounts.* from tokens join accounts on accounts.id = tokens.account_id where token_hash = $1",
    );
    Ok(query.bind(hash).fetch_optional(db).await?)
}
