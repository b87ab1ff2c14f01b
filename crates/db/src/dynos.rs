//! Dynos: one row per run of one process. Every move names the states it may come from, so that a write that comes late,
//! or twice, changes nothing.

use std::{collections::BTreeMap, net::SocketAddr};

use chrono::{DateTime, Utc};
use paas_model::{
    AccountId, AppId, AppName, ConfigVars, DynoId, DynoKind, DynoName, DynoSize, DynoState, HostId, ProcessType,
    ReleaseId, ReleaseVersion,
};
use sqlx::PgExecutor;

use crate::{Connection, Db, DbError, SecretHash, Vault, VaultError, configs};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select dynos.id, dynos.app_id, dynos.release_id, dynos.kind, dynos.type, dynos.number, dynos.size, dynos.command,
                    dynos.state, dynos.host_id, dynos.address, dynos.attach, dynos.tty, dynos.expires_at, dynos.crashes,
                    dynos.restart_at, dynos.restart_requested, dynos.exit_code, dynos.note, dynos.started_at, dynos.up_at,
                    dynos.stopping_at, dynos.logged_until, dynos.created_at, dynos.updated_at,
                    dynos.attach_hash is not null as awaits_client, apps.name as app_name, apps.health_path,
                    releases.version as release_version, accounts.email as account_email
             from dynos join apps on apps.id = dynos.app_id join releases on releases.id = dynos.release_id
             left join accounts on accounts.id = dynos.account_id ",
            $rest
        )
    };
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Dyno {
    pub id: DynoId,
    pub app_id: AppId,
    pub app_name: AppName,
    /// A web dyno is up when a GET of this path answers 2xx or 3xx; `None`: when its port takes a connection.
    pub health_path: Option<String>,
    pub release_id: ReleaseId,
    pub release_version: ReleaseVersion,
    #[sqlx(try_from = "String")]
    pub kind: DynoKind,
    #[sqlx(rename = "type")]
    pub process_type: ProcessType,
    #[sqlx(try_from = "i32")]
    pub number: u32,
    #[sqlx(try_from = "String")]
    pub size: DynoSize,
    pub command: String,
    #[sqlx(try_from = "String")]
    pub state: DynoState,
    pub host_id: Option<HostId>,
    pub address: Option<String>,
    pub account_email: Option<String>,
    /// Its process is started by the client that attaches.
    pub attach: bool,
    /// That client has not come yet.
    pub awaits_client: bool,
    pub tty: bool,
    pub expires_at: Option<DateTime<Utc>>,
    #[sqlx(try_from = "i32")]
    pub crashes: u32,
    pub restart_at: Option<DateTime<Utc>>,
    pub restart_requested: bool,
    pub exit_code: Option<i32>,
    pub note: Option<String>,
    pub started_at: Option<DateTime<Utc>>,
    pub up_at: Option<DateTime<Utc>>,
    pub stopping_at: Option<DateTime<Utc>>,
    /// Nanoseconds since 1970.
    pub logged_until: Option<i64>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl Dyno {
    #[must_use]
    pub fn name(&self) -> DynoName {
        DynoName { kind: self.process_type.clone(), number: self.number }
    }
}

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewDyno {
    pub id: DynoId,
    pub app_id: AppId,
    pub release_id: ReleaseId,
    pub kind: DynoKind,
    pub name: DynoName,
    pub size: DynoSize,
    pub command: String,
    /// `Some`: placed there at once. `None`: wanted.
    pub host_id: Option<HostId>,
    pub account_id: Option<AccountId>,
    /// Over the config vars; empty for the formation.
    pub env: BTreeMap<String, String>,
    /// Hash of the secret that attaches to it; `None`: it runs detached.
    pub attach: Option<SecretHash>,
    pub tty: bool,
    pub expires_at: Option<DateTime<Utc>>,
    pub crashes: u32,
}

pub async fn create(db: impl PgExecutor<'_>, vault: &Vault, dyno: &NewDyno) -> Result<(), DbError> {
    let env = match dyno.env.is_empty() {
        true => None,
        false => {
            let plain = serde_json::to_vec(&dyno.env).map_err(|_| VaultError::TooLong)?;
            Some(vault.seal(dyno.id.uuid(), &plain)?)
        }
    };
    sqlx::query(
        "insert into dynos (id, app_id, release_id, kind, type, number, size, command, state, host_id, account_id, env,
                            attach_hash, attach, tty, expires_at, crashes)
         values ($1, $2, $3, $4, $5, $6, $7, $8, case when $9::uuid is null then 'wanted' else 'placed' end, $9, $10, $11,
                 $12, $12 is not null, $13, $14, $15)",
    )
    .bind(dyno.id)
    .bind(dyno.app_id)
    .bind(dyno.release_id)
    .bind(dyno.kind.as_str())
    .bind(&dyno.name.kind)
    .bind(i32::try_from(dyno.name.number).unwrap_or(i32::MAX))
    .bind(dyno.size.name())
    .bind(&dyno.command)
    .bind(dyno.host_id)
    .bind(dyno.account_id)
    .bind(env)
    .bind(&dyno.attach)
    .bind(dyno.tty)
    .bind(dyno.expires_at)
    .bind(i32::try_from(dyno.crashes).unwrap_or(i32::MAX))
    .execute(db)
    .await?;
    Ok(())
}

