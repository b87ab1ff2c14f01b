//! Machines that run dynos, in every state from wanted to gone. A host is looked after by the one controller that holds
//! its lease; what only that controller may write says so with the lease.

use std::time::Duration;

use chrono::{DateTime, Utc};
use paas_model::{ControllerId, HostFault, HostId, HostState, Labels, PoolId};
use sqlx::{PgExecutor, types::Json};

use crate::{Connection, DbError, SecretHash};

macro_rules! columns {
    () => {
        "id, name, state, endpoint, memory_mb, cpus, seen_at, pool_id, zone, labels, machine_id, instance_type, spot, \
         image, price_micros, since, fault, spare_since, interrupted_at, drain_requested, reason, engine_version, \
         certificate_expires_at, created_at"
    };
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Host {
    pub id: HostId,
    pub name: String,
    #[sqlx(try_from = "String")]
    pub state: HostState,
    /// `unix:///var/run/docker.sock`, `tcp://10.0.0.5:2376/?name=…`; `None` until it has joined.
    pub endpoint: Option<String>,
    /// What dynos may use, MiB.
    #[sqlx(try_from = "i32")]
    pub memory_mb: u32,
    #[sqlx(try_from = "i32")]
    pub cpus: u32,
    /// When its engine last answered.
    pub seen_at: Option<DateTime<Utc>>,
    /// `None`: it joined by hand.
    pub pool_id: Option<PoolId>,
    pub zone: String,
    #[sqlx(json)]
    pub labels: Labels,
    /// The provider's name of the machine.
    pub machine_id: Option<String>,
    pub instance_type: Option<String>,
    pub spot: bool,
    /// The machine image that it started from.
    pub image: Option<String>,
    /// Millionths of a dollar an hour.
    pub price_micros: i64,
    /// When it entered its state.
    pub since: DateTime<Utc>,
    fault: Option<String>,
    pub spare_since: Option<DateTime<Utc>>,
    pub interrupted_at: Option<DateTime<Utc>>,
    pub drain_requested: bool,
    /// Why it is in its state, or the last error.
    pub reason: Option<String>,
    pub engine_version: Option<String>,
    pub certificate_expires_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
}

impl Host {
    /// Why it is lost.
    #[must_use]
    pub fn fault(&self) -> Option<HostFault> {
        self.fault.as_deref().and_then(|fault| fault.parse().ok())
    }
}

/// Hosts that are not gone, by name.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Host>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from hosts where state <> 'gone' order by name"));
    Ok(query.fetch_all(db).await?)
}

/// In any state.
pub async fn find(db: impl PgExecutor<'_>, id: HostId) -> Result<Option<Host>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from hosts where id = $1")).bind(id).fetch_optional(db).await?)
}

/// One that is not gone.
pub async fn by_name(db: impl PgExecutor<'_>, name: &str) -> Result<Option<Host>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from hosts where name = $1 and state <> 'gone'"));
    Ok(query.bind(name).fetch_optional(db).await?)
}

