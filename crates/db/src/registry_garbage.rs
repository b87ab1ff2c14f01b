//! Images that no kept slug has, until the registry has forgotten them.

use std::time::Duration;

use paas_model::{AppId, SlugId};
use sqlx::PgExecutor;

use crate::{Connection, DbError};

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Garbage {
    /// `HOST/apps/ID@sha256:…`
    pub image: String,
    /// It may be gone.
    pub app_id: AppId,
}

/// Notes an image that is to be deleted. Noting it twice is noting it once.
pub async fn add(db: impl PgExecutor<'_>, app: AppId, image: &str) -> Result<(), DbError> {
    let query =
        sqlx::query("insert into registry_garbage (app_id, image) values ($1, $2) on conflict (image) do nothing");
    query.bind(app).bind(image).execute(db).await?;
    Ok(())
}

/// Notes every image of an app's slugs, or of the one that nothing keeps. The caller holds the app's lock.
pub async fn add_slugs(db: &mut Connection, app: AppId, only: Option<SlugId>) -> Result<(), DbError> {
    let query = sqlx::query(
        "with wanted as (select id, image from slugs where app_id = $1 and ($2::uuid is null or id = $2))
         insert into registry_garbage (app_id, image)
         select $1, image from wanted
         union
         select $1, container_images.image from container_images join wanted on wanted.id = container_images.slug_id
         on conflict (image) do nothing",
    );
    query.bind(app).bind(only).execute(db).await?;
    Ok(())
}

/// What is due, at most `most`.
pub async fn due(db: impl PgExecutor<'_>, most: i64) -> Result<Vec<Garbage>, DbError> {
    let query = sqlx::query_as(
        "select image, app_id from registry_garbage where next_attempt_at <= now() order by next_attempt_at limit $1",
    );
    Ok(query.bind(most).fetch_all(db).await?)
}

/// The registry has forgotten it, or it is kept after all.
pub async fn remove(db: impl PgExecutor<'_>, image: &str) -> Result<(), DbError> {
    sqlx::query("delete from registry_garbage where image = $1").bind(image).execute(db).await?;
    Ok(())
}

/// The registry did not delete it: it is asked again after `wait`.
pub async fn failed(db: impl PgExecutor<'_>, image: &str, error: &str, wait: Duration) -> Result<(), DbError> {
    let query = sqlx::query(
        "update registry_garbage set last_error = $2, next_attempt_at = now() + make_interval(secs => $3)
         where image = $1",
    );
    query.bind(image).bind(error).bind(wait.as_secs_f64()).execute(db).await?;
    Ok(())
}

/// How many there are, and what the registry last said of one that it did not delete.
pub async fn waiting(db: impl PgExecutor<'_>) -> Result<(i64, Option<String>), DbError> {
    let query = sqlx::query_as("select count(*), max(last_error) from registry_garbage");
    Ok(query.fetch_one(db).await?)
}
