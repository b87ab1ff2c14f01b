//! Where apps' log lines are sent, and how far that has come. A drain is served by the one controller that holds its lease.

use std::time::Duration;

use chrono::{DateTime, Utc};
use paas_model::{AppId, ControllerId, DrainId};
use sha2::{Digest, Sha256};
use sqlx::PgExecutor;

use crate::{DbError, Vault, VaultError};

/// A drain as its app's people see it.
#[derive(Debug, Clone)]
pub struct LogDrain {
    pub id: DrainId,
    pub app_id: AppId,
    /// It may hold a password.
    pub url: secrecy::SecretString,
    pub token: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: DrainId,
    app_id: AppId,
    url: Vec<u8>,
    token: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn opened(self, vault: &Vault) -> Result<LogDrain, DbError> {
        let url = String::from_utf8(vault.open(self.id.uuid(), &self.url)?).map_err(|_| VaultError::Decrypt)?;
        Ok(LogDrain {
            id: self.id,
            app_id: self.app_id,
            url: url.into(),
            token: self.token,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Begins with the next line that the app writes.
///
/// # Errors
/// [`DbError::DrainUrlTaken`].
pub async fn create(
    db: impl PgExecutor<'_>,
    vault: &Vault,
    id: DrainId,
    app: AppId,
    url: &str,
    token: &str,
) -> Result<(), DbError> {
    let hash = Sha256::digest([app.uuid().as_bytes(), url.as_bytes()].concat()).to_vec();
    let query = sqlx::query(
        "insert into log_drains (id, app_id, url, url_hash, token, delivered_seq)
         select $1, $2, $3, $4, $5, coalesce(max(seq), 0) from log_lines where app_id = $2",
    );
    query.bind(id).bind(app).bind(vault.seal(id.uuid(), url.as_bytes())?).bind(hash).bind(token).execute(db).await?;
    Ok(())
}

/// Of the app, the eldest first.
pub async fn list(db: impl PgExecutor<'_>, vault: &Vault, app: AppId) -> Result<Vec<LogDrain>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "select id, app_id, url, token, created_at, updated_at from log_drains where app_id = $1 order by id",
    );
    query.bind(app).fetch_all(db).await?.into_iter().map(|row| row.opened(vault)).collect()
}

pub async fn delete(db: impl PgExecutor<'_>, id: DrainId) -> Result<(), DbError> {
    sqlx::query("delete from log_drains where id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// How many there are, of all apps.
pub async fn count(db: impl PgExecutor<'_>) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select count(*) from log_drains").fetch_one(db).await?)
}

/// Takes drains over that nobody serves. One whose row cannot be decrypted is taken, and left out.
pub async fn claim(
    db: impl PgExecutor<'_>,
    vault: &Vault,
    controller: ControllerId,
    ttl: Duration,
    limit: i64,
) -> Result<Vec<LogDrain>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "update log_drains set lease_id = $1, lease_expires_at = now() + make_interval(secs => $2)
         where id in (
             select id from log_drains where lease_id is null or lease_expires_at < now()
             order by lease_expires_at nulls first for update skip locked limit $3)
         returning id, app_id, url, token, created_at, updated_at",
    );
    Ok(those_that_open(query.bind(controller).bind(ttl.as_secs_f64()).bind(limit).fetch_all(db).await?, vault))
}

/// Renews the controller's leases, those that have not been taken by another, and says which drains it still has.
pub async fn extend(db: impl PgExecutor<'_>, controller: ControllerId, ttl: Duration) -> Result<Vec<DrainId>, DbError> {
    let query = sqlx::query_scalar(
        "update log_drains set lease_expires_at = now() + make_interval(secs => $2) where lease_id = $1 returning id",
    );
    Ok(query.bind(controller).bind(ttl.as_secs_f64()).fetch_all(db).await?)
}

/// These of the drains that the controller holds, and that can be decrypted.
pub async fn held(
    db: impl PgExecutor<'_>,
    vault: &Vault,
    controller: ControllerId,
    ids: &[DrainId],
) -> Result<Vec<LogDrain>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "select id, app_id, url, token, created_at, updated_at from log_drains where lease_id = $1 and id = any($2)",
    );
    Ok(those_that_open(query.bind(controller).bind(ids).fetch_all(db).await?, vault))
}

/// One that was sealed with a key that is not here holds up none of the others.
fn those_that_open(rows: Vec<Row>, vault: &Vault) -> Vec<LogDrain> {
    let open = |row: Row| {
        let id = row.id;
        let opened = row.opened(vault).inspect_err(|error| {
            tracing::error!(%error, drain.id = %id, "the URL of a log drain cannot be decrypted; nothing is sent there");
        });
        opened.ok()
    };
    rows.into_iter().filter_map(open).collect()
}

/// Gives drains up, for another controller to take at once; all of them when `drains` is `None`.
pub async fn let_go(
    db: impl PgExecutor<'_>,
    controller: ControllerId,
    drains: Option<&[DrainId]>,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update log_drains set lease_id = null, lease_expires_at = now()
         where lease_id = $1 and ($2::uuid[] is null or id = any($2))",
    );
    query.bind(controller).bind(drains).execute(db).await?;
    Ok(())
}

/// Those of the controller's drains that have something to send.
pub async fn behind(db: impl PgExecutor<'_>, controller: ControllerId) -> Result<Vec<DrainId>, DbError> {
    let query = sqlx::query_scalar(
        "select id from log_drains
         where lease_id = $1
           and (dropped > 0 or exists (select 1 from log_lines
                                       where log_lines.app_id = log_drains.app_id and seq > delivered_seq))",
    );
    Ok(query.bind(controller).fetch_all(db).await?)
}

/// How far a drain has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Progress {
    /// The place in the app's log up to which lines were delivered, or dropped.
    pub delivered_seq: i64,
    /// Lines that were dropped and not yet told of. Some of them may have been under way, and have arrived.
    pub dropped: i64,
    pub dropped_since: Option<DateTime<Utc>>,
}

/// # Errors
/// [`DbError::LeaseLost`] when it is another controller's, or gone.
pub async fn progress(db: impl PgExecutor<'_>, id: DrainId, controller: ControllerId) -> Result<Progress, DbError> {
    let query =
        sqlx::query_as("select delivered_seq, dropped, dropped_since from log_drains where id = $1 and lease_id = $2");
    query.bind(id).bind(controller).fetch_optional(db).await?.ok_or(DbError::LeaseLost)
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Dropped lines that the receiver was told of.
    pub told: i64,
    /// Lines that the receiver will not have, and the time of the first of them.
    pub lost: i64,
    pub lost_since: Option<DateTime<Utc>>,
}

/// Lines up to `seq` are done with.
///
/// # Errors
/// [`DbError::LeaseLost`].
pub async fn advance(
    db: impl PgExecutor<'_>,
    id: DrainId,
    controller: ControllerId,
    seq: i64,
    outcome: Outcome,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update log_drains set delivered_seq = $3, dropped = dropped - $4 + $5,
                dropped_since = case when dropped - $4 + $5 > 0
                                     then coalesce(case when dropped > $4 then dropped_since end, $6, now()) end
         where id = $1 and lease_id = $2",
    );
    let Outcome { told, lost, lost_since } = outcome;
    let query = query.bind(id).bind(controller).bind(seq).bind(told).bind(lost).bind(lost_since);
    if query.execute(db).await?.rows_affected() == 0 { Err(DbError::LeaseLost) } else { Ok(()) }
}
