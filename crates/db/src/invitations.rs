use chrono::{DateTime, Utc};
use paas_model::{AccountId, InvitationId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

macro_rules! columns {
    () => {
        "id, email, expires_at, created_at"
    };
}

/// A link on which a new person sets a password.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Invitation {
    pub id: InvitationId,
    pub email: String,
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// In place of an earlier one for the same address; those that are over go.
pub async fn create(
    db: &mut crate::Connection,
    id: InvitationId,
    email: &str,
    by: AccountId,
    secret: &SecretHash,
    expires_at: DateTime<Utc>,
) -> Result<Invitation, DbError> {
    let earlier = sqlx::query(
        "delete from invitations where expires_at < now() or (lower(email) = lower($1) and accepted_at is null)",
    );
    earlier.bind(email).execute(&mut *db).await?;
    let query = sqlx::query_as(concat!(
        "insert into invitations (id, email, invited_by, secret_hash, expires_at) values ($1, $2, $3, $4, $5) returning ",
        columns!()
    ));
    Ok(query.bind(id).bind(email).bind(by).bind(secret).bind(expires_at).fetch_one(db).await?)
}

/// Those that may still be accepted.
pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Invitation>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from invitations where accepted_at is null and expires_at > now() order by id"
    ));
    Ok(query.fetch_all(db).await?)
}

/// Whether somebody may still accept one for the address.
pub async fn is_invited(db: impl PgExecutor<'_>, email: &str) -> Result<bool, DbError> {
    let query = sqlx::query_scalar(
        "select exists (select from invitations
         where lower(email) = lower($1) and accepted_at is null and expires_at > now())",
    );
    Ok(query.bind(email).fetch_one(db).await?)
}

pub async fn by_secret(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<Invitation>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from invitations where secret_hash = $1 and accepted_at is null and expires_at > now()"
    ));
    Ok(query.bind(secret).fetch_optional(db).await?)
}

/// `None`: it was accepted before, is over, or never was.
pub async fn accept(db: impl PgExecutor<'_>, secret: &SecretHash) -> Result<Option<Invitation>, DbError> {
    let query = sqlx::query_as(concat!(
        "update invitations set accepted_at = now()
         where secret_hash = $1 and accepted_at is null and expires_at > now() returning ",
        columns!()
    ));
    Ok(query.bind(secret).fetch_optional(db).await?)
}
