//! The installation's certificate authority: one row, its key sealed, so that every process signs for the same one.

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{Db, DbError, Vault, VaultError};

/// A certificate authority as it is stored.
#[derive(Debug, Clone)]
pub struct StoredAuthority {
    /// PEM.
    pub certificate: String,
    /// PKCS #8 PEM.
    pub key: SecretString,
}

/// `None`: there is none yet.
///
/// # Errors
/// [`DbError::Secret`] when its key was sealed under another master key.
pub async fn find(db: &Db) -> Result<Option<StoredAuthority>, DbError> {
    read(db.pool(), db.vault()).await
}

/// Stores this one if there is none yet; gives the one that is stored. Of two first starts at once, both get the same.
///
/// # Errors
/// [`DbError::Secret`] when another one is there, sealed under another master key.
pub async fn settle(db: &Db, new: &StoredAuthority) -> Result<StoredAuthority, DbError> {
    let key = db.vault().seal(Uuid::nil(), new.key.expose_secret().as_bytes())?;
    let query = sqlx::query("insert into authority (certificate, key) values ($1, $2) on conflict do nothing");
    query.bind(&new.certificate).bind(key).execute(db.pool()).await?;
    // Nothing ever deletes the row.
    read(db.pool(), db.vault()).await?.ok_or(DbError::Statement(sqlx::Error::RowNotFound))
}

async fn read(db: impl PgExecutor<'_>, vault: &Vault) -> Result<Option<StoredAuthority>, DbError> {
    let query = sqlx::query_as::<_, (String, Vec<u8>)>("select certificate, key from authority");
    let Some((certificate, sealed)) = query.fetch_optional(db).await? else {
        return Ok(None);
    };
    let key = vault.open(Uuid::nil(), &sealed)?;
    let key = String::from_utf8(key).map_err(|_| VaultError::Decrypt)?;
    Ok(Some(StoredAuthority { certificate, key: SecretString::from(key) }))
}
