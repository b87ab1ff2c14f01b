use chrono::{DateTime, Utc};
use paas_model::{AppId, LogLine, LogSource};
use sqlx::PgExecutor;

use crate::{Db, DbError};

/// A line with its place in its app's log: higher is later, with gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredLine {
    pub seq: i64,
    pub line: LogLine,
}

/// Which lines a reader wants; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub source: Option<LogSource>,
    /// `web.1`, or `web` for every `web.N` (Heroku: `heroku logs --dyno`).
    pub process: Option<String>,
}

/// Appends lines of any number of apps, in order. Lines of apps that are gone are left out. NUL, which text columns cannot
/// hold, becomes U+FFFD.
///
/// Opens its own transaction: readers go on from the highest `seq` they saw, so numbers must become visible in the order
/// in which they were given, and only a lock held until the commit makes them.
pub async fn append(db: &Db, lines: &[(AppId, LogLine)]) -> Result<(), DbError> {
    let apps: Vec<AppId> = lines.iter().map(|(app, _)| *app).collect();
    let times: Vec<DateTime<Utc>> = lines.iter().map(|(_, line)| line.at).collect();
    let sources: Vec<&str> = lines.iter().map(|(_, line)| line.source.as_str()).collect();
    let processes: Vec<String> = lines.iter().map(|(_, line)| storable(&line.process)).collect();
    let messages: Vec<String> = lines.iter().map(|(_, line)| storable(&line.message)).collect();
    let mut transaction = db.begin().await?;
    sqlx::query("select pg_advisory_xact_lock(726174)").execute(&mut *transaction).await?;
    sqlx::query(
        "insert into log_lines (app_id, at, source, process, message)
         select fresh.app_id, fresh.at, fresh.source, fresh.process, fresh.message
         from unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[]) with ordinality
              as fresh (app_id, at, source, process, message, position)
         where exists (select 1 from apps where apps.id = fresh.app_id)
         order by position",
    )
    .bind(apps)
    .bind(times)
    .bind(sources)
    .bind(processes)
    .bind(messages)
    .execute(&mut *transaction)
    .await?;
    Ok(transaction.commit().await?)
}

/// The newest `limit` lines that pass the filter, oldest first.
pub async fn newest(
    db: impl PgExecutor<'_>,
    app: AppId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<StoredLine>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "select seq, at, source, process, message from (
             select seq, at, source, process, message from log_lines
             where app_id = $1 and ($2::text is null or source = $2)
               and ($3::text is null or process = $3 or starts_with(process, $3 || '.'))
             order by seq desc limit $4) newest
         order by seq",
    );
    let rows = query.bind(app).bind(filter.source()).bind(&filter.process).bind(limit).fetch_all(db).await?;
    Ok(rows.into_iter().map(StoredLine::from).collect())
}

/// The oldest `limit` lines after `seq` that pass the filter.
pub async fn after(
    db: impl PgExecutor<'_>,
    app: AppId,
    filter: &Filter,
    seq: i64,
    limit: i64,
) -> Result<Vec<StoredLine>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "select seq, at, source, process, message from log_lines
         where app_id = $1 and ($2::text is null or source = $2)
           and ($3::text is null or process = $3 or starts_with(process, $3 || '.'))
           and seq > $4
         order by seq limit $5",
    );
    let rows = query.bind(app).bind(filter.source()).bind(&filter.process).bind(seq).bind(limit).fetch_all(db).await?;
    Ok(rows.into_iter().map(StoredLine::from).collect())
}

/// The oldest `limit` lines after `seq`, as many of them as have `bytes` bytes together, and always the first.
pub async fn after_within(
    db: impl PgExecutor<'_>,
    app: AppId,
    seq: i64,
    limit: i64,
    bytes: i64,
) -> Result<Vec<StoredLine>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "select seq, at, source, process, message from (
             select seq, at, source, process, message, row_number() over lines as place, sum(octet_length(message)) over lines as bytes
             from (select seq, at, source, process, message from log_lines
                   where app_id = $1 and seq > $2 order by seq limit $3) oldest
             window lines as (order by seq rows unbounded preceding)) counted
         where bytes <= $4 or place = 1
         order by seq",
    );
    let rows = query.bind(app).bind(seq).bind(limit).bind(bytes).fetch_all(db).await?;
    Ok(rows.into_iter().map(StoredLine::from).collect())
}

/// The place of the newest line; 0 where there is none.
pub async fn end(db: impl PgExecutor<'_>, app: AppId) -> Result<i64, DbError> {
    let query = sqlx::query_scalar("select coalesce(max(seq), 0) from log_lines where app_id = $1");
    Ok(query.bind(app).fetch_one(db).await?)
}

/// Deletes all but the newest `keep` lines of each of the apps; returns how many went. Drains that have not delivered them
/// remember how many that were.
pub async fn trim(db: impl PgExecutor<'_>, apps: &[AppId], keep: i64) -> Result<u64, DbError> {
    let query = sqlx::query_scalar::<_, i64>(
        "with gone as (
             delete from log_lines using unnest($1::uuid[]) as trimmed (app_id), lateral (
                 select newest.seq from log_lines newest where newest.app_id = trimmed.app_id
                 order by newest.seq desc offset $2 limit 1) surplus
             where log_lines.app_id = trimmed.app_id and log_lines.seq <= surplus.seq
             returning log_lines.app_id, log_lines.seq, log_lines.at
         ), undelivered as (
             select log_drains.id, count(*) as lines, min(gone.at) as since
             from gone join log_drains on log_drains.app_id = gone.app_id and gone.seq > log_drains.delivered_seq
             group by log_drains.id
         ), noted as (
             update log_drains set dropped = dropped + lines, dropped_since = coalesce(dropped_since, since)
             from undelivered where log_drains.id = undelivered.id
         )
         select count(*) from gone",
    );
    Ok(query.bind(apps).bind(keep).fetch_one(db).await?.unsigned_abs())
}

impl Filter {
    fn source(&self) -> Option<&'static str> {
        self.source.map(LogSource::as_str)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    at: DateTime<Utc>,
    source: String,
    process: String,
    message: String,
}

impl From<Row> for StoredLine {
    fn from(row: Row) -> Self {
        // The table's CHECK knows the two words that `parse` knows.
        let source = LogSource::parse(&row.source).unwrap_or(LogSource::Heroku);
        Self { seq: row.seq, line: LogLine { at: row.at, source, process: row.process, message: row.message } }
    }
}

fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
