use chrono::{DateTime, Utc};
use paas_model::{AccountId, ClientId, TokenId};
use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

macro_rules! columns {
    () => {
        "id, account_id, description, scope, expires_at, hint, client_id, is_session, last_used_at, created_at, \
         updated_at"
    };
}

/// An API token (Heroku: OAuth authorization). The secret itself is nowhere.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Token {
    pub id: TokenId,
    pub account_id: AccountId,
    pub description: String,
    /// Words of `paas_model::Scope`.
    pub scope: Vec<String>,
    /// `None`: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Its first and last letters; `None`: from before they were kept, and not used since.
    pub hint: Option<String>,
    /// The web app that it was given to.
    pub client_id: Option<ClientId>,
    /// Of a login in a browser.
    pub is_session: bool,
    pub last_used_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a token is made of, besides its owner.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    pub id: TokenId,
    pub description: &'a str,
    pub hash: SecretHash,
    pub hint: &'a str,
    pub scope: &'a [String],
    pub expires_at: Option<DateTime<Utc>>,
    pub client_id: Option<ClientId>,
    pub refresh: Option<SecretHash>,
    pub is_session: bool,
}

pub async fn create(db: impl PgExecutor<'_>, account: AccountId, new: &NewToken<'_>) -> Result<Token, DbError> {
    let query = sqlx::query_as(concat!(
        "insert into tokens
             (id, account_id, description, token_hash, hint, scope, expires_at, client_id, refresh_hash, is_session)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ",
        columns!()
    ));
    let query = query.bind(new.id).bind(account).bind(new.description).bind(&new.hash).bind(new.hint).bind(new.scope);
    let query = query.bind(new.expires_at).bind(new.client_id).bind(&new.refresh).bind(new.is_session);
    Ok(query.fetch_one(db).await?)
}

/// `None`: nobody's, or over.
pub async fn by_hash(db: impl PgExecutor<'_>, hash: &SecretHash) -> Result<Option<Token>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from tokens where token_hash = $1 and (expires_at is null or expires_at > now())"
    ));
    Ok(query.bind(hash).fetch_optional(db).await?)
}

/// It is used now, and these are its first and last letters.
pub async fn note_use(db: impl PgExecutor<'_>, id: TokenId, hint: &str) -> Result<(), DbError> {
    let query = sqlx::query("update tokens set last_used_at = now(), hint = $2 where id = $1");
    query.bind(id).bind(hint).execute(db).await?;
    Ok(())
}

/// An account's, oldest first. Those whose time is over and that cannot be renewed are not among them.
pub async fn list(db: impl PgExecutor<'_>, account: AccountId, sessions: bool) -> Result<Vec<Token>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from tokens
         where account_id = $1 and is_session = $2
             and (expires_at is null or expires_at > now() or refresh_hash is not null)
         order by id"
    ));
    Ok(query.bind(account).bind(sessions).fetch_all(db).await?)
}

/// The one that an account has had for longest, for all purposes and for ever: losing it would hurt most.
pub async fn default(db: impl PgExecutor<'_>, account: AccountId) -> Result<Option<Token>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from tokens
         where account_id = $1 and expires_at is null and client_id is null and not is_session and 'global' = any(scope)
         order by id limit 1"
    ));
    Ok(query.bind(account).fetch_optional(db).await?)
}

/// A token by the secret that renews it.
pub async fn by_refresh(db: impl PgExecutor<'_>, hash: &SecretHash) -> Result<Option<Token>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from tokens where refresh_hash = $1 for update"));
    Ok(query.bind(hash).fetch_optional(db).await?)
}

/// `None`: the account has no such token.
pub async fn describe(
    db: impl PgExecutor<'_>,
    account: AccountId,
    id: TokenId,
    description: &str,
) -> Result<Option<Token>, DbError> {
    let query = sqlx::query_as(concat!(
        "update tokens set description = $3, updated_at = now() where account_id = $1 and id = $2 returning ",
        columns!()
    ));
    Ok(query.bind(account).bind(id).bind(description).fetch_optional(db).await?)
}

/// Another secret for it, that lasts from now for as long as the one before did. `refresh`: another one of these too,
/// where it has one.
pub async fn renew(
    db: impl PgExecutor<'_>,
    id: TokenId,
    hash: &SecretHash,
    hint: &str,
    refresh: Option<&SecretHash>,
) -> Result<Token, DbError> {
    let query = sqlx::query_as(
        concat!("update tokens
         set token_hash = $2, hint = $3, refresh_hash = case when refresh_hash is null then null else coalesce($4, refresh_hash) end,
             expires_at = now() + (expires_at - issued_at), issued_at = now(), updated_at = now()
         where id = $1 returning ", columns!()),
    );
    Ok(query.bind(id).bind(hash).bind(hint).bind(refresh).fetch_one(db).await?)
}

/// The token that is no more; `None`: the account has none of this id.
pub async fn delete(db: impl PgExecutor<'_>, account: AccountId, id: TokenId) -> Result<Option<Token>, DbError> {
    let query = sqlx::query_as(concat!("delete from tokens where account_id = $1 and id = $2 returning ", columns!()));
    Ok(query.bind(account).bind(id).fetch_optional(db).await?)
}

/// Those of the account that ended a day ago and cannot be renewed.
pub async fn forget_expired(db: impl PgExecutor<'_>, account: AccountId) -> Result<(), DbError> {
    let query = sqlx::query(
        "delete from tokens
         where account_id = $1 and expires_at < now() - interval '1 day' and refresh_hash is null",
    );
    query.bind(account).execute(db).await?;
    Ok(())
}

/// The logins in browsers but for `kept`, and what was about to become a token or another password: a page that was said yes
/// on, a code, a link.
pub async fn end_logins(db: &mut crate::Connection, account: AccountId, kept: Option<TokenId>) -> Result<(), DbError> {
    let sessions = sqlx::query("delete from tokens where account_id = $1 and is_session and id is distinct from $2");
    sessions.bind(account).bind(kept).execute(&mut *db).await?;
    for statement in [
        "delete from browser_logins where account_id = $1",
        "delete from oauth_grants where account_id = $1 and used_at is null",
        "delete from password_resets where account_id = $1 and used_at is null",
    ] {
        sqlx::query(statement).bind(account).execute(&mut *db).await?;
    }
    Ok(())
}
