use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use paas_model::{AccountId, AppId, BuildId, BuildState, DynoId, HostId, LeaseId, ReleaseId, SlugId, SourceId};
use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, types::Json};

use crate::{Connection, DbError, GiveBack};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select builds.id, builds.app_id, builds.account_id, builds.source_id, builds.version, builds.version_description,
                    builds.buildpacks, builds.stack, builds.state, builds.host_id, builds.slug_id, builds.buildpacks_used,
                    builds.attempt, builds.last_error, builds.cancelled_by, builds.stages, builds.created_at,
                    builds.updated_at, accounts.email as account_email, releases.id as release_id,
                    sources.shown_url as source_url, sources.checksum as source_checksum
             from builds join accounts on accounts.id = builds.account_id join sources on sources.id = builds.source_id
             left join releases on releases.build_id = builds.id ",
            $rest
        )
    };
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Build {
    pub id: BuildId,
    pub app_id: AppId,
    pub account_id: AccountId,
    pub account_email: String,
    pub source_id: SourceId,
    /// Where its source was, or is to be, fetched, without credentials; `None`: it was uploaded.
    pub source_url: Option<String>,
    /// `sha256:…`, which that source must have.
    pub source_checksum: Option<String>,
    /// Git commit, or what the client calls its version.
    pub version: Option<String>,
    pub version_description: Option<String>,
    /// Buildpack URLs for this build only; `None`: the app's.
    #[sqlx(json(nullable))]
    pub buildpacks: Option<Vec<String>>,
    pub stack: String,
    #[sqlx(try_from = "String")]
    pub state: BuildState,
    /// Where it runs, or ran last; `None`: it has no place (any more).
    pub host_id: Option<HostId>,
    pub slug_id: Option<SlugId>,
    pub release_id: Option<ReleaseId>,
    #[sqlx(json)]
    pub buildpacks_used: Vec<UsedBuildpack>,
    pub attempt: i32,
    /// Why it failed, in users' words; or why the last attempt of ours broke off.
    pub last_error: Option<String>,
    /// Who called it off.
    pub cancelled_by: Option<String>,
    /// Milliseconds by stage; those that have ended.
    #[sqlx(json)]
    pub stages: BTreeMap<String, u64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A buildpack that took part in a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedBuildpack {
    pub name: String,
    pub url: String,
}

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewBuild {
    pub id: BuildId,
    pub app_id: AppId,
    pub account_id: AccountId,
    pub source_id: SourceId,
    pub version: Option<String>,
    pub version_description: Option<String>,
    pub buildpacks: Option<Vec<String>>,
    pub stack: String,
}

pub async fn create(db: impl PgExecutor<'_>, build: &NewBuild) -> Result<(), DbError> {
    sqlx::query(
        "insert into builds (id, app_id, account_id, source_id, version, version_description, buildpacks, stack)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(build.id)
    .bind(build.app_id)
    .bind(build.account_id)
    .bind(build.source_id)
    .bind(&build.version)
    .bind(&build.version_description)
    .bind(build.buildpacks.as_ref().map(Json))
    .bind(&build.stack)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: impl PgExecutor<'_>, id: BuildId) -> Result<Option<Build>, DbError> {
    let query = sqlx::query_as(select!("where builds.id = $1"));
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// Newest first.
pub async fn list(db: impl PgExecutor<'_>, app: AppId, limit: i64) -> Result<Vec<Build>, DbError> {
    let query =
        sqlx::query_as(select!("where builds.app_id = $1 order by builds.created_at desc, builds.id desc limit $2"));
    Ok(query.bind(app).bind(limit).fetch_all(db).await?)
}

/// Takes one build that is due: placed and pending, or building under a lease that ran out. Builds of one app run one at
/// a time, in order. Those placed on a host whose engine answers on a Unix socket are only for who has that socket,
/// `local`. `None`: nothing to do.
pub async fn claim(
    db: impl PgExecutor<'_>,
    lease: LeaseId,
    ttl: Duration,
    local: Option<&str>,
) -> Result<Option<BuildId>, DbError> {
    let query = sqlx::query_scalar(
        "update builds set state = 'building', lease_id = $1, lease_expires_at = now() + make_interval(secs => $2),
                attempt = attempt + 1, updated_at = now()
         where id = (
             select due.id from builds due join hosts on hosts.id = due.host_id
             where ((due.state = 'pending' and due.next_attempt_at <= now())
                    or (due.state = 'building' and due.lease_expires_at < now()))
               and hosts.state in ('ready', 'draining') and (hosts.endpoint not like 'unix://%' or hosts.endpoint = $3)
               and not exists (select 1 from builds other
                               where other.app_id = due.app_id and other.id < due.id
                                 and other.state in ('pending', 'building'))
             order by due.id for update of due skip locked limit 1)
         returning id",
    );
    Ok(query.bind(lease).bind(ttl.as_secs_f64()).bind(local).fetch_optional(db).await?)
}

/// Gives the build a host to run on. False: it has one, or is past that.
pub async fn place(db: impl PgExecutor<'_>, id: BuildId, host: HostId) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update builds set host_id = $2, updated_at = now() where id = $1 and state = 'pending' and host_id is null",
    );
    Ok(query.bind(id).bind(host).execute(db).await?.rows_affected() > 0)
}

/// Takes builds that nobody runs away from hosts that cannot run them: they are placed anew. Returns how many.
pub async fn displace(db: impl PgExecutor<'_>) -> Result<u64, DbError> {
    let query = sqlx::query(
        "update builds set state = 'pending', host_id = null, lease_id = null, lease_expires_at = null, updated_at = now()
         from hosts
         where hosts.id = builds.host_id
           and (builds.state = 'pending' and hosts.state <> 'ready'
                or builds.state = 'building' and builds.lease_expires_at < now() and hosts.state not in ('ready', 'draining'))",
    );
    Ok(query.execute(db).await?.rows_affected())
}

/// Renews the lease. False: the build's host is lost or gone, so that the attempt leads nowhere.
///
/// # Errors
/// [`DbError::LeaseLost`] when somebody else has the build by now.
pub async fn extend(db: impl PgExecutor<'_>, id: BuildId, lease: LeaseId, ttl: Duration) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "update builds set lease_expires_at = now() + make_interval(secs => $3)
         where id = $1 and lease_id = $2
         returning exists (select 1 from hosts where id = builds.host_id and state in ('ready', 'draining'))",
    );
    query.bind(id).bind(lease).bind(ttl.as_secs_f64()).fetch_optional(db).await?.ok_or(DbError::LeaseLost)
}

/// What a succeeded build leaves in its row.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub slug_id: SlugId,
    pub buildpacks_used: Vec<UsedBuildpack>,
    pub stages: BTreeMap<String, u64>,
}

