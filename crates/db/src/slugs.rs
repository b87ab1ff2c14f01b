use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt};
use paas_model::{AppId, AppName, ProcessType, ReleaseVersion, SlugId, SlugLayer, SlugUse};
use sha2::{Digest, Sha256};
use sqlx::{PgExecutor, types::Json};

use crate::{Connection, DbError};

macro_rules! columns {
    () => {
        "id, app_id, stack, digest, diff_id, size, layers, image, commit, commit_description, \
         buildpack_provided_description, process_types, collected_at, created_at, updated_at"
    };
}

/// The same, of a row that others are joined to.
macro_rules! joined_columns {
    () => {
        "slugs.id, slugs.app_id, slugs.stack, slugs.digest, slugs.diff_id, slugs.size, slugs.layers, slugs.image, \
         slugs.commit, slugs.commit_description, slugs.buildpack_provided_description, slugs.process_types, slugs.collected_at, slugs.created_at, \
         slugs.updated_at"
    };
}

/// A built app: image layers, and the image that is the stack's layers with these on top.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Slug {
    pub id: SlugId,
    pub app_id: AppId,
    pub stack: String,
    /// The same for slugs that are the same. Of a slug with one layer, this is the blob's.
    pub digest: String,
    /// Of the tar of the topmost layer.
    diff_id: String,
    /// Compressed bytes, of all layers.
    pub size: i64,
    layers: Option<Json<Vec<SlugLayer>>>,
    /// Full reference that hosts pull.
    pub image: String,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    /// The language, as the buildpack's detect printed it.
    pub buildpack_provided_description: Option<String>,
    /// Shell command by process type.
    #[sqlx(json)]
    pub process_types: BTreeMap<ProcessType, String>,
    /// Since when it is not kept any more: the registry has lost it, or soon will. `None`: it is kept.
    pub collected_at: Option<DateTime<Utc>>,
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
    /// The bottom one first; there is one at least.
    pub layers: Vec<SlugLayer>,
    pub image: String,
    pub commit: Option<String>,
    pub commit_description: Option<String>,
    pub buildpack_provided_description: Option<String>,
    pub process_types: BTreeMap<ProcessType, String>,
}

impl Slug {
    /// The bottom one first.
    #[must_use]
    pub fn layers(&self) -> Vec<SlugLayer> {
        layers(self.layers.clone(), &self.digest, &self.diff_id, self.size)
    }
}

/// Of a row; those of before slugs had several layers tell of one.
fn layers(several: Option<Json<Vec<SlugLayer>>>, digest: &str, diff_id: &str, size: i64) -> Vec<SlugLayer> {
    several.map_or_else(
        || {
            let (digest, diff_id) = (digest.to_owned(), diff_id.to_owned());
            vec![SlugLayer { digest, diff_id, size: u64::try_from(size).unwrap_or_default(), ..SlugLayer::default() }]
        },
        |Json(layers)| layers,
    )
}

/// What stands for a slug with these layers in [`Slug::digest`].
#[must_use]
pub fn digest(layers: &[SlugLayer]) -> String {
    if let [only] = layers {
        return only.digest.clone();
    }
    let digests: Vec<&str> = layers.iter().map(|layer| layer.digest.as_str()).collect();
    format!("sha256:{}", hex::encode(Sha256::digest(digests.join("\n"))))
}

pub async fn create(db: impl PgExecutor<'_>, slug: &NewSlug) -> Result<(), DbError> {
    sqlx::query(
        "insert into slugs (id, app_id, stack, digest, diff_id, size, layers, image, commit, commit_description,
                            buildpack_provided_description, process_types)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(slug.id)
    .bind(slug.app_id)
    .bind(&slug.stack)
    .bind(digest(&slug.layers))
    .bind(slug.layers.last().map_or("", |layer| &layer.diff_id))
    .bind(i64::try_from(slug.layers.iter().map(|layer| layer.size).sum::<u64>()).unwrap_or(i64::MAX))
    .bind(Json(&slug.layers))
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

/// The app's newest one that is kept.
pub async fn newest(db: impl PgExecutor<'_>, app: AppId) -> Result<Option<Slug>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from slugs where app_id = $1 and collected_at is null order by created_at desc, id desc limit 1"
    ));
    Ok(query.bind(app).fetch_optional(db).await?)
}

