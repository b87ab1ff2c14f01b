use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use paas_model::{AppId, ProcessType, SlugId};
use sqlx::{PgExecutor, types::Json};

use crate::{Connection, DbError};

macro_rules! columns {
    () => {
        "id, app_id, stack, checksum, commit, commit_description, buildpack_provided_description, process_types, \
         created_at"
    };
}

/// A slug that a client makes itself. Once its archive is here, there is a slug of the same id.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SlugUpload {
    pub id: SlugId,
    pub app_id: AppId,
    pub stack: String,
    /// `sha256:…`, which the archive must have; `None`: any.
    pub checksum: Option<String>,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    pub buildpack_provided_description: Option<String>,
    /// Shell command by process type.
    #[sqlx(json)]
    pub process_types: BTreeMap<ProcessType, String>,
    pub created_at: DateTime<Utc>,
}

/// `created_at` is the database's to say.
pub async fn create(db: impl PgExecutor<'_>, upload: &SlugUpload) -> Result<(), DbError> {
    sqlx::query(
        "insert into slug_uploads (id, app_id, stack, checksum, commit, commit_description,
                                   buildpack_provided_description, process_types)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(upload.id)
    .bind(upload.app_id)
    .bind(&upload.stack)
    .bind(&upload.checksum)
    .bind(&upload.commit)
    .bind(&upload.commit_description)
    .bind(&upload.buildpack_provided_description)
    .bind(Json(&upload.process_types))
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: impl PgExecutor<'_>, id: SlugId) -> Result<Option<SlugUpload>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from slug_uploads where id = $1"));
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// Those that were announced before this: nobody can fill them any more. Slugs that were made of them stay. Returns how many.
pub async fn forget(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> Result<u64, DbError> {
    let query = sqlx::query("delete from slug_uploads where created_at < $1");
    Ok(query.bind(before).execute(db).await?.rows_affected())
}

/// The same, and nobody else fills it until the transaction ends.
pub async fn lock(db: &mut Connection, id: SlugId) -> Result<Option<SlugUpload>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from slug_uploads where id = $1 for update"));
    Ok(query.bind(id).fetch_optional(db).await?)
}
