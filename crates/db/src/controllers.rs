//! Controller processes that are alive, so that each takes its share of the hosts and no more.

use std::time::Duration;

use paas_model::ControllerId;
use sqlx::PgExecutor;

use crate::DbError;

/// Enters the controller, or says that it is still there.
pub async fn heartbeat(db: impl PgExecutor<'_>, id: ControllerId) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into controllers (id) values ($1) on conflict (id) do update set seen_at = clock_timestamp()",
    );
    query.bind(id).execute(db).await?;
    Ok(())
}

/// How many have been heard of lately.
pub async fn alive(db: impl PgExecutor<'_>, within: Duration) -> Result<i64, DbError> {
    let query = sqlx::query_scalar(
        "select count(*) from controllers where seen_at > clock_timestamp() - make_interval(secs => $1)",
    );
    Ok(query.bind(within.as_secs_f64()).fetch_one(db).await?)
}

/// Whether this controller is the eldest of those heard of lately: the one that does what is better not done twice at
/// once, though twice would do no harm.
pub async fn is_eldest(db: impl PgExecutor<'_>, id: ControllerId, within: Duration) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "select not exists (select 1 from controllers
                            where id < $1 and seen_at > clock_timestamp() - make_interval(secs => $2))",
    );
    Ok(query.bind(id).bind(within.as_secs_f64()).fetch_one(db).await?)
}

/// The controller is going down in good order.
pub async fn leave(db: impl PgExecutor<'_>, id: ControllerId) -> Result<(), DbError> {
    sqlx::query("delete from controllers where id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// Forgets controllers that have been silent for `silence`; returns how many.
pub async fn forget(db: impl PgExecutor<'_>, silence: Duration) -> Result<u64, DbError> {
    let query = sqlx::query("delete from controllers where seen_at < clock_timestamp() - make_interval(secs => $1)");
    Ok(query.bind(silence.as_secs_f64()).execute(db).await?.rows_affected())
}