/// Enters the machine that the server runs on, ready unless it is known already.
///
/// # Errors
/// [`DbError::HostNameTaken`] when a host with another endpoint has this name.
pub async fn enter(
    db: impl PgExecutor<'_>,
    id: HostId,
    name: &str,
    endpoint: &str,
    memory_mb: u32,
    cpus: u32,
) -> Result<Host, DbError> {
    let query = sqlx::query_as(
        concat!("insert into hosts (id, name, state, endpoint, memory_mb, cpus, seen_at) values ($1, $2, 'ready', $3, $4, $5, now())
         on conflict (endpoint) do update set updated_at = now()
         returning ", columns!()),
    );
    Ok(query.bind(id).bind(name).bind(endpoint).bind(signed(memory_mb)).bind(signed(cpus)).fetch_one(db).await?)
}

/// A host that the plan wants from a pool.
#[derive(Debug, Clone)]
pub struct Requested {
    pub id: HostId,
    pub name: String,
    pub pool_id: PoolId,
    pub zone: String,
    pub labels: Labels,
    pub instance_type: String,
    pub spot: bool,
    pub image: String,
    pub memory_mb: u32,
    pub cpus: u32,
    pub price_micros: i64,
}

/// A new row in `requested`.
pub async fn request(db: impl PgExecutor<'_>, host: &Requested) -> Result<(), DbError> {
    sqlx::query(
        "insert into hosts (id, name, state, pool_id, zone, labels, instance_type, spot, image, memory_mb, cpus, price_micros)
         values ($1, $2, 'requested', $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(host.id)
    .bind(&host.name)
    .bind(host.pool_id)
    .bind(&host.zone)
    .bind(Json(&host.labels))
    .bind(&host.instance_type)
    .bind(host.spot)
    .bind(&host.image)
    .bind(signed(host.memory_mb))
    .bind(signed(host.cpus))
    .bind(host.price_micros)
    .execute(db)
    .await?;
    Ok(())
}

/// What a machine says of itself when it joins.
#[derive(Debug, Clone)]
pub struct Joined {
    pub id: HostId,
    pub name: String,
    pub endpoint: String,
    /// `None`: as it is.
    pub zone: Option<String>,
    pub labels: Labels,
    pub machine_id: Option<String>,
    pub renewal_hash: SecretHash,
    pub certificate_expires_at: DateTime<Utc>,
}

/// A machine has joined: a new row (joined by hand) or a launched one's moves to `joining`. One that has joined before
/// (its answer got lost) stays in its state. Which machine it is, once that is known, and in which zone a launched one is,
/// are not the machine's to say. False: the row is past joining (terminating or gone).
///
/// # Errors
/// [`DbError::HostNameTaken`], [`DbError::HostAddressTaken`] when another host that is not gone has it.
pub async fn join(db: impl PgExecutor<'_>, host: &Joined) -> Result<bool, DbError> {
    let query = sqlx::query(
        "insert into hosts (id, name, state, endpoint, zone, labels, machine_id, renewal_hash, certificate_expires_at,
                            memory_mb, cpus)
         values ($1, $2, 'joining', $3, coalesce($4, 'local'), $5, $6, $7, $8, 0, 1)
         on conflict (id) do update
             set state = case when hosts.state in ('requested', 'launching') then 'joining' else hosts.state end,
                 since = case when hosts.state in ('requested', 'launching') then now() else hosts.since end,
                 endpoint = excluded.endpoint,
                 zone = case when hosts.pool_id is null then coalesce($4, hosts.zone) else hosts.zone end,
                 machine_id = coalesce(hosts.machine_id, excluded.machine_id),
                 renewal_hash = excluded.renewal_hash, certificate_expires_at = excluded.certificate_expires_at,
                 updated_at = now()
             where hosts.state not in ('terminating', 'gone')",
    );
    let query = query
        .bind(host.id)
        .bind(&host.name)
        .bind(&host.endpoint)
        .bind(&host.zone)
        .bind(Json(&host.labels))
        .bind(&host.machine_id)
        .bind(&host.renewal_hash)
        .bind(host.certificate_expires_at);
    Ok(query.execute(db).await?.rows_affected() > 0)
}

/// The host whose certificate this secret renews.
pub async fn by_renewal(db: impl PgExecutor<'_>, id: HostId, secret: &SecretHash) -> Result<Option<Host>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from hosts where id = $1 and renewal_hash = $2 and state <> 'gone'"
    ));
    Ok(query.bind(id).bind(secret).fetch_optional(db).await?)
}

pub async fn renewed(db: impl PgExecutor<'_>, id: HostId, expires_at: DateTime<Utc>) -> Result<(), DbError> {
    let query = sqlx::query("update hosts set certificate_expires_at = $2, updated_at = now() where id = $1");
    query.bind(id).bind(expires_at).execute(db).await?;
    Ok(())
}

/// Hosts that any controller can look after: those whose engine is asked over the network.
pub async fn count_shared(db: impl PgExecutor<'_>) -> Result<i64, DbError> {
    let query = sqlx::query_scalar(
        "select count(*) from hosts
         where state in ('joining', 'ready', 'draining', 'lost', 'terminating') and endpoint not like 'unix://%'",
    );
    Ok(query.fetch_one(db).await?)
}

