use chrono::{DateTime, Utc};
use paas_model::{HostId, HostState};
use sqlx::PgExecutor;

use crate::DbError;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Host {
    pub id: HostId,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub state: HostState,
    /// `unix:///var/run/docker.sock`
    pub endpoint: String,
    /// What dynos may use, MiB.
    #[sqlx(try_from = "i32")]
    pub memory_mb: u32,
    #[sqlx(try_from = "i32")]
    pub cpus: u32,
    /// When its engine last answered.
    pub seen_at: Option<DateTime<Utc>>,
}

/// Hosts that are not gone, by name.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Host>, DbError> {
    let query = sqlx::query_as("select * from hosts where state <> 'gone' order by name");
    Ok(query.fetch_all(db).await?)
}

/// Enters the machine that the server runs on, or brings its capacity up to date; makes it ready unless it drains.
pub async fn enter(
    db: impl PgExecutor<'_>,
    id: HostId,
    name: &str,
    endpoint: &str,
    memory_mb: u32,
    cpus: u32,
) -> Result<Host, DbError> {
    let query = sqlx::query_as(
        "insert into hosts (id, name, state, endpoint, memory_mb, cpus, seen_at) values ($1, $2, 'ready', $3, $4, $5, now())
         on conflict (endpoint) do update
             set memory_mb = excluded.memory_mb, cpus = excluded.cpus, seen_at = now(), updated_at = now(),
                 state = case when hosts.state = 'draining' then 'draining' else 'ready' end
         returning *",
    );
    let query = query
        .bind(id)
        .bind(name)
        .bind(endpoint)
        .bind(i32::try_from(memory_mb).unwrap_or(i32::MAX))
        .bind(i32::try_from(cpus).unwrap_or(i32::MAX));
    Ok(query.fetch_one(db).await?)
}
