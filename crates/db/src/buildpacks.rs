use paas_model::AppId;
use sqlx::PgExecutor;

use crate::{Connection, DbError};

/// One entry of an app's ordered list of buildpacks.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Installation {
    /// From 0.
    pub ordinal: i32,
    pub url: String,
    /// Kept from detection after the first good build, rather than set by a person.
    pub pinned: bool,
}

pub async fn list(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<Installation>, DbError> {
    let query =
        sqlx::query_as("select ordinal, url, pinned from buildpack_installations where app_id = $1 order by ordinal");
    Ok(query.bind(app).fetch_all(db).await?)
}

/// Puts this list in place of the one there is.
pub async fn replace(db: &mut Connection, app: AppId, urls: &[String], pinned: bool) -> Result<(), DbError> {
    sqlx::query("delete from buildpack_installations where app_id = $1").bind(app).execute(&mut *db).await?;
    sqlx::query(
        "insert into buildpack_installations (app_id, ordinal, url, pinned)
         select $1, position - 1, url, $3 from unnest($2::text[]) with ordinality as list (url, position)",
    )
    .bind(app)
    .bind(urls)
    .bind(pinned)
    .execute(db)
    .await?;
    Ok(())
}
