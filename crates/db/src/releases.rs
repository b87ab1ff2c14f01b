use chrono::{DateTime, Utc};
use paas_model::{AccountId, AppId, BuildId, ConfigId, ReleaseId, ReleaseState, ReleaseVersion, SlugId};
use sqlx::PgExecutor;

use crate::{Connection, DbError};

macro_rules! select {
    ($current:expr, $rest:literal) => {
        concat!(
            "select releases.id, releases.app_id, releases.version, releases.state, releases.description, releases.account_id,
                    releases.slug_id, releases.config_id, releases.build_id, releases.created_at, releases.updated_at,
                    accounts.email as account_email,
                    coalesce((select jsonb_exists(process_types, 'release') from slugs where slugs.id = slug_id), false)
                        as has_phase, ",
            $current,
            " as current
             from releases join accounts on accounts.id = releases.account_id ",
            $rest
        )
    };
}

macro_rules! is_current {
    () => {
        "releases.version = (select max(version) from releases newest
                             where newest.app_id = releases.app_id and newest.state = 'succeeded') is true"
    };
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Release {
    pub id: ReleaseId,
    pub app_id: AppId,
    pub version: ReleaseVersion,
    #[sqlx(try_from = "String")]
    pub state: ReleaseState,
    pub description: String,
    pub account_id: AccountId,
    pub account_email: String,
    /// `None`: nothing was deployed yet.
    pub slug_id: Option<SlugId>,
    pub config_id: ConfigId,
    pub build_id: Option<BuildId>,
    /// Its slug has a `release` command, which runs before it takes over.
    pub has_phase: bool,
    /// The newest that succeeded: the one that runs.
    pub current: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewRelease {
    pub id: ReleaseId,
    pub app_id: AppId,
    pub state: ReleaseState,
    pub description: String,
    pub account_id: AccountId,
    pub slug_id: Option<SlugId>,
    pub config_id: ConfigId,
    pub build_id: Option<BuildId>,
}

/// Gives the release the app's next version. The caller holds the app's lock (`apps::lock`).
pub async fn create(db: &mut Connection, release: &NewRelease) -> Result<ReleaseVersion, DbError> {
    let query = sqlx::query_scalar(
        "insert into releases (id, app_id, version, state, description, account_id, slug_id, config_id, build_id)
         select $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7, $8 from releases where app_id = $2
         returning version",
    );
    let query = query
        .bind(release.id)
        .bind(release.app_id)
        .bind(release.state.as_str())
        .bind(&release.description)
        .bind(release.account_id)
        .bind(release.slug_id)
        .bind(release.config_id)
        .bind(release.build_id);
    Ok(query.fetch_one(db).await?)
}

pub async fn by_id(db: impl PgExecutor<'_>, id: ReleaseId) -> Result<Option<Release>, DbError> {
    let query = sqlx::query_as(select!(is_current!(), "where releases.id = $1"));
    Ok(query.bind(id).fetch_optional(db).await?)
}

pub async fn by_version(
    db: impl PgExecutor<'_>,
    app: AppId,
    version: ReleaseVersion,
) -> Result<Option<Release>, DbError> {
    let query = sqlx::query_as(select!(is_current!(), "where releases.app_id = $1 and releases.version = $2"));
    Ok(query.bind(app).bind(version).fetch_optional(db).await?)
}

/// By version, oldest first.
pub async fn list(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<Release>, DbError> {
    let query = sqlx::query_as(select!(is_current!(), "where releases.app_id = $1 order by version"));
    Ok(query.bind(app).fetch_all(db).await?)
}

/// The newest that succeeded; every app has one from its creation on.
pub async fn current(db: impl PgExecutor<'_>, app: AppId) -> Result<Option<Release>, DbError> {
    let query = sqlx::query_as(select!(
        "true",
        "where releases.app_id = $1 and state = 'succeeded' order by version desc limit 1"
    ));
    Ok(query.bind(app).fetch_optional(db).await?)
}

/// The newest of any state: what a config change builds on.
pub async fn newest(db: impl PgExecutor<'_>, app: AppId) -> Result<Option<Release>, DbError> {
    let query = sqlx::query_as(select!("false", "where releases.app_id = $1 order by version desc limit 1"));
    Ok(query.bind(app).fetch_optional(db).await?)
}

/// Releases whose release phase has not ended, over all apps.
pub async fn open(db: impl PgExecutor<'_>) -> Result<Vec<Release>, DbError> {
    let query =
        sqlx::query_as(select!("false", "where state in ('pending', 'running_phase') order by releases.created_at"));
    Ok(query.fetch_all(db).await?)
}

/// Moves the release on, if it is still in `from`. False: it was not.
pub async fn advance(
    db: &mut Connection,
    id: ReleaseId,
    from: ReleaseState,
    to: ReleaseState,
) -> Result<bool, DbError> {
    debug_assert!(from.may_become(to), "{from} -> {to}");
    let query = sqlx::query("update releases set state = $3, updated_at = now() where id = $1 and state = $2");
    let done = query.bind(id).bind(from.as_str()).bind(to.as_str()).execute(db).await?;
    Ok(done.rows_affected() > 0)
}
