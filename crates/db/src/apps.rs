use chrono::{DateTime, Utc};
use paas_model::{AccountId, AppId, AppName, ConfigId, Labels};
use sqlx::{PgExecutor, types::Json};

use crate::{Connection, DbError};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select apps.id, apps.name, apps.owner_id, apps.stack, apps.maintenance, apps.config_id, apps.cache_digest,
                    apps.cache_stack, apps.cache_purged_at, apps.repo_size, apps.created_at, apps.updated_at, apps.released_at,
                    accounts.email as owner_email, slug.size as slug_size, slug.buildpack_provided_description,
                    slug.stack as slug_stack
             from apps join accounts on accounts.id = apps.owner_id
             left join lateral (
                 select slugs.size, slugs.buildpack_provided_description, slugs.stack
                 from releases join slugs on slugs.id = releases.slug_id
                 where releases.app_id = apps.id and releases.state = 'succeeded' order by version desc limit 1
             ) slug on true ",
            $rest
        )
    };
}

/// An app with what its API form needs from other tables.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct App {
    pub id: AppId,
    pub name: AppName,
    pub owner_id: AccountId,
    pub owner_email: String,
    /// That the next build is for.
    pub stack: String,
    /// That of the newest succeeded release's slug.
    pub slug_stack: Option<String>,
    pub maintenance: bool,
    /// The config vars that the next release gets.
    pub config_id: ConfigId,
    pub cache_digest: Option<String>,
    /// Stack that the cache was made on; a cache never crosses stacks.
    pub cache_stack: Option<String>,
    /// When the cache was last forgotten at somebody's wish.
    pub cache_purged_at: Option<DateTime<Utc>>,
    /// Bytes of the git repository; `None` before the first push.
    pub repo_size: Option<i64>,
    /// Bytes of the newest succeeded release's slug.
    pub slug_size: Option<i64>,
    pub buildpack_provided_description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub released_at: Option<DateTime<Utc>>,
}