pub async fn find(db: impl PgExecutor<'_>, id: DynoId) -> Result<Option<Dyno>, DbError> {
    let query = sqlx::query_as(select!("where dynos.id = $1"));
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// Dynos of the app that are not gone, by type, number and age.
pub async fn list(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<Dyno>, DbError> {
    let query =
        sqlx::query_as(select!("where dynos.app_id = $1 and dynos.state <> 'gone' order by type, number, dynos.id"));
    Ok(query.bind(app).fetch_all(db).await?)
}

/// Every dyno that is not gone: the planner's world.
pub async fn live(db: impl PgExecutor<'_>) -> Result<Vec<Dyno>, DbError> {
    let query = sqlx::query_as(select!("where dynos.state <> 'gone' order by dynos.id"));
    Ok(query.fetch_all(db).await?)
}

/// Dynos that the host's executor has work with: those that may have a container there.
pub async fn on_host(db: impl PgExecutor<'_>, host: HostId) -> Result<Vec<Dyno>, DbError> {
    let query = sqlx::query_as(select!(
        "where dynos.host_id = $1 and dynos.state in ('placed', 'starting', 'up', 'stopping') order by dynos.id"
    ));
    Ok(query.bind(host).fetch_all(db).await?)
}

/// The release-phase dyno of a release, in any state.
pub async fn of_release_phase(db: impl PgExecutor<'_>, release: ReleaseId) -> Result<Option<Dyno>, DbError> {
    let query = sqlx::query_as(select!("where dynos.release_id = $1 and dynos.kind = 'release_phase'"));
    Ok(query.bind(release).fetch_optional(db).await?)
}

/// What a container for this dyno is made from.
#[derive(Debug)]
pub struct Recipe {
    pub image: String,
    pub runs: Runs,
    pub config: ConfigVars,
    /// Over the config vars.
    pub env: BTreeMap<String, String>,
}

/// How a dyno's command gets to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runs {
    /// In `/app`, after its profile scripts.
    InSlug,
    /// In an image of the app's own, as its entry point has it.
    InImage,
    /// Not at all: the image says what runs.
    Image,
}

/// `None`: the dyno is gone, or its release has no slug.
pub async fn recipe(db: &Db, id: DynoId) -> Result<Option<Recipe>, DbError> {
    // One-off dynos run what they are given, in the image of their type or else the slug's.
    let query = sqlx::query_as::<_, (String, bool, bool, AppId, Vec<u8>, Option<Vec<u8>>)>(
        "select coalesce(own.image, slugs.image),
                exists (select from container_images where container_images.slug_id = slugs.id),
                coalesce(own.own_command and dynos.kind <> 'one_off', false),
                dynos.app_id, configs.vars, dynos.env
         from dynos join releases on releases.id = dynos.release_id
         join slugs on slugs.id = releases.slug_id join configs on configs.id = releases.config_id
         left join container_images own on own.slug_id = slugs.id and own.process_type = dynos.type
         where dynos.id = $1",
    );
    let Some((image, is_container, own_command, app, vars, env)) = query.bind(id).fetch_optional(db.pool()).await?
    else {
        return Ok(None);
    };
    let config = configs::open(db.vault(), app, &vars)?;
    let env = match env {
        None => BTreeMap::new(),
        Some(sealed) => {
            let plain = db.vault().open(id.uuid(), &sealed)?;
            serde_json::from_slice(&plain).map_err(|_| VaultError::Decrypt)?
        }
    };
    let runs = match (is_container, own_command) {
        (false, _) => Runs::InSlug,
        (true, false) => Runs::InImage,
        (true, true) => Runs::Image,
    };
    Ok(Some(Recipe { image, runs, config, env }))
}

/// What a dyno can be told of itself (Heroku: dyno metadata).
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Metadata {
    pub app_id: AppId,
    pub app_name: AppName,
    pub version: ReleaseVersion,
    pub released_at: DateTime<Utc>,
    pub description: String,
    pub commit: Option<String>,
}

/// `None`: the app has not switched `feature` on, or the dyno is gone.
pub async fn metadata(db: impl PgExecutor<'_>, id: DynoId, feature: &str) -> Result<Option<Metadata>, DbError> {
    let query = sqlx::query_as(
        "select apps.id as app_id, apps.name as app_name, releases.version, releases.created_at as released_at,
                releases.description, slugs.commit
         from dynos join apps on apps.id = dynos.app_id join releases on releases.id = dynos.release_id
         join app_features on app_features.app_id = apps.id and app_features.name = $2
         left join slugs on slugs.id = releases.slug_id
         where dynos.id = $1",
    );
    Ok(query.bind(id).bind(feature).fetch_optional(db).await?)
}

/// `wanted` -> `placed`.
pub async fn place(db: &mut Connection, id: DynoId, host: HostId) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update dynos set state = 'placed', host_id = $2, updated_at = now() where id = $1 and state = 'wanted'",
    );
    Ok(query.bind(id).bind(host).execute(db).await?.rows_affected() > 0)
}

