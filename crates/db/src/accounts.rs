use std::fmt;

use chrono::{DateTime, Utc};
use paas_model::AccountId;
use sqlx::PgExecutor;

use crate::DbError;

macro_rules! columns {
    () => {
        "id, email, name, is_owner, last_login, allow_tracking, beta, totp_confirmed_at, reset_requested_at, \
         created_at, updated_at"
    };
}

/// A person or a robot. What it logs in with is in [`Credentials`].
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Account {
    pub id: AccountId,
    pub email: String,
    pub name: Option<String>,
    /// May do everything, to every app.
    pub is_owner: bool,
    pub last_login: Option<DateTime<Utc>>,
    pub allow_tracking: bool,
    pub beta: bool,
    /// Since when logins want a second factor; `None`: they do not.
    pub totp_confirmed_at: Option<DateTime<Utc>>,
    /// Since when somebody waits for a link to a new password.
    pub reset_requested_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What an account logs in with. Debug shows none of it.
#[derive(Clone, sqlx::FromRow)]
pub struct Credentials {
    /// Argon2id, as a PHC string; `None`: it has no password.
    pub password_hash: Option<String>,
    /// Sealed for the account's id.
    pub totp_secret: Option<Vec<u8>>,
    /// `None`: logins do not ask for it yet.
    pub totp_confirmed_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// # Errors
/// [`DbError::EmailTaken`].
pub async fn create(db: impl PgExecutor<'_>, id: AccountId, email: &str, is_owner: bool) -> Result<Account, DbError> {
    let query = sqlx::query_as(concat!(
        "insert into accounts (id, email, is_owner) values ($1, $2, $3) returning ",
        columns!()
    ));
    Ok(query.bind(id).bind(email).bind(is_owner).fetch_one(db).await?)
}

/// The account made at the first start; `None` before that.
pub async fn owner(db: impl PgExecutor<'_>) -> Result<Option<Account>, DbError> {
    let query =
        sqlx::query_as(concat!("select ", columns!(), " from accounts where is_owner order by created_at limit 1"));
    Ok(query.fetch_optional(db).await?)
}

pub async fn list(db: impl PgExecutor<'_>) -> Result<Vec<Account>, DbError> {
    Ok(sqlx::query_as(concat!("select ", columns!(), " from accounts where deleted_at is null order by email"))
        .fetch_all(db)
        .await?)
}

pub async fn by_id(db: impl PgExecutor<'_>, id: AccountId) -> Result<Option<Account>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from accounts where id = $1 and deleted_at is null"));
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// Capital letters do not matter.
pub async fn by_email(db: impl PgExecutor<'_>, email: &str) -> Result<Option<Account>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from accounts where lower(email) = lower($1) and deleted_at is null"
    ));
    Ok(query.bind(email).fetch_optional(db).await?)
}

/// The account that somebody means: by its id, or by its e-mail address however that is capitalised.
pub async fn person(db: impl PgExecutor<'_>, id_or_email: &str) -> Result<Option<Account>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from accounts where deleted_at is null and (id::text = $1 or lower(email) = lower($1))
         order by email = $1 desc limit 1"
    ));
    Ok(query.bind(id_or_email).fetch_optional(db).await?)
}

/// Until the transaction ends, nobody else changes it.
pub async fn lock(db: impl PgExecutor<'_>, id: AccountId) -> Result<Option<Account>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from accounts where id = $1 and deleted_at is null for update"
    ));
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// It is not deleted until the transaction ends: what is given to it now stays its own.
///
/// # Errors
/// [`DbError::AccountGone`].
pub async fn hold(db: &mut crate::Connection, id: AccountId) -> Result<(), DbError> {
    let query = sqlx::query("select 1 from accounts where id = $1 and deleted_at is null for key share");
    query.bind(id).fetch_optional(db).await?.map(drop).ok_or(DbError::AccountGone)
}

/// What is to be changed; `None`: nothing.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    pub email: Option<String>,
    /// `Some(None)`: it is to have no name.
    pub name: Option<Option<String>>,
    pub allow_tracking: Option<bool>,
    pub beta: Option<bool>,
}

/// # Errors
/// [`DbError::EmailTaken`].
pub async fn update(db: impl PgExecutor<'_>, id: AccountId, changes: &Changes) -> Result<Account, DbError> {
    let query = sqlx::query_as(concat!(
        "update accounts
         set email = coalesce($2, email), name = case when $3 then $4 else name end,
             allow_tracking = coalesce($5, allow_tracking), beta = coalesce($6, beta), updated_at = now()
         where id = $1 returning ",
        columns!()
    ));
    let query = query.bind(id).bind(&changes.email).bind(changes.name.is_some()).bind(changes.name.clone().flatten());
    Ok(query.bind(changes.allow_tracking).bind(changes.beta).fetch_one(db).await?)
}

