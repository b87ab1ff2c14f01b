use chrono::{DateTime, Utc};
use paas_model::{AccountId, AppId, LogSessionId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

/// A reader's view of an app's log: what its secret URL shows.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LogSession {
    pub id: LogSessionId,
    pub app_id: AppId,
    /// For whom; `None`: made before that was noted.
    pub account_id: Option<AccountId>,
    /// How many old lines it begins with.
    pub lines: i32,
    pub tail: bool,
    /// `app` or `heroku`; `None`: both.
    pub source: Option<String>,
    /// `web.1`, or `web` for every `web.N`; `None`: all.
    pub process: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewLogSession {
    pub id: LogSessionId,
    pub app_id: AppId,
    pub account_id: AccountId,
    pub secret: SecretHash,
    pub lines: i32,
    pub tail: bool,
    pub source: Option<String>,
    pub process: Option<String>,
    pub expires_at: DateTime<Utc>,
}

/// Also forgets sessions that are past their time.
pub async fn create(db: impl PgExecutor<'_>, session: &NewLogSession) -> Result<LogSession, DbError> {
    let query = sqlx::query_as(
        "with expired as (delete from log_sessions where expires_at < now())
         insert into log_sessions (id, app_id, secret_hash, lines, tail, source, process, expires_at, account_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         returning id, app_id, account_id, lines, tail, source, process, created_at, updated_at",
    );
    let query = query
        .bind(session.id)
        .bind(session.app_id)
        .bind(&session.secret)
        .bind(session.lines)
        .bind(session.tail)
        .bind(&session.source)
        .bind(&session.process)
        .bind(session.expires_at)
        .bind(session.account_id);
    Ok(query.fetch_one(db).await?)
}

/// `None`: no such session, or it is past its time.
pub async fn by_secret(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<LogSession>, DbError> {
    let query = sqlx::query_as(
        "select id, app_id, account_id, lines, tail, source, process, created_at, updated_at from log_sessions
         where secret_hash = $1 and expires_at > now()",
    );
    Ok(query.bind(secret).fetch_optional(db).await?)
}
