use paas_model::{AccountId, SourceId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

/// An upload: a place for one source tarball, which exists in the registry once `digest` is set.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Source {
    pub id: SourceId,
    pub account_id: AccountId,
    pub digest: Option<String>,
    /// Compressed bytes.
    pub size: Option<i64>,
}

pub async fn create(
    db: impl PgExecutor<'_>,
    id: SourceId,
    account: AccountId,
    secret: &SecretHash,
) -> Result<(), DbError> {
    let query = sqlx::query("insert into sources (id, account_id, secret_hash) values ($1, $2, $3)");
    query.bind(id).bind(account).bind(secret).execute(db).await?;
    Ok(())
}

pub async fn by_secret(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<Source>, DbError> {
    let query = sqlx::query_as("select id, account_id, digest, size from sources where secret_hash = $1");
    Ok(query.bind(secret).fetch_optional(db).await?)
}

pub async fn by_id(db: impl PgExecutor<'_>, id: SourceId) -> Result<Option<Source>, DbError> {
    let query = sqlx::query_as("select id, account_id, digest, size from sources where id = $1");
    Ok(query.bind(id).fetch_optional(db).await?)
}

pub async fn set_blob(db: impl PgExecutor<'_>, id: SourceId, digest: &str, size: i64) -> Result<(), DbError> {
    let query = sqlx::query("update sources set digest = $2, size = $3 where id = $1");
    query.bind(id).bind(digest).bind(size).execute(db).await?;
    Ok(())
}
