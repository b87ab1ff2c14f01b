//! What a machine shows once to become a host.

use std::time::Duration;

use paas_model::{AccountId, HostId, JoinTokenId, Labels};
use sqlx::{PgExecutor, types::Json};

use crate::{Connection, DbError, SecretHash};

/// What [`create`] stores.
#[derive(Debug, Clone)]
pub struct NewJoinToken {
    pub id: JoinTokenId,
    pub hash: SecretHash,
    /// The launched host that it is for; `None`: whoever uses it becomes a host.
    pub host_id: Option<HostId>,
    /// What the host is to be called; `None`: what it calls itself.
    pub name: Option<String>,
    pub labels: Labels,
    pub account_id: Option<AccountId>,
    pub lifetime: Duration,
}

/// A token that counts.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct JoinToken {
    pub id: JoinTokenId,
    pub host_id: Option<HostId>,
    pub name: Option<String>,
    #[sqlx(json)]
    pub labels: Labels,
    /// It was used before, with the same key.
    pub is_used: bool,
}

pub async fn create(db: impl PgExecutor<'_>, token: &NewJoinToken) -> Result<(), DbError> {
    sqlx::query(
        "insert into join_tokens (id, token_hash, host_id, name, labels, account_id, expires_at)
         values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))",
    )
    .bind(token.id)
    .bind(&token.hash)
    .bind(token.host_id)
    .bind(&token.name)
    .bind(Json(&token.labels))
    .bind(token.account_id)
    .bind(token.lifetime.as_secs_f64())
    .execute(db)
    .await?;
    Ok(())
}

/// Whether a token that cannot be taken is one of ours, and why it cannot; for the text of the refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    pub is_expired: bool,
    pub is_used: bool,
}

/// `None`: there is no such token.
pub async fn standing(db: impl PgExecutor<'_>, hash: &SecretHash) -> Result<Option<Standing>, DbError> {
    let query = sqlx::query_as(
        "select expires_at <= now() as is_expired, key_hash is not null as is_used from join_tokens
         where token_hash = $1",
    );
    Ok(query.bind(hash).fetch_optional(db).await?)
}

/// Finds the token and holds its row until the transaction ends. `None`: there is no such token, its time is over, or it
/// was used with another key.
pub async fn take(db: &mut Connection, hash: &SecretHash, key: &SecretHash) -> Result<Option<JoinToken>, DbError> {
    let query = sqlx::query_as(
        "select id, host_id, name, labels, key_hash is not null as is_used from join_tokens
         where token_hash = $1 and expires_at > now() and (key_hash is null or key_hash = $2) for update",
    );
    Ok(query.bind(hash).bind(key).fetch_optional(db).await?)
}

/// The token is spent: by this key, for this host.
pub async fn spend(db: &mut Connection, id: JoinTokenId, key: &SecretHash, host: HostId) -> Result<(), DbError> {
    let query = sqlx::query("update join_tokens set key_hash = $2, host_id = $3 where id = $1");
    query.bind(id).bind(key).bind(host).execute(db).await?;
    Ok(())
}

/// The host that joined with this key before, with whatever token, and is not given up.
pub async fn host_of_key(db: impl PgExecutor<'_>, key: &SecretHash) -> Result<Option<HostId>, DbError> {
    let query = sqlx::query_scalar(
        "select hosts.id from join_tokens join hosts on hosts.id = join_tokens.host_id
         where join_tokens.key_hash = $1 and hosts.state not in ('terminating', 'gone')
         order by join_tokens.created_at desc limit 1",
    );
    Ok(query.bind(key).fetch_optional(db).await?)
}

/// Removes tokens whose time has been over for a day, but for those by which a host's key is known; returns how many.
pub async fn forget(db: impl PgExecutor<'_>) -> Result<u64, DbError> {
    let query = sqlx::query(
        "delete from join_tokens where expires_at < now() - interval '1 day' and not exists (
             select 1 from hosts where key_hash is not null and hosts.id = join_tokens.host_id and hosts.state <> 'gone')",
    );
    Ok(query.execute(db).await?.rows_affected())
}