/// Takes over up to `limit` hosts that nobody looks after and whose engine can be asked over the network.
pub async fn claim(
    db: impl PgExecutor<'_>,
    controller: ControllerId,
    ttl: Duration,
    limit: i64,
) -> Result<Vec<Host>, DbError> {
    let query = sqlx::query_as(concat!(
        "update hosts set lease_id = $1, lease_expires_at = now() + make_interval(secs => $2), updated_at = now()
         where id in (
             select id from hosts
             where state in ('joining', 'ready', 'draining', 'lost', 'terminating') and endpoint not like 'unix://%'
               and (lease_id is null or lease_expires_at < now())
             order by lease_expires_at nulls first for update skip locked limit $3)
         returning ",
        columns!()
    ));
    Ok(query.bind(controller).bind(ttl.as_secs_f64()).bind(limit).fetch_all(db).await?)
}

/// Takes over the host with this endpoint, if nobody looks after it: the one way to one whose engine answers on a Unix
/// socket, which only its own machine can reach.
pub async fn claim_local(
    db: impl PgExecutor<'_>,
    controller: ControllerId,
    ttl: Duration,
    endpoint: &str,
) -> Result<Option<Host>, DbError> {
    let query = sqlx::query_as(concat!(
        "update hosts set lease_id = $1, lease_expires_at = now() + make_interval(secs => $2), updated_at = now()
         where endpoint = $3 and state in ('joining', 'ready', 'draining', 'lost', 'terminating')
           and (lease_id is null or lease_expires_at < now())
         returning ",
        columns!()
    ));
    Ok(query.bind(controller).bind(ttl.as_secs_f64()).bind(endpoint).fetch_optional(db).await?)
}

/// Renews the controller's leases, those that have not been taken by another, and says which hosts it still has.
pub async fn extend(db: impl PgExecutor<'_>, controller: ControllerId, ttl: Duration) -> Result<Vec<Host>, DbError> {
    let query = sqlx::query_as(concat!(
        "update hosts set lease_expires_at = now() + make_interval(secs => $2)
         where lease_id = $1 and state <> 'gone' and endpoint is not null returning ",
        columns!()
    ));
    Ok(query.bind(controller).bind(ttl.as_secs_f64()).fetch_all(db).await?)
}

/// Who looks after each host that is not gone, by name; `None`: nobody.
pub async fn leases(db: impl PgExecutor<'_>) -> Result<Vec<Option<ControllerId>>, DbError> {
    let query = sqlx::query_scalar(
        "select case when lease_expires_at > now() then lease_id end from hosts where state <> 'gone' order by name",
    );
    Ok(query.fetch_all(db).await?)
}

/// Whether a controller looks after it.
pub async fn is_held(db: impl PgExecutor<'_>, id: HostId) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "select exists (select 1 from hosts where id = $1 and lease_id is not null and lease_expires_at > now())",
    );
    Ok(query.bind(id).fetch_one(db).await?)
}

/// Gives hosts up, for another controller to take at once; all of them when `hosts` is `None`. When that was is kept:
/// [`lose_orphans`] counts from then.
pub async fn let_go(
    db: impl PgExecutor<'_>,
    controller: ControllerId,
    hosts: Option<&[HostId]>,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update hosts set lease_id = null, lease_expires_at = now()
         where lease_id = $1 and ($2::uuid[] is null or id = any($2))",
    );
    query.bind(controller).bind(hosts).execute(db).await?;
    Ok(())
}

/// What an engine says of its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    /// What dynos may use, MiB.
    pub memory_mb: u32,
    pub cpus: u32,
    pub engine_version: String,
}

