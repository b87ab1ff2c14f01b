//! Root shells on hosts, one row each; they stay as a record of who was root where.

use std::time::Duration;

use chrono::{DateTime, Utc};
use paas_model::{AccountId, HostId, ShellId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewShell {
    pub id: ShellId,
    pub host_id: HostId,
    pub account_id: AccountId,
    pub attach: SecretHash,
    /// Empty: a login shell.
    pub command: Vec<String>,
    pub tty: bool,
}

macro_rules! columns {
    () => {
        "id, host_id, command, tty, exit_code, ended_at, created_at"
    };
}

#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Shell {
    pub id: ShellId,
    pub host_id: HostId,
    pub command: Vec<String>,
    pub tty: bool,
    /// `None`: it runs, or nobody knows.
    pub exit_code: Option<i32>,
    pub ended_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

pub async fn create(db: impl PgExecutor<'_>, shell: &NewShell) -> Result<(), DbError> {
    sqlx::query(
        "insert into host_shells (id, host_id, account_id, attach_hash, command, tty) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(shell.id)
    .bind(shell.host_id)
    .bind(shell.account_id)
    .bind(&shell.attach)
    .bind(&shell.command)
    .bind(shell.tty)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: impl PgExecutor<'_>, id: ShellId) -> Result<Option<Shell>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from host_shells where id = $1"))
        .bind(id)
        .fetch_optional(db)
        .await?)
}

/// Spends the secret of an attach URL that is no older than `lifetime`. `None`: there is no such secret (any more).
pub async fn take(db: impl PgExecutor<'_>, secret: &SecretHash, lifetime: Duration) -> Result<Option<Shell>, DbError> {
    let query = sqlx::query_as(concat!(
        "update host_shells set attach_hash = null, seen_at = now()
         where attach_hash = $1 and created_at > now() - make_interval(secs => $2) and ended_at is null returning ",
        columns!()
    ));
    Ok(query.bind(secret).bind(lifetime.as_secs_f64()).fetch_optional(db).await?)
}

/// Its client is still connected.
pub async fn seen(db: impl PgExecutor<'_>, id: ShellId) -> Result<(), DbError> {
    sqlx::query("update host_shells set seen_at = now() where id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// It is over. What was noted first stays.
pub async fn ended(db: impl PgExecutor<'_>, id: ShellId, exit_code: Option<i32>) -> Result<(), DbError> {
    let query = sqlx::query(
        "update host_shells set ended_at = now(), exit_code = $2, attach_hash = null where id = $1 and ended_at is null",
    );
    query.bind(id).bind(exit_code).execute(db).await?;
    Ok(())
}

/// Whether its container has no reason to be: it is over, or nobody has looked after it for `silence`. One without a row
/// may be another installation's.
pub async fn is_over(db: impl PgExecutor<'_>, id: ShellId, silence: Duration) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "select exists (select 1 from host_shells where id = $1
                        and (ended_at is not null or seen_at < now() - make_interval(secs => $2)))",
    );
    Ok(query.bind(id).bind(silence.as_secs_f64()).fetch_one(db).await?)
}
