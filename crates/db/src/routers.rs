//! Router processes that are alive, and which stopping dynos each has let go of. A dyno gets its SIGTERM only when
//! [`undrained_by`] says 0 (or a deadline has passed), so that no request meets a dyno that is going down.

use std::time::Duration;

use paas_model::DynoId;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::DbError;

/// A router that has not been heard of for this long is waited for no more. Routers beat every 2 seconds.
pub const ALIVE_WITHIN: Duration = Duration::from_secs(10);

/// Enters the router, or says that it is still there. True: it was not there (any more).
pub async fn heartbeat(db: impl PgExecutor<'_>, router: Uuid) -> Result<bool, DbError> {
    // `xmax` is 0 in a row that was inserted, and names the transaction in one that was updated.
    let query = sqlx::query_scalar(
        "insert into routers (id) values ($1) on conflict (id) do update set seen_at = clock_timestamp()
         returning xmax = 0",
    );
    Ok(query.bind(router).fetch_one(db).await?)
}

/// The router says that it picks none of these dynos any more and has no request in flight on them. Dynos and routers
/// without a row are passed over.
pub async fn acknowledge(db: impl PgExecutor<'_>, router: Uuid, dynos: &[DynoId]) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into drained_dynos (dyno_id, router_id)
         select dynos.id, routers.id from dynos, routers where dynos.id = any($2) and routers.id = $1
         on conflict do nothing",
    );
    query.bind(router).bind(dynos).execute(db).await?;
    Ok(())
}

/// How many routers have been heard of lately.
pub async fn alive(db: impl PgExecutor<'_>, within: Duration) -> Result<i64, DbError> {
    let query = sqlx::query_scalar(
        "select count(*) from routers where seen_at > clock_timestamp() - make_interval(secs => $1)",
    );
    Ok(query.bind(within.as_secs_f64()).fetch_one(db).await?)
}

/// How many live routers ([`ALIVE_WITHIN`]) may still send requests to this dyno, or have some in flight there.
pub async fn undrained_by(db: impl PgExecutor<'_>, dyno: DynoId) -> Result<i64, DbError> {
    let query = sqlx::query_scalar(
        "select count(*) from routers
         where seen_at > clock_timestamp() - make_interval(secs => $2)
           and not exists (select 1 from drained_dynos
                           where drained_dynos.router_id = routers.id and drained_dynos.dyno_id = $1)",
    );
    Ok(query.bind(dyno).bind(ALIVE_WITHIN.as_secs_f64()).fetch_one(db).await?)
}

/// The router is going down in good order: nobody waits for it.
pub async fn leave(db: impl PgExecutor<'_>, router: Uuid) -> Result<(), DbError> {
    sqlx::query("delete from routers where id = $1").bind(router).execute(db).await?;
    Ok(())
}

/// Forgets routers that have been silent for `silence`; returns how many. One that comes back enters itself again.
pub async fn forget(db: impl PgExecutor<'_>, silence: Duration) -> Result<u64, DbError> {
    let query = sqlx::query("delete from routers where seen_at < clock_timestamp() - make_interval(secs => $1)");
    Ok(query.bind(silence.as_secs_f64()).execute(db).await?.rows_affected())
}