/// # Errors
/// [`DbError::LeaseLost`].
pub async fn succeed(db: &mut Connection, id: BuildId, lease: LeaseId, outcome: &Outcome) -> Result<(), DbError> {
    let query = sqlx::query(
        "update builds set state = 'succeeded', slug_id = $3, buildpacks_used = $4, stages = stages || $5, last_error = null,
                lease_id = null, lease_expires_at = null, updated_at = now()
         where id = $1 and lease_id = $2 and state = 'building'",
    )
    .bind(id)
    .bind(lease)
    .bind(outcome.slug_id)
    .bind(Json(&outcome.buildpacks_used))
    .bind(Json(&outcome.stages));
    held(&query.execute(db).await?)
}

/// Adds to the milliseconds by stage.
pub async fn add_stages(db: impl PgExecutor<'_>, id: BuildId, stages: &BTreeMap<String, u64>) -> Result<(), DbError> {
    let query = sqlx::query("update builds set stages = stages || $2 where id = $1");
    query.bind(id).bind(Json(stages)).execute(db).await?;
    Ok(())
}

/// A router sends these dynos requests from now on. Of the first ones of a build's release, the time that this took, since
/// they were up, is the build's stage `route`.
pub async fn routed(db: impl PgExecutor<'_>, dynos: &[DynoId]) -> Result<(), DbError> {
    let query = sqlx::query(
        "update builds set stages = builds.stages || jsonb_build_object('route', first.milliseconds)
         from (select releases.build_id,
                      max(round(extract(epoch from clock_timestamp() - dynos.up_at) * 1000))::bigint as milliseconds
               from dynos join releases on releases.id = dynos.release_id
               where dynos.id = any($1) and dynos.state = 'up' group by releases.build_id) first
         where builds.id = first.build_id and builds.stages ? 'start' and not builds.stages ? 'route'",
    );
    query.bind(dynos).execute(db).await?;
    Ok(())
}

