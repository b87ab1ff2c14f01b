use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use paas_model::{Labels, PoolId, Purchase};
use sqlx::{PgExecutor, types::Json};

use crate::DbError;

macro_rules! columns {
    () => {
        "id, name, min_hosts, max_hosts, labels, instance_types, zones, purchase, image, replace_outdated, subnets, \
         security_groups, key_name, instance_profile, disk_gb, launch_after, last_error, created_at, updated_at"
    };
}

/// A group of hosts that the platform launches and ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Pool {
    pub id: PoolId,
    pub name: String,
    #[sqlx(try_from = "i32")]
    pub min_hosts: u32,
    #[sqlx(try_from = "i32")]
    pub max_hosts: u32,
    #[sqlx(json)]
    pub labels: Labels,
    pub instance_types: Vec<String>,
    pub zones: Vec<String>,
    #[sqlx(try_from = "String")]
    pub purchase: Purchase,
    /// The machine image (AMI).
    pub image: String,
    pub replace_outdated: bool,
    /// Zone to subnet.
    #[sqlx(json)]
    pub subnets: BTreeMap<String, String>,
    pub security_groups: Vec<String>,
    pub key_name: Option<String>,
    pub instance_profile: Option<String>,
    #[sqlx(try_from = "i32")]
    pub disk_gb: u32,
    pub launch_after: Option<DateTime<Utc>>,
    /// Why the last launch failed, or the next one would.
    pub last_error: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// By name.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Pool>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from pools order by name")).fetch_all(db).await?)
}

pub async fn find(db: impl PgExecutor<'_>, id: PoolId) -> Result<Option<Pool>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from pools where id = $1")).bind(id).fetch_optional(db).await?)
}

/// Holds the row until the transaction ends.
pub async fn find_for_update(db: &mut crate::Connection, id: PoolId) -> Result<Option<Pool>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from pools where id = $1 for update"))
        .bind(id)
        .fetch_optional(db)
        .await?)
}

pub async fn by_name(db: impl PgExecutor<'_>, name: &str) -> Result<Option<Pool>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from pools where name = $1"))
        .bind(name)
        .fetch_optional(db)
        .await?)
}

/// Writes the whole row, new or old; times and the last error are the database's.
///
/// # Errors
/// [`DbError::PoolNameTaken`]; [`DbError::PoolInvalid`] when the numbers of hosts do not fit each other, the disk's size is
/// out of range, or there is no type or zone.
pub async fn put(db: impl PgExecutor<'_>, pool: &Pool) -> Result<(), DbError> {
    sqlx::query(
        "insert into pools (id, name, min_hosts, max_hosts, labels, instance_types, zones, purchase, image, replace_outdated,
                            subnets, security_groups, key_name, instance_profile, disk_gb)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (id) do update
             set name = excluded.name, min_hosts = excluded.min_hosts, max_hosts = excluded.max_hosts,
                 labels = excluded.labels, instance_types = excluded.instance_types, zones = excluded.zones,
                 purchase = excluded.purchase, image = excluded.image, replace_outdated = excluded.replace_outdated,
                 subnets = excluded.subnets, security_groups = excluded.security_groups, key_name = excluded.key_name,
                 instance_profile = excluded.instance_profile, disk_gb = excluded.disk_gb, launch_after = null,
                 updated_at = now()",
    )
    .bind(pool.id)
    .bind(&pool.name)
    .bind(i32::try_from(pool.min_hosts).unwrap_or(i32::MAX))
    .bind(i32::try_from(pool.max_hosts).unwrap_or(i32::MAX))
    .bind(Json(&pool.labels))
    .bind(&pool.instance_types)
    .bind(&pool.zones)
    .bind(pool.purchase.as_str())
    .bind(&pool.image)
    .bind(pool.replace_outdated)
    .bind(Json(&pool.subnets))
    .bind(&pool.security_groups)
    .bind(&pool.key_name)
    .bind(&pool.instance_profile)
    .bind(i32::try_from(pool.disk_gb).unwrap_or(i32::MAX))
    .execute(db)
    .await?;
    Ok(())
}

/// Removes the pool if it has no host that is not gone; false: it has some.
pub async fn delete(db: &mut crate::Connection, id: PoolId) -> Result<bool, DbError> {
    sqlx::query("update hosts set pool_id = null where pool_id = $1 and state = 'gone'")
        .bind(id)
        .execute(&mut *db)
        .await?;
    let query = sqlx::query(
        "delete from pools where id = $1 and not exists (select 1 from hosts where pool_id = $1 and state <> 'gone')",
    );
    Ok(query.bind(id).execute(db).await?.rows_affected() > 0)
}

/// A launch failed: none is tried for `pause`, and operators see why.
pub async fn hold(db: impl PgExecutor<'_>, id: PoolId, pause: Duration, error: &str) -> Result<(), DbError> {
    let query = sqlx::query(
        "update pools set launch_after = now() + make_interval(secs => $2), last_error = $3, updated_at = now()
         where id = $1",
    );
    query.bind(id).bind(pause.as_secs_f64()).bind(error).execute(db).await?;
    Ok(())
}

/// What is wrong with its settings, or that nothing is; then what a launch that failed since has said stays. Holds no launch
/// up, and wakes nobody.
pub async fn tell(db: impl PgExecutor<'_>, id: PoolId, error: Option<&str>) -> Result<(), DbError> {
    let query = sqlx::query(
        "update pools set last_error = $2, updated_at = now()
         where id = $1 and last_error is distinct from $2 and ($2 is not null or launch_after is null)",
    );
    query.bind(id).bind(error).execute(db).await?;
    Ok(())
}

/// A launch succeeded.
pub async fn unhold(db: impl PgExecutor<'_>, id: PoolId) -> Result<(), DbError> {
    let query = sqlx::query(
        "update pools set launch_after = null, last_error = null, updated_at = now()
         where id = $1 and (launch_after is not null or last_error is not null)",
    );
    query.bind(id).execute(db).await?;
    Ok(())
}

/// Something that the provider has none of for now.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Shortage {
    pub pool_id: PoolId,
    pub instance_type: String,
    pub zone: String,
    pub spot: bool,
    pub until: DateTime<Utc>,
}

/// Those that are not over.
pub async fn shortages(db: impl PgExecutor<'_>) -> Result<Vec<Shortage>, DbError> {
    let query = sqlx::query_as(
        "select pool_id, instance_type, zone, spot, until from pool_shortages
         where until > now() order by pool_id, instance_type, zone, spot",
    );
    Ok(query.fetch_all(db).await?)
}

/// Notes a shortage for a while; one that is known is extended.
pub async fn note_shortage(
    db: impl PgExecutor<'_>,
    pool: PoolId,
    instance_type: &str,
    zone: &str,
    spot: bool,
    lasts: Duration,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into pool_shortages (pool_id, instance_type, zone, spot, until)
         values ($1, $2, $3, $4, now() + make_interval(secs => $5))
         on conflict (pool_id, instance_type, zone, spot) do update set until = excluded.until",
    );
    query.bind(pool).bind(instance_type).bind(zone).bind(spot).bind(lasts.as_secs_f64()).execute(db).await?;
    Ok(())
}

/// Forgets the shortages that are over; returns how many.
pub async fn forget_shortages(db: impl PgExecutor<'_>) -> Result<u64, DbError> {
    Ok(sqlx::query("delete from pool_shortages where until < now()").execute(db).await?.rows_affected())
}
