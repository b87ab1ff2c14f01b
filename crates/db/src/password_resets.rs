use chrono::{DateTime, Utc};
use paas_model::{AccountId, ResetId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

macro_rules! columns {
    () => {
        "id, account_id, two_factor_off, expires_at, created_at"
    };
}

/// A link on which somebody sets a new password.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PasswordReset {
    pub id: ResetId,
    pub account_id: AccountId,
    pub two_factor_off: bool,
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// In place of the account's earlier ones.
pub async fn create(
    db: &mut crate::Connection,
    id: ResetId,
    account: AccountId,
    secret: &SecretHash,
    two_factor_off: bool,
    expires_at: DateTime<Utc>,
) -> Result<PasswordReset, DbError> {
    sqlx::query("delete from password_resets where account_id = $1").bind(account).execute(&mut *db).await?;
    let query = sqlx::query_as(concat!(
        "insert into password_resets (id, account_id, secret_hash, two_factor_off, expires_at)
         values ($1, $2, $3, $4, $5) returning ",
        columns!()
    ));
    Ok(query.bind(id).bind(account).bind(secret).bind(two_factor_off).bind(expires_at).fetch_one(db).await?)
}

pub async fn by_secret(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<PasswordReset>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from password_resets where secret_hash = $1 and used_at is null and expires_at > now()"
    ));
    Ok(query.bind(secret).fetch_optional(db).await?)
}

/// `None`: it was used before, is over, or never was.
pub async fn take(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<PasswordReset>, DbError> {
    let query = sqlx::query_as(concat!(
        "update password_resets set used_at = now()
         where secret_hash = $1 and used_at is null and expires_at > now() returning ",
        columns!()
    ));
    Ok(query.bind(secret).fetch_optional(db).await?)
}
