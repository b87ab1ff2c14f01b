use paas_model::{AppId, ConfigId, ConfigVars};
use sqlx::PgExecutor;

use crate::{DbError, Vault, VaultError};

/// Stores a new, immutable set of config vars, encrypted.
pub async fn create(
    db: impl PgExecutor<'_>,
    vault: &Vault,
    id: ConfigId,
    app: AppId,
    vars: &ConfigVars,
) -> Result<(), DbError> {
    let plain = serde_json::to_vec(vars).map_err(|_| VaultError::TooLong)?;
    let sealed = vault.seal(app.uuid(), &plain)?;
    let query = sqlx::query("insert into configs (id, app_id, vars) values ($1, $2, $3)");
    query.bind(id).bind(app).bind(sealed).execute(db).await?;
    Ok(())
}

/// `None`: no such set, or another app's.
pub async fn find(
    db: impl PgExecutor<'_>,
    vault: &Vault,
    app: AppId,
    id: ConfigId,
) -> Result<Option<ConfigVars>, DbError> {
    let query = sqlx::query_scalar("select vars from configs where id = $1 and app_id = $2");
    let sealed: Option<Vec<u8>> = query.bind(id).bind(app).fetch_optional(db).await?;
    sealed.map(|sealed| open(vault, app, &sealed)).transpose()
}

pub(crate) fn open(vault: &Vault, app: AppId, sealed: &[u8]) -> Result<ConfigVars, DbError> {
    let plain = vault.open(app.uuid(), sealed)?;
    Ok(serde_json::from_slice(&plain).map_err(|_| VaultError::Decrypt)?)
}