/// `placed` -> `starting`: its process was started.
pub async fn starting(db: impl PgExecutor<'_>, id: DynoId, address: Option<SocketAddr>) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update dynos set state = 'starting', address = $2, started_at = now(), updated_at = now()
         where id = $1 and state = 'placed'",
    );
    Ok(query.bind(id).bind(address.map(|address| address.to_string())).execute(db).await?.rows_affected() > 0)
}

/// `starting` -> `up`: it takes work. Of the first one of a build's release, the time since it was wanted is the build's
/// stage `start`.
pub async fn up(db: impl PgExecutor<'_>, id: DynoId) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "with risen as (
             update dynos set state = 'up', up_at = now(), updated_at = now() where id = $1 and state = 'starting'
             returning release_id, kind, created_at),
         timed as (
             update builds set stages = builds.stages || jsonb_build_object(
                        'start', round(extract(epoch from now() - risen.created_at) * 1000)::bigint)
             from risen join releases on releases.id = risen.release_id
             where builds.id = releases.build_id and risen.kind = 'formation' and not builds.stages ? 'start')
         select exists (select 1 from risen)",
    );
    Ok(query.bind(id).fetch_one(db).await?)
}

/// Tells a dyno to end: one with a container goes to `stopping`, one without to `gone`.
pub async fn stop(db: &mut Connection, id: DynoId, note: &str) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update dynos set
             state = case when state in ('wanted', 'crashed') then 'gone' else 'stopping' end,
             note = $2, restart_at = null, stopping_at = now(), updated_at = now()
         where id = $1 and state in ('wanted', 'placed', 'starting', 'up', 'crashed')",
    );
    Ok(query.bind(id).bind(note).execute(db).await?.rows_affected() > 0)
}

