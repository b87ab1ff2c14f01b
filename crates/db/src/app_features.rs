//! What apps have switched on.

use chrono::{DateTime, Utc};
use paas_model::AppId;
use sqlx::PgExecutor;

use crate::DbError;

/// Names, and since when each is on.
pub async fn enabled(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<(String, DateTime<Utc>)>, DbError> {
    let query = sqlx::query_as("select name, created_at from app_features where app_id = $1 order by name");
    Ok(query.bind(app).fetch_all(db).await?)
}

/// # Errors
/// [`DbError::AppGone`].
pub async fn enable(db: impl PgExecutor<'_>, app: AppId, name: &str) -> Result<(), DbError> {
    let query = sqlx::query("insert into app_features (app_id, name) values ($1, $2) on conflict do nothing");
    query.bind(app).bind(name).execute(db).await?;
    Ok(())
}

pub async fn disable(db: impl PgExecutor<'_>, app: AppId, name: &str) -> Result<(), DbError> {
    let query = sqlx::query("delete from app_features where app_id = $1 and name = $2");
    query.bind(app).bind(name).execute(db).await?;
    Ok(())
}
