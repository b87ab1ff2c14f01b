use chrono::{DateTime, Utc};
use paas_model::{AccountId, SourceId};
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgExecutor;

use crate::{Connection, DbError, SecretHash, Vault, VaultError};

/// A place for one source tarball, which exists in the registry once `digest` is set: uploaded, or fetched.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Source {
    pub id: SourceId,
    pub account_id: AccountId,
    pub digest: Option<String>,
    /// Compressed bytes.
    pub size: Option<i64>,
    /// `sha256:…`, which a fetched one must have.
    pub checksum: Option<String>,
    /// Since when its archive is not kept any more.
    pub collected_at: Option<DateTime<Utc>>,
    url: Option<Vec<u8>>,
}

impl Source {
    /// Where it is to be fetched. `None`: it is uploaded, or was fetched.
    ///
    /// # Errors
    /// [`DbError::Secret`].
    pub fn url(&self, vault: &Vault) -> Result<Option<SecretString>, DbError> {
        let Some(sealed) = &self.url else { return Ok(None) };
        let plain = vault.open(self.id.uuid(), sealed)?;
        Ok(Some(String::from_utf8(plain).map_err(|_| VaultError::Decrypt)?.into()))
    }

    /// Whether there is something, here or elsewhere, that a build can be made from.
    #[must_use]
    pub const fn is_filled(&self) -> bool {
        self.collected_at.is_none() && (self.digest.is_some() || self.url.is_some())
    }

    /// Its archive in the registry. `None`: there is none yet, or none any more.
    #[must_use]
    pub fn archive(&self) -> Option<&str> {
        self.digest.as_deref().filter(|_| self.collected_at.is_none())
    }
}

/// A source that the platform fetches.
#[derive(Debug)]
pub struct Remote {
    pub id: SourceId,
    pub account_id: AccountId,
    pub url: SecretString,
    /// Without credentials.
    pub shown_url: String,
    pub checksum: Option<String>,
}

pub async fn create(
    db: impl PgExecutor<'_>,
    id: SourceId,
    account: AccountId,
    secret: &SecretHash,
) -> Result<(), DbError> {
    let query = sqlx::query("insert into sources (id, account_id, secret_hash) values ($1, $2, $3)");
    query.bind(id).bind(account).bind(secret).execute(db).await?;
    Ok(())
}

/// Nobody is told its secret: it can neither be uploaded to nor read.
pub async fn create_remote(
    db: impl PgExecutor<'_>,
    vault: &Vault,
    secret: &SecretHash,
    remote: &Remote,
) -> Result<(), DbError> {
    let sealed = vault.seal(remote.id.uuid(), remote.url.expose_secret().as_bytes())?;
    sqlx::query(
        "insert into sources (id, account_id, secret_hash, url, shown_url, checksum) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(remote.id)
    .bind(remote.account_id)
    .bind(secret)
    .bind(sealed)
    .bind(&remote.shown_url)
    .bind(&remote.checksum)
    .execute(db)
    .await?;
    Ok(())
}

pub async fn by_secret(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<Source>, DbError> {
    let query = sqlx::query_as(
        "select id, account_id, digest, size, checksum, collected_at, url from sources where secret_hash = $1",
    );
    Ok(query.bind(secret).fetch_optional(db).await?)
}

pub async fn by_id(db: impl PgExecutor<'_>, id: SourceId) -> Result<Option<Source>, DbError> {
    let query =
        sqlx::query_as("select id, account_id, digest, size, checksum, collected_at, url from sources where id = $1");
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// The same, and it is not forgotten until the transaction ends.
pub async fn hold(db: &mut Connection, id: SourceId) -> Result<Option<Source>, DbError> {
    let query = sqlx::query_as(
        "select id, account_id, digest, size, checksum, collected_at, url from sources where id = $1 for key share",
    );
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// Those that were made before this, and of which nothing was made. Returns how many.
pub async fn forget_unused(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> Result<u64, DbError> {
    let query = sqlx::query(
        "delete from sources where id in (
             select id from sources
             where created_at < $1
               and not exists (select 1 from builds where source_id = sources.id)
               and not exists (select 1 from app_setups where source_id = sources.id)
             for update skip locked)",
    );
    Ok(query.bind(before).execute(db).await?.rows_affected())
}

/// It is in the registry: where it came from, with its credentials, is forgotten.
pub async fn set_blob(db: impl PgExecutor<'_>, id: SourceId, digest: &str, size: i64) -> Result<(), DbError> {
    let query = sqlx::query("update sources set digest = $2, size = $3, url = null, collected_at = null where id = $1");
    query.bind(id).bind(digest).bind(size).execute(db).await?;
    Ok(())
}

/// From now on nothing keeps the archives whose builds and setups all ended before this, nor those that were uploaded and used
/// before it. Returns how many.
pub async fn collect(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> Result<u64, DbError> {
    let query = sqlx::query(
        "update sources set collected_at = now()
         where id in (
             select id from sources
             where created_at < $1 and digest is not null and collected_at is null
               and (exists (select 1 from builds where source_id = sources.id)
                    or exists (select 1 from app_setups where source_id = sources.id))
               and not exists (select 1 from builds where source_id = sources.id
                                and (state in ('pending', 'building') or updated_at >= $1))
               and not exists (select 1 from app_setups where source_id = sources.id
                                and (state not in ('succeeded', 'failed') or updated_at >= $1))
             for update skip locked)",
    );
    Ok(query.bind(before).execute(db).await?.rows_affected())
}