/// The engine has answered: a host that was joining or lost is ready, or drains if that was asked for. True: its state
/// changed.
///
/// # Errors
/// [`DbError::LeaseLost`] when another controller has it.
pub async fn seen(
    db: &mut Connection,
    id: HostId,
    controller: ControllerId,
    capacity: &Capacity,
) -> Result<bool, DbError> {
    let (memory_mb, cpus, version) = (signed(capacity.memory_mb), signed(capacity.cpus), &capacity.engine_version);
    // The usual case touches no column that others wait on.
    let unchanged = sqlx::query(
        "update hosts set seen_at = now()
         where id = $1 and lease_id = $2 and state in ('ready', 'draining', 'terminating') and memory_mb = $3 and cpus = $4
           and engine_version = $5 and fault is null and (state <> 'ready' or reason is null)",
    );
    let unchanged = unchanged.bind(id).bind(controller).bind(memory_mb).bind(cpus).bind(version);
    if unchanged.execute(&mut *db).await?.rows_affected() > 0 {
        return Ok(false);
    }
    let query = sqlx::query_scalar(
        "with before as (select id, state from hosts where id = $1 for update)
         update hosts set seen_at = now(), memory_mb = $3, cpus = $4, engine_version = $5, fault = null, updated_at = now(),
                state = case when before.state not in ('joining', 'lost') then before.state
                             when drain_requested then 'draining' else 'ready' end,
                since = case when before.state in ('joining', 'lost') then now() else since end,
                reason = case when before.state not in ('joining', 'ready', 'lost') then reason
                              when drain_requested then 'it was asked to drain' end
         from before
         where hosts.id = before.id and lease_id = $2 and hosts.state <> 'gone' and fault is distinct from 'machine_gone'
         returning hosts.state <> before.state",
    );
    let query = query.bind(id).bind(controller).bind(memory_mb).bind(cpus).bind(version);
    query.fetch_optional(db).await?.ok_or(DbError::LeaseLost)
}

/// The engine did not answer. After `grace` since it last did, a host that served is lost; with `None`, only the error is
/// noted. Returns its state after that: it may have been lost before.
///
/// # Errors
/// [`DbError::LeaseLost`] when another controller has it.
pub async fn unseen(
    db: impl PgExecutor<'_>,
    id: HostId,
    controller: ControllerId,
    grace: Option<Duration>,
    error: &str,
) -> Result<HostState, DbError> {
    let query = sqlx::query_as::<_, Judged>(
        "with judged as (
             select id, $3::float8 is not null and state in ('ready', 'draining')
                        and now() > coalesce(seen_at, since) + make_interval(secs => $3) as overdue
             from hosts where id = $1 for update)
         update hosts set updated_at = now(),
                reason = case when overdue or state in ('joining', 'ready', 'lost') and fault is distinct from 'machine_gone'
                              then $4 else reason end,
                state = case when overdue then 'lost' else state end,
                since = case when overdue then now() else since end,
                fault = case when overdue then 'engine_unreachable' else fault end
         from judged where hosts.id = judged.id and lease_id = $2 and state <> 'gone' returning state",
    );
    let query = query.bind(id).bind(controller).bind(grace.map(|grace| grace.as_secs_f64())).bind(error);
    query.fetch_optional(db).await?.map(|judged| judged.state).ok_or(DbError::LeaseLost)
}

#[derive(sqlx::FromRow)]
struct Judged {
    #[sqlx(try_from = "String")]
    state: HostState,
}

/// Hosts that nobody has looked after for `silence` are lost: no controller that can reach them is alive. Returns their
/// names.
pub async fn lose_orphans(db: impl PgExecutor<'_>, silence: Duration) -> Result<Vec<String>, DbError> {
    let query = sqlx::query_scalar(
        "update hosts set state = 'lost', since = now(), fault = 'engine_unreachable', updated_at = now(),
                reason = 'no controller that can reach it is running'
         where state in ('ready', 'draining')
           and coalesce(lease_expires_at, since) + make_interval(secs => $1) < now() returning name",
    );
    Ok(query.bind(silence.as_secs_f64()).fetch_all(db).await?)
}

/// Moves a host from one of `from` to `to`; false: it was in none of them.
pub async fn advance(
    db: impl PgExecutor<'_>,
    id: HostId,
    from: &[HostState],
    to: HostState,
    reason: Option<&str>,
) -> Result<bool, DbError> {
    let from: Vec<_> = from.iter().map(|state| state.as_str()).collect();
    let query = sqlx::query(
        "update hosts set state = $3, reason = $4, since = now(), spare_since = null, updated_at = now(),
                drain_requested = drain_requested and $3 <> 'ready'
         where id = $1 and state = any($2)",
    );
    Ok(query.bind(id).bind(from).bind(to.as_str()).bind(reason).execute(db).await?.rows_affected() > 0)
}