/// Asks for a dyno to be replaced by a new one in the same slot; with `None`, every formation dyno of the app; with a
/// type, those of that type. Crashed ones are due at once. Returns how many.
pub async fn request_restart(
    db: &mut Connection,
    app: AppId,
    kind: Option<&ProcessType>,
    number: Option<u32>,
) -> Result<u64, DbError> {
    let query = sqlx::query(
        "update dynos set restart_requested = state <> 'crashed', updated_at = now(),
                restart_at = case when state = 'crashed' then now() end,
                crashes = case when state = 'crashed' then 0 else crashes end
         where app_id = $1 and kind = 'formation' and state in ('placed', 'starting', 'up', 'crashed')
           and ($2::text is null or type = $2) and ($3::integer is null or number = $3)",
    );
    let number = number.map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    Ok(query.bind(app).bind(kind).bind(number).execute(db).await?.rows_affected())
}

/// Takes a dyno away from the routers: its process has ended, and its address may be another container's by now.
pub async fn unroute(db: impl PgExecutor<'_>, id: DynoId) -> Result<(), DbError> {
    let query =
        sqlx::query("update dynos set address = null, updated_at = now() where id = $1 and address is not null");
    query.bind(id).execute(db).await?;
    Ok(())
}

/// A formation dyno ended by itself: it holds its slot until `restart_at`.
pub async fn crashed(
    db: impl PgExecutor<'_>,
    id: DynoId,
    exit_code: Option<i32>,
    crashes: u32,
    restart_at: DateTime<Utc>,
    note: &str,
) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update dynos set state = 'crashed', exit_code = $2, crashes = $3, restart_at = $4, note = $5, address = null,
                updated_at = now()
         where id = $1 and state in ('placed', 'starting', 'up')",
    );
    let query =
        query.bind(id).bind(exit_code).bind(i32::try_from(crashes).unwrap_or(i32::MAX)).bind(restart_at).bind(note);
    Ok(query.execute(db).await?.rows_affected() > 0)
}

/// The end: a one-off dyno's command ended, or a stopping dyno's container is removed.
pub async fn gone(
    db: impl PgExecutor<'_>,
    id: DynoId,
    exit_code: Option<i32>,
    note: Option<&str>,
) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update dynos set state = 'gone', exit_code = coalesce($2, exit_code), note = coalesce($3, note), address = null,
                restart_at = null, attach_hash = null, env = null, updated_at = now()
         where id = $1 and state <> 'gone'",
    );
    Ok(query.bind(id).bind(exit_code).bind(note).execute(db).await?.rows_affected() > 0)
}

/// A dyno that ended with its host.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Orphan {
    pub id: DynoId,
    pub app_id: AppId,
    #[sqlx(rename = "type")]
    pub process_type: ProcessType,
    #[sqlx(try_from = "i32")]
    pub number: u32,
}

/// Ends the dynos of hosts whose machine has ended, or that were removed: nobody will see their containers end. Returns
/// them.
pub async fn end_with_hosts(db: impl PgExecutor<'_>, note: &str) -> Result<Vec<Orphan>, DbError> {
    let query = sqlx::query_as(
        "update dynos set state = 'gone', note = $1, address = null, restart_at = null, attach_hash = null, env = null,
                updated_at = now()
         from hosts
         where hosts.id = dynos.host_id and (hosts.state = 'gone' or hosts.fault = 'machine_gone')
           and dynos.state in ('placed', 'starting', 'up', 'stopping')
         returning dynos.id, dynos.app_id, dynos.type, dynos.number",
    );
    Ok(query.bind(note).fetch_all(db).await?)
}

/// A dyno that has been up for long enough is to be replaced. False: it is not up, or was asked already.
pub async fn cycle(db: impl PgExecutor<'_>, id: DynoId) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update dynos set restart_requested = true, updated_at = now()
         where id = $1 and state = 'up' and not restart_requested",
    );
    Ok(query.bind(id).execute(db).await?.rows_affected() > 0)
}

/// Images that the host will want soon: of releases that are made or under way, of apps that have dynos of another
/// release there.
pub async fn images_ahead(db: impl PgExecutor<'_>, host: HostId) -> Result<Vec<String>, DbError> {
    let query = sqlx::query_scalar(
        "select distinct coalesce(container_images.image, slugs.image)
         from (select distinct app_id, release_id from dynos
               where host_id = $1 and kind = 'formation' and state in ('starting', 'up')) as here
         join lateral (
             select id, slug_id from releases
             where releases.app_id = here.app_id and state <> 'failed' order by version desc limit 1
         ) newest on newest.id <> here.release_id
         join slugs on slugs.id = newest.slug_id
         left join container_images on container_images.slug_id = slugs.id",
    );
    Ok(query.bind(host).fetch_all(db).await?)
}

