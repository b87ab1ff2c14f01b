//! How full hosts' disks are, as they were last looked at.

use chrono::{DateTime, Utc};
use paas_model::HostId;
use sqlx::PgExecutor;

use crate::DbError;

/// The file system that a host's engine stores on.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub struct HostDisk {
    pub bytes: i64,
    pub free_bytes: i64,
    pub looked_at: DateTime<Utc>,
}

/// `None`: nobody has looked yet.
pub async fn find(db: impl PgExecutor<'_>, host: HostId) -> Result<Option<HostDisk>, DbError> {
    let query = sqlx::query_as("select bytes, free_bytes, looked_at from host_disks where host_id = $1");
    Ok(query.bind(host).fetch_optional(db).await?)
}

pub async fn set(db: impl PgExecutor<'_>, host: HostId, bytes: i64, free: i64) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into host_disks (host_id, bytes, free_bytes) values ($1, $2, $3)
         on conflict (host_id) do update set bytes = $2, free_bytes = $3, looked_at = now()",
    );
    query.bind(host).bind(bytes).bind(free).execute(db).await?;
    Ok(())
}