pub async fn credentials(db: impl PgExecutor<'_>, id: AccountId) -> Result<Option<Credentials>, DbError> {
    let query = sqlx::query_as("select password_hash, totp_secret, totp_confirmed_at from accounts where id = $1");
    Ok(query.bind(id).fetch_optional(db).await?)
}

/// `hash`: a PHC string. A wish for a new password is granted by it.
pub async fn set_password(db: impl PgExecutor<'_>, id: AccountId, hash: &str) -> Result<(), DbError> {
    let query = sqlx::query(
        "update accounts set password_hash = $2, reset_requested_at = null, updated_at = now() where id = $1",
    );
    query.bind(id).bind(hash).execute(db).await?;
    Ok(())
}

/// Does nothing for an address that nobody has.
pub async fn request_reset(db: impl PgExecutor<'_>, email: &str) -> Result<(), DbError> {
    let query = sqlx::query(
        "update accounts set reset_requested_at = now() where lower(email) = lower($1) and deleted_at is null",
    );
    query.bind(email).execute(db).await?;
    Ok(())
}

pub async fn note_login(db: impl PgExecutor<'_>, id: AccountId) -> Result<(), DbError> {
    sqlx::query("update accounts set last_login = now() where id = $1").bind(id).execute(db).await?;
    Ok(())
}

/// A second factor that is not asked for until [`confirm_totp`]. `secret`: sealed. Does nothing, and says so, where one is
/// confirmed.
pub async fn set_totp(db: impl PgExecutor<'_>, id: AccountId, secret: &[u8]) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update accounts set totp_secret = $2, two_factor_last_step = null where id = $1 and totp_confirmed_at is null",
    );
    Ok(query.bind(id).bind(secret).execute(db).await?.rows_affected() == 1)
}

/// `secret`: sealed, as it was when its code was looked at. False: it is another by now, or confirmed.
pub async fn confirm_totp(db: impl PgExecutor<'_>, id: AccountId, secret: &[u8]) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update accounts set totp_confirmed_at = now(), updated_at = now()
         where id = $1 and totp_secret = $2 and totp_confirmed_at is null",
    );
    Ok(query.bind(id).bind(secret).execute(db).await?.rows_affected() == 1)
}

pub async fn clear_totp(db: impl PgExecutor<'_>, id: AccountId) -> Result<(), DbError> {
    let query = sqlx::query(
        "update accounts
         set totp_secret = null, totp_confirmed_at = null, two_factor_last_step = null, updated_at = now()
         where id = $1",
    );
    query.bind(id).execute(db).await?;
    Ok(())
}

/// Whether the code of this step was not used yet; it is now, and with it all that came before.
pub async fn use_totp_step(db: impl PgExecutor<'_>, id: AccountId, step: i64) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update accounts set two_factor_last_step = $2
         where id = $1 and (two_factor_last_step is null or two_factor_last_step < $2)",
    );
    Ok(query.bind(id).bind(step).execute(db).await?.rows_affected() == 1)
}

/// Empties the row, which the history of apps still names.
pub async fn forget(db: impl PgExecutor<'_>, id: AccountId) -> Result<(), DbError> {
    let query = sqlx::query(
        "update accounts
         set email = id || '@deleted.invalid', name = null, password_hash = null, totp_secret = null,
             totp_confirmed_at = null, reset_requested_at = null, deleted_at = now(), updated_at = now()
         where id = $1",
    );
    query.bind(id).execute(db).await?;
    Ok(())
}

/// What an account has of its own, but for apps.
pub async fn forget_belongings(db: &mut crate::Connection, id: AccountId) -> Result<(), DbError> {
    for statement in [
        "delete from tokens where account_id = $1",
        "delete from oauth_clients where account_id = $1",
        "delete from keys where account_id = $1",
        "delete from recovery_codes where account_id = $1",
        "delete from password_resets where account_id = $1",
        "delete from user_preferences where account_id = $1",
        "delete from browser_logins where account_id = $1",
        "delete from oauth_grants where account_id = $1",
        "delete from collaborators where account_id = $1",
        "delete from app_transfers where (recipient_id = $1 or owner_id = $1) and state = 'pending'",
    ] {
        sqlx::query(statement).bind(id).execute(&mut *db).await?;
    }
    Ok(())
}

pub async fn has_apps(db: impl PgExecutor<'_>, id: AccountId) -> Result<bool, DbError> {
    let query = sqlx::query_scalar("select exists (select from apps where owner_id = $1)");
    Ok(query.bind(id).fetch_one(db).await?)
}
