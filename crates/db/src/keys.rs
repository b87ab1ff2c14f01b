use chrono::{DateTime, Utc};
use paas_model::{AccountId, KeyId};
use sqlx::PgExecutor;

use crate::DbError;

macro_rules! columns {
    () => {
        "id, account_id, public_key, comment, fingerprint, created_at, updated_at"
    };
}

/// A public SSH key.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Key {
    pub id: KeyId,
    pub account_id: AccountId,
    /// One line, as in `authorized_keys`.
    pub public_key: String,
    pub comment: String,
    /// MD5, in pairs of digits with colons.
    pub fingerprint: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// # Errors
/// [`DbError::KeyTaken`]: it is on some account already.
pub async fn create(
    db: impl PgExecutor<'_>,
    id: KeyId,
    account: AccountId,
    public_key: &str,
    comment: &str,
    fingerprint: &str,
) -> Result<Key, DbError> {
    let query = sqlx::query_as(concat!(
        "insert into keys (id, account_id, public_key, comment, fingerprint) values ($1, $2, $3, $4, $5) returning ",
        columns!()
    ));
    Ok(query.bind(id).bind(account).bind(public_key).bind(comment).bind(fingerprint).fetch_one(db).await?)
}

pub async fn list(db: impl PgExecutor<'_>, account: AccountId) -> Result<Vec<Key>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from keys where account_id = $1 order by id"));
    Ok(query.bind(account).fetch_all(db).await?)
}

/// The key that is no more; `None`: the account has none of this id.
pub async fn delete(db: impl PgExecutor<'_>, account: AccountId, id: KeyId) -> Result<Option<Key>, DbError> {
    let query = sqlx::query_as(concat!("delete from keys where account_id = $1 and id = $2 returning ", columns!()));
    Ok(query.bind(account).bind(id).fetch_optional(db).await?)
}
