//! The embedded registry's disk, as the process that owns it last saw it: one row.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::{PgExecutor, types::Json};

use crate::DbError;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RegistryUsage {
    /// Of its file system.
    pub disk_bytes: i64,
    pub free_bytes: i64,
    pub looked_at: DateTime<Utc>,
    /// Bytes of its blobs by what they are.
    #[sqlx(json)]
    pub kinds: BTreeMap<String, u64>,
    /// Bytes of blobs that nothing names.
    pub unused_bytes: i64,
    /// When blobs were last counted.
    pub counted_at: Option<DateTime<Utc>>,
}

/// `None`: the registry is somebody else's.
pub async fn find(db: impl PgExecutor<'_>) -> Result<Option<RegistryUsage>, DbError> {
    let query =
        sqlx::query_as("select disk_bytes, free_bytes, looked_at, kinds, unused_bytes, counted_at from registry_usage");
    Ok(query.fetch_optional(db).await?)
}

/// How full its disk is.
pub async fn set_disk(db: impl PgExecutor<'_>, bytes: i64, free: i64) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into registry_usage (disk_bytes, free_bytes) values ($1, $2)
         on conflict (single) do update set disk_bytes = $1, free_bytes = $2, looked_at = now()",
    );
    query.bind(bytes).bind(free).execute(db).await?;
    Ok(())
}

/// What its blobs take. Says nothing before [`set_disk`] was called.
pub async fn set_kinds(db: impl PgExecutor<'_>, kinds: &BTreeMap<String, u64>, unused: i64) -> Result<(), DbError> {
    let query = sqlx::query("update registry_usage set kinds = $1, unused_bytes = $2, counted_at = now()");
    query.bind(Json(kinds)).bind(unused).execute(db).await?;
    Ok(())
}

/// The registry is somebody else's by now.
pub async fn forget(db: impl PgExecutor<'_>) -> Result<(), DbError> {
    sqlx::query("delete from registry_usage").execute(db).await?;
    Ok(())
}

/// Bytes of the database itself.
pub async fn database_bytes(db: impl PgExecutor<'_>) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select pg_database_size(current_database())").fetch_one(db).await?)
}
