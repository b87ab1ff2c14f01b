//! Certificates that users bring for their domains. Their keys leave this file only to be served with.

use chrono::{DateTime, Utc};
use paas_model::{AppId, DomainId, SniEndpointId};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgExecutor;

use crate::{DbError, Vault, VaultError};

/// Without its key.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SniEndpoint {
    pub id: SniEndpointId,
    pub app_id: AppId,
    pub name: String,
    pub display_name: Option<String>,
    /// PEM, the leaf first.
    pub certificate_chain: String,
    /// The domains that it is attached to.
    pub domains: Vec<DomainId>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A private key as it is stored: of no use without the master key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedKey(Vec<u8>);

impl SealedKey {
    /// Bound to the endpoint.
    ///
    /// # Errors
    /// [`DbError::Secret`].
    pub fn seal(vault: &Vault, id: SniEndpointId, pem: &SecretString) -> Result<Self, DbError> {
        Ok(Self(vault.seal(id.uuid(), pem.expose_secret().as_bytes())?))
    }

    /// # Errors
    /// [`DbError::Secret`] for any other master key or endpoint.
    pub fn open(&self, vault: &Vault, id: SniEndpointId) -> Result<SecretString, DbError> {
        let pem = String::from_utf8(vault.open(id.uuid(), &self.0)?).map_err(|_| VaultError::Decrypt)?;
        Ok(SecretString::from(pem))
    }

    #[must_use]
    pub fn from_bytes(sealed: Vec<u8>) -> Self {
        Self(sealed)
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// # Errors
/// [`DbError::SniEndpointNameTaken`].
pub async fn create(
    db: impl PgExecutor<'_>,
    id: SniEndpointId,
    app: AppId,
    name: &str,
    certificate_chain: &str,
    key: &SealedKey,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into sni_endpoints (id, app_id, name, certificate_chain, private_key) values ($1, $2, $3, $4, $5)",
    );
    query.bind(id).bind(app).bind(name).bind(certificate_chain).bind(&key.0).execute(db).await?;
    Ok(())
}

/// Of the app, by name.
pub async fn list(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<SniEndpoint>, DbError> {
    let query = sqlx::query_as(
        "select id, app_id, name, display_name, certificate_chain, created_at, updated_at,
                array(select domains.id from domains where sni_endpoint_id = sni_endpoints.id order by hostname) as domains
         from sni_endpoints where app_id = $1 order by name",
    );
    Ok(query.bind(app).fetch_all(db).await?)
}

/// By its id or name. `None`: the app has no such endpoint.
pub async fn find(
    db: impl PgExecutor<'_>,
    app: AppId,
    id: Option<SniEndpointId>,
    name: &str,
) -> Result<Option<SniEndpoint>, DbError> {
    let query = sqlx::query_as(
        "select id, app_id, name, display_name, certificate_chain, created_at, updated_at,
                array(select domains.id from domains where sni_endpoint_id = sni_endpoints.id order by hostname) as domains
         from sni_endpoints where app_id = $1 and (id = $2 or name = $3) limit 1",
    );
    Ok(query.bind(app).bind(id).bind(name).fetch_optional(db).await?)
}

pub async fn count(db: impl PgExecutor<'_>, app: AppId) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select count(*) from sni_endpoints where app_id = $1").bind(app).fetch_one(db).await?)
}

/// Another certificate in place of the one there is.
pub async fn replace(
    db: impl PgExecutor<'_>,
    id: SniEndpointId,
    certificate_chain: &str,
    key: &SealedKey,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "update sni_endpoints set certificate_chain = $2, private_key = $3, updated_at = clock_timestamp() where id = $1",
    );
    query.bind(id).bind(certificate_chain).bind(&key.0).execute(db).await?;
    Ok(())
}

/// Its domains stay, without a certificate.
pub async fn delete(db: impl PgExecutor<'_>, id: SniEndpointId) -> Result<(), DbError> {
    sqlx::query("delete from sni_endpoints where id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// What routers serve a host name with: which certificate, and as of when.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Served {
    /// Whose both are.
    pub app_id: AppId,
    pub hostname: String,
    pub id: SniEndpointId,
    pub updated_at: DateTime<Utc>,
}

/// A certificate as routers hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub id: SniEndpointId,
    pub updated_at: DateTime<Utc>,
    pub certificate_chain: String,
    pub key: SealedKey,
}

/// Every domain that has a certificate, by host name.
pub async fn served(db: impl PgExecutor<'_>) -> Result<Vec<Served>, DbError> {
    let query = sqlx::query_as(
        "select domains.app_id, domains.hostname, sni_endpoints.id, sni_endpoints.updated_at
         from domains join sni_endpoints on sni_endpoints.id = domains.sni_endpoint_id order by domains.hostname",
    );
    Ok(query.fetch_all(db).await?)
}

/// These certificates with their keys, those that are still there.
pub async fn sealed(db: impl PgExecutor<'_>, ids: &[SniEndpointId]) -> Result<Vec<Sealed>, DbError> {
    let query = sqlx::query_as::<_, Row>(
        "select id, updated_at, certificate_chain, private_key from sni_endpoints where id = any($1)",
    );
    let rows = query.bind(ids).fetch_all(db).await?;
    let sealed = |row: Row| Sealed {
        id: row.id,
        updated_at: row.updated_at,
        certificate_chain: row.certificate_chain,
        key: SealedKey(row.private_key),
    };
    Ok(rows.into_iter().map(sealed).collect())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SniEndpointId,
    updated_at: DateTime<Utc>,
    certificate_chain: String,
    private_key: Vec<u8>,
}