/// Apps that have slugs which are kept, from the one after `after` on; at most `most`.
pub async fn apps_with_kept(db: impl PgExecutor<'_>, after: Option<AppId>, most: i64) -> Result<Vec<AppId>, DbError> {
    let query = sqlx::query_scalar(
        "select distinct app_id from slugs
         where collected_at is null and ($1::uuid is null or app_id > $1) order by app_id limit $2",
    );
    Ok(query.bind(after).bind(most).fetch_all(db).await?)
}

/// A slug that is kept so far, and who wants it.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: SlugId,
    pub image: String,
    pub layers: Vec<SlugLayer>,
    pub uses: SlugUse,
}

#[derive(sqlx::FromRow)]
struct KeptRow {
    id: SlugId,
    image: String,
    digest: String,
    size: i64,
    layers: Option<Json<Vec<SlugLayer>>>,
    rank: Option<i64>,
    is_next: bool,
    runs: bool,
    was_released: bool,
    created_at: DateTime<Utc>,
}

/// Every slug of the app that is kept so far.
pub async fn kept(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<Kept>, DbError> {
    let rows: Vec<KeptRow> = sqlx::query_as(KEPT).bind(Some(app)).fetch_all(db).await?;
    Ok(rows.into_iter().map(Kept::from).collect())
}

/// Every slug of every app that is kept so far, by app. They come as they are read: there may be many.
pub fn kept_by_all<'a>(db: impl PgExecutor<'a> + 'a) -> impl Stream<Item = Result<Kept, DbError>> + 'a {
    let rows = sqlx::query_as::<_, KeptRow>(KEPT).bind(None::<AppId>).fetch(db);
    rows.map(|row| Ok(row?.into()))
}

/// Of one app, or of all.
const KEPT: &str = "
    with known as (
        select app_id, slug_id, state, version = max(version) over (partition by app_id) as is_newest,
               case when state = 'succeeded'
                    then row_number() over (partition by app_id, state order by version desc) end as rank
        from releases where $1::uuid is null or app_id = $1),
    wanted as (
        select app_id, slug_id, min(rank) as rank,
               bool_or(is_newest or state in ('pending', 'running_phase')) as is_next
        from known where slug_id is not null group by app_id, slug_id),
    running as (
        select distinct dynos.app_id, releases.slug_id
        from dynos join releases on releases.id = dynos.release_id
        where ($1::uuid is null or dynos.app_id = $1) and dynos.state <> 'gone' and releases.slug_id is not null)
    select slugs.id, slugs.image, slugs.digest, slugs.size, slugs.layers, wanted.rank, coalesce(wanted.is_next, false) as is_next,
           running.slug_id is not null as runs, wanted.slug_id is not null as was_released, slugs.created_at
    from slugs
    left join wanted on wanted.app_id = slugs.app_id and wanted.slug_id = slugs.id
    left join running on running.app_id = slugs.app_id and running.slug_id = slugs.id
    where ($1::uuid is null or slugs.app_id = $1) and slugs.collected_at is null
    order by slugs.app_id, slugs.id";

impl From<KeptRow> for Kept {
    fn from(row: KeptRow) -> Self {
        Self {
            id: row.id,
            image: row.image,
            layers: layers(row.layers, &row.digest, "", row.size),
            uses: SlugUse {
                rank: row.rank.map(|rank| u32::try_from(rank).unwrap_or(u32::MAX)),
                is_next: row.is_next,
                runs: row.runs,
                was_released: row.was_released,
                created_at: row.created_at,
            },
        }
    }
}

/// From now on nothing keeps the slug: no release can be made of it any more. The caller holds the app's lock.
pub async fn collect(db: &mut Connection, id: SlugId) -> Result<(), DbError> {
    let query = sqlx::query("update slugs set collected_at = now(), updated_at = now() where id = $1");
    query.bind(id).execute(db).await?;
    Ok(())
}

/// Whether a slug that is kept has this manifest (`sha256:…`), or does not tell which it has: those of before were named by tags.
pub async fn keep_manifest(db: impl PgExecutor<'_>, app: AppId, digest: &str) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "select exists (
             select 1 from slugs left join container_images on container_images.slug_id = slugs.id
             where slugs.app_id = $1 and slugs.collected_at is null
             and (slugs.image like '%@' || $2 or slugs.image not like '%@sha256:%'
                  or container_images.image like '%@' || $2))",
    );
    Ok(query.bind(app).bind(digest).fetch_one(db).await?)
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
