//! The embedded registry on a network: where it is, and the key that its tokens are signed with, sealed, so that every
//! process can sign.

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{Db, DbError, Vault, VaultError};

/// Not the authority's: neither key opens where the other belongs.
const OWNER: Uuid = Uuid::from_u128(1);

/// The registry as it is stored.
#[derive(Debug, Clone)]
pub struct EmbeddedRegistry {
    /// Where it was last started, as image names begin: `10.0.0.1:5050`.
    pub address: String,
    /// PEM.
    pub certificate: String,
    /// PKCS #8 PEM.
    pub key: SecretString,
}

/// `None`: it has never listened on a network.
///
/// # Errors
/// [`DbError::Secret`] when its key was sealed under another master key.
pub async fn find(db: &Db) -> Result<Option<EmbeddedRegistry>, DbError> {
    read(db.pool(), db.vault()).await
}

/// Notes where it is started now, and this certificate and key if there are none yet; gives what is stored.
///
/// # Errors
/// [`DbError::Secret`] when a key is there, sealed under another master key.
pub async fn settle(db: &Db, new: &EmbeddedRegistry) -> Result<EmbeddedRegistry, DbError> {
    let key = db.vault().seal(OWNER, new.key.expose_secret().as_bytes())?;
    let query = sqlx::query(
        "insert into embedded_registry (address, certificate, key) values ($1, $2, $3)
         on conflict (single) do update set address = excluded.address",
    );
    query.bind(&new.address).bind(&new.certificate).bind(key).execute(db.pool()).await?;
    // Nothing ever deletes the row.
    read(db.pool(), db.vault()).await?.ok_or(DbError::Statement(sqlx::Error::RowNotFound))
}

async fn read(db: impl PgExecutor<'_>, vault: &Vault) -> Result<Option<EmbeddedRegistry>, DbError> {
    let query =
        sqlx::query_as::<_, (String, String, Vec<u8>)>("select address, certificate, key from embedded_registry");
    let Some((address, certificate, sealed)) = query.fetch_optional(db).await? else {
        return Ok(None);
    };
    let key = String::from_utf8(vault.open(OWNER, &sealed)?).map_err(|_| VaultError::Decrypt)?;
    Ok(Some(EmbeddedRegistry { address, certificate, key: SecretString::from(key) }))
}
