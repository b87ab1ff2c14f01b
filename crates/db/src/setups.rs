//! Apps that are made from an app.json: one row a setup, moved on step by step.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use paas_model::{
    AccountId, AppId, AppName, BuildId, BuildState, DynoId, LeaseId, ProcessType, SetupId, SetupState, SourceId,
};
use serde::{Deserialize, Serialize};
use sqlx::{PgExecutor, types::Json};

use crate::{Connection, DbError, GiveBack, Vault, VaultError};

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Setup {
    pub id: SetupId,
    pub account_id: AccountId,
    pub account_email: String,
    pub app_id: AppId,
    pub app_name: AppName,
    pub source_id: SourceId,
    pub version: Option<String>,
    /// Empty once it has begun.
    overrides: Vec<u8>,
    #[sqlx(try_from = "String")]
    pub state: SetupState,
    /// In users' words.
    pub failure_message: Option<String>,
    #[sqlx(json)]
    pub manifest_errors: Vec<String>,
    pub build_id: Option<BuildId>,
    build_state: Option<String>,
    #[sqlx(json)]
    pub rest: Rest,
    /// The dyno of the postdeploy script.
    pub dyno_id: Option<DynoId>,
    pub postdeploy_output: Option<String>,
    pub postdeploy_exit_code: Option<i32>,
    pub success_url: Option<String>,
    pub attempt: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What stands above the app.json. The values of config vars are secret.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overrides {
    pub env: BTreeMap<String, String>,
    /// URLs, or names of those that come with the platform; `None`: those of the app.json.
    pub buildpacks: Option<Vec<String>>,
    /// The app can do without the add-ons that its app.json asks for.
    pub without_addons: bool,
    /// The stack that the app has was asked for.
    #[serde(default)]
    pub has_stack: bool,
}

/// What is left to do once the app runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rest {
    pub formation: BTreeMap<ProcessType, Wish>,
    pub postdeploy: Option<Script>,
}

/// How many dynos of a type, and of what size; `None`: as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    pub quantity: Option<u32>,
    pub size: Option<String>,
}

/// A command that runs once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    pub command: String,
    pub size: Option<String>,
}

impl Setup {
    /// `None` before there is a build.
    #[must_use]
    pub fn build_state(&self) -> Option<BuildState> {
        self.build_state.as_deref()?.parse().ok()
    }

    /// `None`: they were forgotten when the setup had begun, or failed.
    ///
    /// # Errors
    /// [`DbError::Secret`].
    pub fn overrides(&self, vault: &Vault) -> Result<Option<Overrides>, DbError> {
        if self.overrides.is_empty() {
            return Ok(None);
        }
        let plain = vault.open(self.id.uuid(), &self.overrides)?;
        Ok(Some(serde_json::from_slice(&plain).map_err(|_| VaultError::Decrypt)?))
    }
}

impl std::fmt::Debug for Overrides {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Overrides").field("env", &self.env.keys()).finish_non_exhaustive()
    }
}

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewSetup {
    pub id: SetupId,
    pub account_id: AccountId,
    pub app_id: AppId,
    pub source_id: SourceId,
    pub version: Option<String>,
    pub overrides: Overrides,
}

