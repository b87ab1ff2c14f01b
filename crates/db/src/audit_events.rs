//! Who changed what, when and from where. The database lets nobody change what is written.

use chrono::{DateTime, Utc};
use paas_model::{AccountId, AppId, AppName, AuditEventId};
use serde_json::Value;
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AuditEvent {
    pub id: AuditEventId,
    pub at: DateTime<Utc>,
    /// `None`: nobody with an account.
    pub account_id: Option<AccountId>,
    pub email: Option<String>,
    /// What the account calls the token that it came with.
    pub token: Option<String>,
    /// `app.create`
    pub action: String,
    pub app_id: Option<AppId>,
    pub app_name: Option<String>,
    pub method: String,
    /// The route's pattern.
    pub path: String,
    pub remote_address: Option<String>,
    pub request_id: Option<String>,
    /// `None`: it was cut off, and whether it was done is not known.
    pub status: Option<i32>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Names of what was changed.
    pub detail: Value,
}

/// What [`begin`] writes.
#[derive(Debug, Clone)]
pub struct NewAuditEvent {
    pub id: AuditEventId,
    pub account: Option<(AccountId, String)>,
    /// Its description is looked up.
    pub token: Option<SecretHash>,
    pub action: String,
    pub app: Option<(AppId, AppName)>,
    pub method: String,
    pub path: String,
    pub remote_address: Option<String>,
    pub request_id: Option<String>,
    pub detail: Value,
}

/// How something ended.
#[derive(Debug, Clone)]
pub struct AuditEnd {
    pub status: u16,
    /// One that is only known now: it was made.
    pub app: Option<(AppId, AppName)>,
    /// Over what was known before.
    pub detail: Value,
}

/// Writes what is about to be done.
pub async fn begin(db: impl PgExecutor<'_>, event: &NewAuditEvent) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into audit_events (id, account_id, email, token, action, app_id, app_name, method, path, remote_address,
                                   request_id, detail)
         values ($1, $2, $3, (select description from tokens where token_hash = $4), $5, $6, $7, $8, $9, $10, $11, $12)",
    );
    let (account, email) = event.account.clone().unzip();
    let (app, app_name) = event.app.clone().unzip();
    let query = query
        .bind(event.id)
        .bind(account)
        .bind(email)
        .bind(&event.token)
        .bind(&event.action)
        .bind(app)
        .bind(app_name)
        .bind(&event.method)
        .bind(&event.path)
        .bind(&event.remote_address)
        .bind(&event.request_id)
        .bind(&event.detail);
    query.execute(db).await?;
    Ok(())
}

/// Writes how it ended; once.
pub async fn end(db: impl PgExecutor<'_>, id: AuditEventId, end: &AuditEnd) -> Result<(), DbError> {
    let query = sqlx::query(
        "update audit_events
         set status = $2, ended_at = now(), app_id = coalesce($3, app_id), app_name = coalesce($4, app_name),
             detail = detail || $5
         where id = $1 and status is null",
    );
    let (app, app_name) = end.app.clone().unzip();
    query.bind(id).bind(i32::from(end.status)).bind(app).bind(app_name).bind(&end.detail).execute(db).await?;
    Ok(())
}

/// Which events, and how many of them.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub app: Option<AppId>,
    /// Also of one that is gone.
    pub app_name: Option<String>,
    /// An account's id or e-mail address.
    pub account: Option<String>,
    pub action: Option<String>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Ids rise with time. Inclusive.
    pub from: Option<AuditEventId>,
    /// Inclusive.
    pub to: Option<AuditEventId>,
    /// Newest first.
    pub descending: bool,
    pub limit: i64,
}

/// Whether there is an event like it from the last minute.
pub async fn was_just_written(
    db: impl PgExecutor<'_>,
    account: Option<AccountId>,
    action: &str,
    app: Option<AppId>,
    status: i32,
) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "select exists (
             select from audit_events
             where account_id = $1 and action = $2 and app_id is not distinct from $3 and status = $4
                 and at > now() - interval '1 minute'
         )",
    );
    Ok(query.bind(account).bind(action).bind(app).bind(status).fetch_one(db).await?)
}

pub async fn list(db: impl PgExecutor<'_>, filter: &AuditFilter) -> Result<Vec<AuditEvent>, DbError> {
    // Twice, so that each is read along the index of ids and not sorted.
    let statement = match filter.descending {
        true => {
            "select id, at, account_id, email, token, action, app_id, app_name, method, path, remote_address, request_id, status,
                    ended_at, detail
             from audit_events where ($1::uuid is null or app_id = $1) and ($2::text is null or app_name = $2 or app_id::text = $2)
               and ($3::text is null or email = $3 or account_id::text = $3) and ($4::text is null or action = $4)
               and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
               and ($7::uuid is null or id >= $7) and ($8::uuid is null or id <= $8)
             order by id desc limit $9"
        }
        false => {
            "select id, at, account_id, email, token, action, app_id, app_name, method, path, remote_address, request_id, status,
                    ended_at, detail
             from audit_events where ($1::uuid is null or app_id = $1) and ($2::text is null or app_name = $2 or app_id::text = $2)
               and ($3::text is null or email = $3 or account_id::text = $3) and ($4::text is null or action = $4)
               and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
               and ($7::uuid is null or id >= $7) and ($8::uuid is null or id <= $8)
             order by id limit $9"
        }
    };
    let query = sqlx::query_as(statement);
    let query = query
        .bind(filter.app)
        .bind(&filter.app_name)
        .bind(&filter.account)
        .bind(&filter.action)
        .bind(filter.since)
        .bind(filter.until)
        .bind(filter.from)
        .bind(filter.to)
        .bind(filter.limit);
    Ok(query.fetch_all(db).await?)
}

/// Deletes what is older. The database refuses what is younger than 30 days.
pub async fn forget(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> Result<u64, DbError> {
    let query = sqlx::query("delete from audit_events where at < $1");
    Ok(query.bind(before).execute(db).await?.rows_affected())
}