/// Images that the host is to keep: of every dyno that is not gone, and the `newest` ones of each app that has, or lately
/// had, dynos there.
pub async fn images_kept(db: impl PgExecutor<'_>, host: HostId, newest: u32) -> Result<Vec<String>, DbError> {
    let query = sqlx::query_scalar(
        "with kept as (
             select newest.slug_id
             from (select distinct app_id from dynos where host_id = $1) as here
             join lateral (
                 select slug_id from releases
                 where releases.app_id = here.app_id and state <> 'failed' and slug_id is not null
                 group by slug_id order by max(version) desc limit $2
             ) newest on true
             union
             select releases.slug_id from dynos join releases on releases.id = dynos.release_id
             where dynos.host_id = $1 and dynos.state <> 'gone'
         )
         select slugs.image from kept join slugs on slugs.id = kept.slug_id
         union
         select container_images.image from kept join container_images on container_images.slug_id = kept.slug_id",
    );
    Ok(query.bind(host).bind(i64::from(newest)).fetch_all(db).await?)
}

/// The dyno that waits for the client with this secret.
pub async fn by_attach(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<DynoId>, DbError> {
    let query = sqlx::query_scalar("select id from dynos where attach_hash = $1 and state <> 'gone'");
    Ok(query.bind(secret).fetch_optional(db).await?)
}

/// Spends the secret of an attach URL: only the first caller gets true.
pub async fn take_attach(db: impl PgExecutor<'_>, id: DynoId, secret: &SecretHash) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update dynos set attach_hash = null, updated_at = now()
         where id = $1 and attach_hash = $2 and state in ('placed', 'starting')",
    );
    Ok(query.bind(id).bind(secret).execute(db).await?.rows_affected() > 0)
}

/// Remembers up to when the container's output has been taken over.
pub async fn set_logged_until(db: impl PgExecutor<'_>, id: DynoId, until: DateTime<Utc>) -> Result<(), DbError> {
    let nanoseconds = until.timestamp_nanos_opt();
    sqlx::query("update dynos set logged_until = $2 where id = $1").bind(id).bind(nanoseconds).execute(db).await?;
    Ok(())
}

/// Ids of dynos that may have a container: the reaper leaves these alone.
pub async fn with_container(db: impl PgExecutor<'_>, host: HostId) -> Result<Vec<DynoId>, DbError> {
    let query = sqlx::query_scalar(
        "select id from dynos where host_id = $1 and state in ('placed', 'starting', 'up', 'stopping')",
    );
    Ok(query.bind(host).fetch_all(db).await?)
}

/// Dynos of one size that hold a host's memory and CPU.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Load {
    pub host_id: HostId,
    #[sqlx(try_from = "String")]
    pub size: DynoSize,
    #[sqlx(try_from = "i64")]
    pub dynos: u32,
}

/// What every host carries.
pub async fn loads(db: impl PgExecutor<'_>) -> Result<Vec<Load>, DbError> {
    let query = sqlx::query_as(
        "select host_id, size, count(*) as dynos from dynos
         where state in ('placed', 'starting', 'up', 'stopping') and host_id is not null group by host_id, size",
    );
    Ok(query.fetch_all(db).await?)
}

/// Forgets dynos that ended before `before`; returns how many.
pub async fn forget(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> Result<u64, DbError> {
    let query = sqlx::query("delete from dynos where state = 'gone' and updated_at < $1");
    Ok(query.bind(before).execute(db).await?.rows_affected())
}

/// Takes the lock under which placement is planned and applied; held until the transaction ends.
pub async fn lock_placement(db: &mut Connection) -> Result<(), DbError> {
    sqlx::query("select pg_advisory_xact_lock(726173)").execute(db).await?;
    Ok(())
}