pub async fn create(db: impl PgExecutor<'_>, vault: &Vault, setup: &NewSetup) -> Result<(), DbError> {
    let plain = serde_json::to_vec(&setup.overrides).map_err(|_| VaultError::TooLong)?;
    sqlx::query(
        "insert into app_setups (id, account_id, app_id, source_id, version, overrides) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(setup.id)
    .bind(setup.account_id)
    .bind(setup.app_id)
    .bind(setup.source_id)
    .bind(&setup.version)
    .bind(vault.seal(setup.id.uuid(), &plain)?)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: impl PgExecutor<'_>, id: SetupId) -> Result<Option<Setup>, DbError> {
    let query = sqlx::query_as(
        "select app_setups.id, app_setups.account_id, app_setups.app_id, app_setups.source_id, app_setups.version,
                app_setups.overrides, app_setups.state, app_setups.failure_message, app_setups.manifest_errors,
                app_setups.build_id, app_setups.rest, app_setups.dyno_id, app_setups.postdeploy_output,
                app_setups.postdeploy_exit_code, app_setups.success_url, app_setups.attempt, app_setups.created_at,
                app_setups.updated_at, accounts.email as account_email, apps.name as app_name, builds.state as build_state
         from app_setups join accounts on accounts.id = app_setups.account_id join apps on apps.id = app_setups.app_id
         left join builds on builds.id = app_setups.build_id
         where app_setups.id = $1",
    );
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// Takes one setup that is due and whose app.json has not been looked at. `None`: nothing to do.
pub async fn claim(db: impl PgExecutor<'_>, lease: LeaseId, ttl: Duration) -> Result<Option<SetupId>, DbError> {
    let query = sqlx::query_scalar(
        "update app_setups set lease_id = $1, lease_expires_at = now() + make_interval(secs => $2),
                attempt = attempt + 1, updated_at = now()
         where id = (
             select due.id from app_setups due
             where due.state = 'pending' and due.next_attempt_at <= now()
               and (due.lease_id is null or due.lease_expires_at < now())
             order by due.id for update skip locked limit 1)
         returning id",
    );
    Ok(query.bind(lease).bind(ttl.as_secs_f64()).fetch_optional(db).await?)
}

/// # Errors
/// [`DbError::LeaseLost`] when somebody else has it by now.
pub async fn extend(db: impl PgExecutor<'_>, id: SetupId, lease: LeaseId, ttl: Duration) -> Result<(), DbError> {
    let query = sqlx::query(
        "update app_setups set lease_expires_at = now() + make_interval(secs => $3)
         where id = $1 and lease_id = $2 and state = 'pending'",
    );
    held(&query.bind(id).bind(lease).bind(ttl.as_secs_f64()).execute(db).await?)
}

/// Gives it back after a failure of ours; it is taken again after `wait`.
///
/// # Errors
/// [`DbError::LeaseLost`].
pub async fn release(
    db: impl PgExecutor<'_>,
    id: SetupId,
    lease: LeaseId,
    reason: &str,
    why: GiveBack,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update app_setups set lease_id = null, lease_expires_at = null, last_error = $3,
                next_attempt_at = now() + make_interval(secs => $4),
                attempt = case when $5 then greatest(attempt - 1, 1) else attempt end, updated_at = now()
         where id = $1 and lease_id = $2 and state = 'pending'",
    );
    let query = query.bind(id).bind(lease).bind(reason).bind(why.wait().as_secs_f64());
    held(&query.bind(why == GiveBack::Stopping).execute(db).await?)
}

/// Its app.json has been applied, and the app is being built. What stood above the app.json is forgotten.
///
/// # Errors
/// [`DbError::LeaseLost`].
pub async fn begin_building(
    db: &mut Connection,
    id: SetupId,
    lease: LeaseId,
    build: BuildId,
    rest: &Rest,
    success_url: Option<&str>,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update app_setups set state = 'building', build_id = $3, rest = $4, success_url = $5, last_error = null,
                overrides = '', lease_id = null, lease_expires_at = null, updated_at = now()
         where id = $1 and lease_id = $2 and state = 'pending'",
    );
    held(&query.bind(id).bind(lease).bind(build).bind(Json(rest)).bind(success_url).execute(db).await?)
}

/// Its postdeploy script runs. False: it was not building.
pub async fn begin_postdeploy(db: &mut Connection, id: SetupId, dyno: DynoId) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update app_setups set state = 'postdeploy', dyno_id = $2, updated_at = now() where id = $1 and state = 'building'",
    );
    Ok(query.bind(id).bind(dyno).execute(db).await?.rows_affected() > 0)
}

/// What the postdeploy script left.
pub async fn set_postdeploy(
    db: &mut Connection,
    id: SetupId,
    output: &str,
    exit_code: Option<i32>,
) -> Result<(), DbError> {
    sqlx::query("update app_setups set postdeploy_output = $2, postdeploy_exit_code = $3 where id = $1")
        .bind(id)
        .bind(output)
        .bind(exit_code)
        .execute(db)
        .await?;
    Ok(())
}

/// False: it was not in `from`.
pub async fn succeed(db: &mut Connection, id: SetupId, from: SetupState) -> Result<bool, DbError> {
    debug_assert!(from.may_become(SetupState::Succeeded), "{from}");
    let query =
        sqlx::query("update app_setups set state = 'succeeded', updated_at = now() where id = $1 and state = $2");
    Ok(query.bind(id).bind(from.as_str()).execute(db).await?.rows_affected() > 0)
}

/// Ends it, for a reason that its owner can mend. What stood above the app.json, and where its source was to be fetched, is
/// forgotten. False: it was not in `from`.
pub async fn fail(
    db: &mut Connection,
    id: SetupId,
    from: SetupState,
    message: &str,
    manifest_errors: &[String],
) -> Result<bool, DbError> {
    debug_assert!(from.may_become(SetupState::Failed), "{from}");
    let query = sqlx::query_scalar(
        "with ended as (
             update app_setups set state = 'failed', failure_message = $3, manifest_errors = $4, overrides = '',
                    lease_id = null, lease_expires_at = null, updated_at = now()
             where id = $1 and state = $2
             returning source_id),
         forgotten as (update sources set url = null from ended where sources.id = ended.source_id)
         select exists (select 1 from ended)",
    );
    // They may quote what a stranger wrote.
    let plain = |text: &str| text.replace('\0', "\u{fffd}");
    let errors: Vec<_> = manifest_errors.iter().map(|error| plain(error)).collect();
    let query = query.bind(id).bind(from.as_str()).bind(plain(message)).bind(Json(errors));
    Ok(query.fetch_one(db).await?)
}

/// Those that wait for a build, a release or a script.
pub async fn open(db: impl PgExecutor<'_>) -> Result<Vec<SetupId>, DbError> {
    let query = sqlx::query_scalar("select id from app_setups where state in ('building', 'postdeploy') order by id");
    Ok(query.fetch_all(db).await?)
}

fn held(done: &sqlx::postgres::PgQueryResult) -> Result<(), DbError> {
    if done.rows_affected() == 0 { Err(DbError::LeaseLost) } else { Ok(()) }
}