pub async fn create(
    db: &mut Connection,
    id: AppId,
    name: &AppName,
    owner: AccountId,
    stack: &str,
    config: ConfigId,
) -> Result<(), DbError> {
    sqlx::query("insert into apps (id, name, owner_id, stack, config_id) values ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(name)
        .bind(owner)
        .bind(stack)
        .bind(config)
        .execute(db)
        .await?;
    Ok(())
}

pub async fn by_id(db: impl PgExecutor<'_>, id: AppId) -> Result<Option<App>, DbError> {
    let query = sqlx::query_as(select!("where apps.id = $1"));
    Ok(query.bind(id).fetch_optional(db).await?)
}

pub async fn by_name(db: impl PgExecutor<'_>, name: &AppName) -> Result<Option<App>, DbError> {
    let query = sqlx::query_as(select!("where apps.name = $1"));
    Ok(query.bind(name).fetch_optional(db).await?)
}

/// Apps that the account owns or is a collaborator of, or every app for `None`; by name.
pub async fn list(db: impl PgExecutor<'_>, visible_to: Option<AccountId>) -> Result<Vec<App>, DbError> {
    let query = sqlx::query_as(select!(
        "where $1::uuid is null or apps.owner_id = $1
            or exists (select 1 from collaborators where collaborators.app_id = apps.id and account_id = $1)
         order by apps.name"
    ));
    Ok(query.bind(visible_to).fetch_all(db).await?)
}

/// Takes the app's row lock, which serialises releases and config changes of one app. False: no such app.
pub async fn lock(db: &mut Connection, id: AppId) -> Result<bool, DbError> {
    let row = sqlx::query("select 1 from apps where id = $1 for update").bind(id).fetch_optional(db).await?;
    Ok(row.is_some())
}

/// Changes what is given and keeps the rest.
///
/// # Errors
/// [`DbError::AppNameTaken`].
pub async fn update(
    db: &mut Connection,
    id: AppId,
    name: Option<&AppName>,
    maintenance: Option<bool>,
    stack: Option<&str>,
) -> Result<(), DbError> {
    sqlx::query(
        "update apps set name = coalesce($2, name), maintenance = coalesce($3, maintenance),
                stack = coalesce($4, stack), updated_at = now()
         where id = $1",
    )
    .bind(id)
    .bind(name)
    .bind(maintenance)
    .bind(stack)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn set_owner(db: &mut Connection, id: AppId, owner: AccountId) -> Result<(), DbError> {
    let query = sqlx::query("update apps set owner_id = $2, updated_at = now() where id = $1");
    query.bind(id).bind(owner).execute(db).await?;
    Ok(())
}

pub async fn set_config(db: &mut Connection, id: AppId, config: ConfigId) -> Result<(), DbError> {
    let query = sqlx::query("update apps set config_id = $2, updated_at = now() where id = $1");
    query.bind(id).bind(config).execute(db).await?;
    Ok(())
}

pub async fn set_released(db: &mut Connection, id: AppId) -> Result<(), DbError> {
    let query = sqlx::query("update apps set released_at = now(), updated_at = now() where id = $1");
    query.bind(id).execute(db).await?;
    Ok(())
}

pub async fn set_repo_size(db: impl PgExecutor<'_>, id: AppId, bytes: i64) -> Result<(), DbError> {
    sqlx::query("update apps set repo_size = $2 where id = $1").bind(id).bind(bytes).execute(db).await?;
    Ok(())
}

/// What a build leaves for the next, unless the cache was purged after `began`, which is the app's row from when it began.
/// `digest` `None`: there is none.
pub async fn set_cache(db: &mut Connection, began: &App, digest: Option<&str>, stack: &str) -> Result<(), DbError> {
    let query = sqlx::query(
        "update apps set cache_digest = $2, cache_stack = $3
         where id = $1 and cache_purged_at is not distinct from $4",
    );
    query.bind(began.id).bind(digest).bind(stack).bind(began.cache_purged_at).execute(db).await?;
    Ok(())
}

/// Forgets the cache, also the one that a running build would leave.
pub async fn purge_cache(db: &mut Connection, id: AppId) -> Result<(), DbError> {
    let query =
        sqlx::query("update apps set cache_digest = null, cache_stack = null, cache_purged_at = now() where id = $1");
    query.bind(id).execute(db).await?;
    Ok(())
}

/// Where an app's dynos may go, and how a new release takes over.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Placement {
    #[sqlx(json)]
    pub labels: Labels,
    canary_seconds: Option<i32>,
    /// A web dyno is up when a GET of this path answers 2xx or 3xx; `None`: when its port takes a connection.
    pub health_path: Option<String>,
}

impl Placement {
    #[must_use]
    pub fn new(labels: Labels, canary_seconds: Option<u32>, health_path: Option<String>) -> Self {
        let canary_seconds = canary_seconds.map(|seconds| i32::try_from(seconds).unwrap_or(i32::MAX));
        Self { labels, canary_seconds, health_path }
    }

    /// How long the first dyno of a new release must be up before the others follow; `None`: there is no such step.
    #[must_use]
    pub fn canary_seconds(&self) -> Option<u32> {
        self.canary_seconds.and_then(|seconds| u32::try_from(seconds).ok())
    }
}

/// `None`: no such app.
pub async fn placement(db: impl PgExecutor<'_>, id: AppId) -> Result<Option<Placement>, DbError> {
    let query = sqlx::query_as("select labels, canary_seconds, health_path from apps where id = $1");
    Ok(query.bind(id).fetch_optional(db).await?)
}

pub async fn set_placement(db: impl PgExecutor<'_>, id: AppId, placement: &Placement) -> Result<(), DbError> {
    let query = sqlx::query(
        "update apps set labels = $2, canary_seconds = $3, health_path = $4, updated_at = now() where id = $1",
    );
    let Placement { labels, canary_seconds, health_path } = placement;
    query.bind(id).bind(Json(labels)).bind(canary_seconds).bind(health_path).execute(db).await?;
    Ok(())
}

/// Deletes the app and every row that hangs on it. Its containers lose their rows and are reaped.
pub async fn delete(db: &mut Connection, id: AppId) -> Result<(), DbError> {
    sqlx::query("delete from apps where id = $1").bind(id).execute(db).await?;
    Ok(())
}