/// Ends the build as failed, for a reason that is the user's. Where its source was to be fetched is forgotten.
///
/// # Errors
/// [`DbError::LeaseLost`].
pub async fn fail(db: impl PgExecutor<'_>, id: BuildId, lease: LeaseId, reason: &str) -> Result<(), DbError> {
    let query = sqlx::query_scalar(
        "with ended as (
             update builds set state = 'failed', last_error = $3, lease_id = null, lease_expires_at = null,
                    updated_at = now()
             where id = $1 and lease_id = $2 and state = 'building'
             returning source_id),
         forgotten as (update sources set url = null from ended where sources.id = ended.source_id)
         select exists (select 1 from ended)",
    );
    let ended: bool = query.bind(id).bind(lease).bind(reason).fetch_one(db).await?;
    if ended { Ok(()) } else { Err(DbError::LeaseLost) }
}

/// Ends a build that nobody runs: called off. Where its source was to be fetched is forgotten. False: somebody runs it, or it
/// has ended.
pub async fn cancel_pending(db: &mut Connection, id: BuildId, by: &str, reason: &str) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "with ended as (
             update builds set state = 'failed', cancelled_by = $2, last_error = $3, updated_at = now()
             where id = $1 and state = 'pending'
             returning source_id),
         forgotten as (update sources set url = null from ended where sources.id = ended.source_id)
         select exists (select 1 from ended)",
    );
    Ok(query.bind(id).bind(by).bind(reason).fetch_one(db).await?)
}

/// Asks whoever runs the build to end it. False: nobody runs it, or it was asked already.
pub async fn request_cancel(db: &mut Connection, id: BuildId, by: &str) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update builds set cancelled_by = $2, updated_at = now()
         where id = $1 and state = 'building' and cancelled_by is null",
    );
    Ok(query.bind(id).bind(by).execute(db).await?.rows_affected() > 0)
}

/// Whether somebody called it off.
pub async fn is_cancelled(db: impl PgExecutor<'_>, id: BuildId) -> Result<bool, DbError> {
    let query = sqlx::query_scalar("select exists (select 1 from builds where id = $1 and cancelled_by is not null)");
    Ok(query.bind(id).fetch_one(db).await?)
}

/// Gives the build back after a failure of ours: it is placed anew, and taken again after `wait`.
///
/// # Errors
/// [`DbError::LeaseLost`].
pub async fn release(
    db: impl PgExecutor<'_>,
    id: BuildId,
    lease: LeaseId,
    reason: &str,
    why: GiveBack,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update builds set state = 'pending', host_id = null, last_error = $3, lease_id = null, lease_expires_at = null,
                next_attempt_at = now() + make_interval(secs => $4),
                attempt = case when $5 then greatest(attempt - 1, 1) else attempt end, updated_at = now()
         where id = $1 and lease_id = $2 and state = 'building'",
    );
    let query = query.bind(id).bind(lease).bind(reason).bind(why.wait().as_secs_f64());
    held(&query.bind(why == GiveBack::Stopping).execute(db).await?)
}

/// How many builds run on each host, or were given to it.
pub async fn by_host(db: impl PgExecutor<'_>) -> Result<Vec<(HostId, i64)>, DbError> {
    let query = sqlx::query_as(
        "select host_id, count(*) from builds where state in ('pending', 'building') and host_id is not null
         group by host_id",
    );
    Ok(query.fetch_all(db).await?)
}

/// When the next build is due by time alone: a retry, or a lease that runs out.
pub async fn next_due(db: impl PgExecutor<'_>) -> Result<Option<DateTime<Utc>>, DbError> {
    let query = sqlx::query_scalar(
        "select min(case state when 'pending' then next_attempt_at else lease_expires_at end) from builds
         where state = 'building' or state = 'pending' and host_id is not null",
    );
    Ok(query.fetch_one(db).await?)
}

fn held(done: &sqlx::postgres::PgQueryResult) -> Result<(), DbError> {
    if done.rows_affected() == 0 { Err(DbError::LeaseLost) } else { Ok(()) }
}
