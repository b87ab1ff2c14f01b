//! Custom host names of apps. The one that every app has, `NAME.DOMAIN`, is no row: it follows from the name.

use chrono::{DateTime, Utc};
use paas_model::{AppId, DomainId, Hostname, SniEndpointId};
use sqlx::PgExecutor;

use crate::{Connection, DbError};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select domains.id, domains.app_id, domains.hostname, domains.cname, domains.sni_endpoint_id, domains.created_at,
                    domains.updated_at, sni_endpoints.name as sni_endpoint_name
             from domains left join sni_endpoints on sni_endpoints.id = domains.sni_endpoint_id ",
            $rest
        )
    };
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Domain {
    pub id: DomainId,
    pub app_id: AppId,
    pub hostname: Hostname,
    /// What DNS is to point at.
    pub cname: String,
    pub sni_endpoint_id: Option<SniEndpointId>,
    pub sni_endpoint_name: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Until the transaction ends nobody else adds a domain: what [`contested`] said stays true.
pub async fn lock(db: &mut Connection) -> Result<(), DbError> {
    sqlx::query("select pg_advisory_xact_lock(726175)").execute(db).await?;
    Ok(())
}

/// # Errors
/// [`DbError::HostnameTaken`], [`DbError::CnameTaken`], [`DbError::SniEndpointGone`].
pub async fn create(
    db: impl PgExecutor<'_>,
    id: DomainId,
    app: AppId,
    hostname: &Hostname,
    cname: &str,
    sni_endpoint: Option<SniEndpointId>,
) -> Result<(), DbError> {
    let query =
        sqlx::query("insert into domains (id, app_id, hostname, cname, sni_endpoint_id) values ($1, $2, $3, $4, $5)");
    query.bind(id).bind(app).bind(hostname).bind(cname).bind(sni_endpoint).execute(db).await?;
    Ok(())
}

/// Of the app, by host name.
pub async fn list(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<Domain>, DbError> {
    let query = sqlx::query_as(select!("where domains.app_id = $1 order by domains.hostname"));
    Ok(query.bind(app).fetch_all(db).await?)
}

/// `None`: the app has no such domain.
pub async fn find(db: impl PgExecutor<'_>, app: AppId, id: DomainId) -> Result<Option<Domain>, DbError> {
    let query = sqlx::query_as(select!("where domains.app_id = $1 and domains.id = $2"));
    Ok(query.bind(app).bind(id).fetch_optional(db).await?)
}

/// Whose it is, in the whole installation; `None`: nobody's.
pub async fn owner(db: impl PgExecutor<'_>, hostname: &Hostname) -> Result<Option<(DomainId, AppId)>, DbError> {
    let query = sqlx::query_as("select id, app_id from domains where hostname = $1");
    Ok(query.bind(hostname).fetch_optional(db).await?)
}

/// A wildcard above the name, or a name below the wildcard, of another owner than the app's; wildcards first. `None`: the
/// name takes nothing from anybody else.
pub async fn contested(db: impl PgExecutor<'_>, app: AppId, hostname: &Hostname) -> Result<Option<Hostname>, DbError> {
    let query = sqlx::query_scalar(
        "select domains.hostname from domains join apps on apps.id = domains.app_id
         where apps.owner_id <> (select owner_id from apps where id = $1)
           and (domains.hostname = any($2) or right(domains.hostname, length($3::text) + 1) = '.' || $3::text)
           and domains.hostname <> $4
         order by domains.hostname = any($2) desc, domains.hostname limit 1",
    );
    let above: Vec<String> = hostname.wildcards_above().collect();
    Ok(query.bind(app).bind(above).bind(hostname.wildcard_of()).bind(hostname).fetch_optional(db).await?)
}

pub async fn count(db: impl PgExecutor<'_>, app: AppId) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select count(*) from domains where app_id = $1").bind(app).fetch_one(db).await?)
}

/// `None` detaches it.
///
/// # Errors
/// [`DbError::SniEndpointGone`].
pub async fn attach(db: impl PgExecutor<'_>, id: DomainId, sni_endpoint: Option<SniEndpointId>) -> Result<(), DbError> {
    let query = sqlx::query("update domains set sni_endpoint_id = $2, updated_at = now() where id = $1");
    query.bind(id).bind(sni_endpoint).execute(db).await?;
    Ok(())
}

pub async fn delete(db: impl PgExecutor<'_>, id: DomainId) -> Result<(), DbError> {
    sqlx::query("delete from domains where id = $1").bind(id).execute(db).await?;
    Ok(())
}