/// A person wants it empty, or takes that back. False: it is gone, or being ended.
pub async fn request_drain(db: impl PgExecutor<'_>, id: HostId, drain: bool) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update hosts set drain_requested = $2, updated_at = now(),
                state = case when $2 and state = 'ready' then 'draining'
                             when not $2 and state = 'draining' then 'ready' else state end,
                since = case when $2 and state = 'ready' or not $2 and state = 'draining' then now() else since end,
                reason = case when $2 then 'it was asked to drain' end, spare_since = null
         where id = $1 and state in ('joining', 'ready', 'draining', 'lost')",
    );
    Ok(query.bind(id).bind(drain).execute(db).await?.rows_affected() > 0)
}

/// Gives a host these labels and no others. False: it is gone, or its labels are its pool's.
pub async fn set_labels(db: impl PgExecutor<'_>, id: HostId, labels: &Labels) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update hosts set labels = $2, updated_at = now() where id = $1 and pool_id is null and state <> 'gone'",
    );
    Ok(query.bind(id).bind(Json(labels)).execute(db).await?.rows_affected() > 0)
}

/// Since when the pool could do without it; `None`: it is needed.
pub async fn set_spare(db: impl PgExecutor<'_>, id: HostId, since: Option<DateTime<Utc>>) -> Result<(), DbError> {
    let query = sqlx::query("update hosts set spare_since = $2, updated_at = now() where id = $1");
    query.bind(id).bind(since).execute(db).await?;
    Ok(())
}

/// A machine was asked for: `requested` becomes `launching` before the provider is called, so that an answer that gets
/// lost is looked for. The machine's name is filled in when it is known. False: without a name, that no machine is wanted
/// (any more).
pub async fn launching(db: impl PgExecutor<'_>, id: HostId, machine: Option<&str>) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update hosts set state = case when state = 'requested' then 'launching' else state end,
                since = case when state = 'requested' then now() else since end,
                machine_id = coalesce($2, machine_id), updated_at = now()
         where id = $1 and (state in ('requested', 'launching') or $2 is not null and state <> 'gone')",
    );
    Ok(query.bind(id).bind(machine).execute(db).await?.rows_affected() > 0)
}

/// Why a host is still in its state. Wakes nobody.
pub async fn note(db: impl PgExecutor<'_>, id: HostId, reason: &str) -> Result<(), DbError> {
    sqlx::query("update hosts set reason = $2 where id = $1 and state <> 'gone'")
        .bind(id)
        .bind(reason)
        .execute(db)
        .await?;
    Ok(())
}

/// The provider takes the machine back soon.
pub async fn interrupted(db: impl PgExecutor<'_>, id: HostId) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update hosts set interrupted_at = now(), updated_at = now() where id = $1 and interrupted_at is null",
    );
    Ok(query.bind(id).execute(db).await?.rows_affected() > 0)
}

/// The provider says that the machine has ended.
pub async fn machine_gone(db: impl PgExecutor<'_>, id: HostId) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update hosts set state = 'lost', fault = 'machine_gone', reason = 'its machine has ended', updated_at = now(),
                since = case when state = 'lost' then since else now() end
         where id = $1 and state in ('joining', 'ready', 'draining', 'lost') and fault is distinct from 'machine_gone'",
    );
    Ok(query.bind(id).execute(db).await?.rows_affected() > 0)
}

/// The end of the row's life: nothing of it is left to look after. Its name and address are free again.
pub async fn gone(db: impl PgExecutor<'_>, id: HostId, reason: Option<&str>) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update hosts set state = 'gone', since = now(), reason = coalesce($2, reason), renewal_hash = null, endpoint = null,
                machine_id = null, lease_id = null, lease_expires_at = null, updated_at = now()
         where id = $1 and state <> 'gone'",
    );
    Ok(query.bind(id).bind(reason).execute(db).await?.rows_affected() > 0)
}

/// Forgets hosts that went before `before` and that nothing speaks of any more, their spent tokens with them; returns how
/// many.
pub async fn forget(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> Result<u64, DbError> {
    let query = sqlx::query(
        "delete from hosts where state = 'gone' and since < $1
           and not exists (select 1 from dynos where host_id = hosts.id)
           and not exists (select 1 from builds where host_id = hosts.id)
           and not exists (select 1 from host_shells where host_id = hosts.id)",
    );
    Ok(query.bind(before).execute(db).await?.rows_affected())
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
