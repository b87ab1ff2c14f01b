//! What the planner looks at, besides hosts and dynos: every app's current release, and every formation.

use paas_model::{AppId, AppName, BuildId, DynoSize, HostId, Labels, ProcessType, ReleaseId, ReleaseVersion};
use sqlx::PgExecutor;

use crate::DbError;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct AppRow {
    pub id: AppId,
    pub name: AppName,
    /// The newest that succeeded.
    pub release_id: Option<ReleaseId>,
    pub release_version: Option<ReleaseVersion>,
    /// That release has something to run.
    pub has_slug: bool,
    #[sqlx(json)]
    pub labels: Labels,
    canary_seconds: Option<i32>,
}

impl AppRow {
    /// How long the first dyno of a new release must be up before the others follow; `None`: there is no such step.
    #[must_use]
    pub fn canary_seconds(&self) -> Option<u32> {
        self.canary_seconds.and_then(|seconds| u32::try_from(seconds).ok())
    }
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct FormationRow {
    pub app_id: AppId,
    #[sqlx(rename = "type")]
    pub kind: ProcessType,
    #[sqlx(try_from = "i32")]
    pub quantity: u32,
    #[sqlx(try_from = "String")]
    pub size: DynoSize,
    pub command: String,
    /// Never two at once.
    pub singleton: bool,
}

/// A build that has not ended.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BuildRow {
    pub id: BuildId,
    pub app_id: AppId,
    pub host_id: Option<HostId>,
}

/// By id.
pub async fn apps(db: impl PgExecutor<'_>) -> Result<Vec<AppRow>, DbError> {
    let query = sqlx::query_as(
        "select apps.id, apps.name, current.id as release_id, current.version as release_version,
                current.slug_id is not null as has_slug, apps.labels, apps.canary_seconds
         from apps left join lateral (
             select id, version, slug_id from releases
             where releases.app_id = apps.id and state = 'succeeded' order by version desc limit 1
         ) current on true
         order by apps.id",
    );
    Ok(query.fetch_all(db).await?)
}

/// By app and type.
pub async fn formations(db: impl PgExecutor<'_>) -> Result<Vec<FormationRow>, DbError> {
    let query =
        sqlx::query_as("select app_id, type, quantity, size, command, singleton from formations order by app_id, type");
    Ok(query.fetch_all(db).await?)
}

/// By age.
pub async fn builds(db: impl PgExecutor<'_>) -> Result<Vec<BuildRow>, DbError> {
    let query =
        sqlx::query_as("select id, app_id, host_id from builds where state in ('pending', 'building') order by id");
    Ok(query.fetch_all(db).await?)
}
