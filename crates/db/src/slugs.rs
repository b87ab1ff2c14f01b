use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use paas_model::{AppId, AppName, ProcessType, ReleaseVersion, SlugId};
use sqlx::{PgExecutor, types::Json};

use crate::DbError;

macro_rules! columns {
    () => {
        "id, app_id, stack, digest, diff_id, size, image, commit, commit_description, buildpack_provided_description, \
         process_types, created_at, updated_at"
    };
}

/// The same, of a row that others are joined to.
macro_rules! joined_columns {
    () => {
        "slugs.id, slugs.app_id, slugs.stack, slugs.digest, slugs.diff_id, slugs.size, slugs.image, slugs.commit, \
         slugs.commit_description, slugs.buildpack_provided_description, slugs.process_types, slugs.created_at, \
         slugs.updated_at"
    };
}

/// A built app: one image layer, and the image that is the stack's layers with it on top.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Slug {
    pub id: SlugId,
    pub app_id: AppId,
    pub stack: String,
    /// Digest of the gzipped layer blob.
    pub digest: String,
    /// Digest of its tar.
    pub diff_id: String,
    /// Compressed bytes.
    pub size: i64,
    /// Full reference that hosts pull.
    pub image: String,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    /// The language, as the buildpack's detect printed it.
    pub buildpack_provided_description: Option<String>,
    /// Shell command by process type.
    #[sqlx(json)]
    pub process_types: BTreeMap<ProcessType, String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A slug, and who uses it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct UsedSlug {
    #[sqlx(flatten)]
    pub slug: Slug,
    /// Releases with it, of any state, the oldest first.
    pub versions: Vec<ReleaseVersion>,
}

/// What an app runs.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RunningSlug {
    #[sqlx(flatten)]
    pub slug: Slug,
    pub app_name: AppName,
    /// The current release, and what it says of itself.
    pub version: ReleaseVersion,
    pub description: String,
}

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewSlug {
    pub id: SlugId,
    pub app_id: AppId,
    pub stack: String,
    pub digest: String,
    pub diff_id: String,
    pub size: i64,
    pub image: String,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    pub buildpack_provided_description: Option<String>,
    pub process_types: BTreeMap<ProcessType, String>,
}

pub async fn create(db: impl PgExecutor<'_>, slug: &NewSlug) -> Result<(), DbError> {
    sqlx::query(
        "insert into slugs (id, app_id, stack, digest, diff_id, size, image, commit, commit_description,
                            buildpack_provided_description, process_types)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(slug.id)
    .bind(slug.app_id)
    .bind(&slug.stack)
    .bind(&slug.digest)
    .bind(&slug.diff_id)
    .bind(slug.size)
    .bind(&slug.image)
    .bind(&slug.commit)
    .bind(&slug.commit_description)
    .bind(&slug.buildpack_provided_description)
    .bind(Json(&slug.process_types))
    .execute(db)
    .await?;
    Ok(())
}

/// Of whatever app: for who has proof of its id.
pub async fn by_id(db: impl PgExecutor<'_>, id: SlugId) -> Result<Option<Slug>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from slugs where id = $1")).bind(id).fetch_optional(db).await?)
}

pub async fn find(db: impl PgExecutor<'_>, app: AppId, id: SlugId) -> Result<Option<Slug>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from slugs where id = $1 and app_id = $2"));
    Ok(query.bind(id).bind(app).fetch_optional(db).await?)
}

/// The app's newest, newest first.
pub async fn list(db: impl PgExecutor<'_>, app: AppId, limit: i64) -> Result<Vec<UsedSlug>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        joined_columns!(),
        ", array(select version from releases
                 where releases.app_id = slugs.app_id and releases.slug_id = slugs.id order by version) as versions
         from slugs where slugs.app_id = $1 order by slugs.created_at desc, slugs.id desc limit $2"
    ));
    Ok(query.bind(app).bind(limit).fetch_all(db).await?)
}

pub async fn used(db: impl PgExecutor<'_>, app: AppId, id: SlugId) -> Result<Option<UsedSlug>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        joined_columns!(),
        ", array(select version from releases
                 where releases.app_id = slugs.app_id and releases.slug_id = slugs.id order by version) as versions
         from slugs where slugs.app_id = $1 and slugs.id = $2"
    ));
    Ok(query.bind(app).bind(id).fetch_optional(db).await?)
}

/// What runs, over all apps to which anything was deployed, or of one; by the app's name.
pub async fn running(db: impl PgExecutor<'_>, app: Option<AppId>) -> Result<Vec<RunningSlug>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        joined_columns!(),
        ", apps.name as app_name, current.version, current.description
         from apps
         join lateral (
             select version, slug_id, description from releases
             where releases.app_id = apps.id and releases.state = 'succeeded' order by version desc limit 1
         ) current on true
         join slugs on slugs.id = current.slug_id
         where $1::uuid is null or apps.id = $1
         order by apps.name"
    ));
    Ok(query.bind(app).fetch_all(db).await?)
}
