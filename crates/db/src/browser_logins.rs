use chrono::{DateTime, Utc};
use paas_model::AccountId;
use sqlx::PgExecutor;
use uuid::Uuid;

use crate::{DbError, SecretHash};

macro_rules! columns {
    () => {
        "id, description, state, account_id, expires_at"
    };
}

/// A command line that waits for somebody to log in with a browser.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct BrowserLogin {
    pub id: Uuid,
    pub description: String,
    /// `waiting`, `allowed`, `refused` or `taken`.
    pub state: String,
    pub account_id: Option<AccountId>,
    pub expires_at: DateTime<Utc>,
}

/// `page`: of the page's URL; `client`: of what the command line asks with.
pub async fn create(
    db: impl PgExecutor<'_>,
    id: Uuid,
    (page, client): (&SecretHash, &SecretHash),
    description: &str,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    let query = sqlx::query(
        "insert into browser_logins (id, page_hash, client_hash, description, expires_at) values ($1, $2, $3, $4, $5)",
    );
    query.bind(id).bind(page).bind(client).bind(description).bind(expires_at).execute(db).await?;
    Ok(())
}

/// One that waits.
pub async fn by_page(db: impl PgExecutor<'_>, page: &SecretHash) -> Result<Option<BrowserLogin>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from browser_logins where page_hash = $1 and state = 'waiting' and expires_at > now()"
    ));
    Ok(query.bind(page).fetch_optional(db).await?)
}

pub async fn by_client(db: impl PgExecutor<'_>, client: &SecretHash) -> Result<Option<BrowserLogin>, DbError> {
    let query = sqlx::query_as(concat!(
        "select ",
        columns!(),
        " from browser_logins where client_hash = $1 and expires_at > now()"
    ));
    Ok(query.bind(client).fetch_optional(db).await?)
}

/// Somebody has said yes, or no (`account`: `None`). Whether it still waited.
pub async fn answer(db: impl PgExecutor<'_>, page: &SecretHash, account: Option<AccountId>) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update browser_logins
         set account_id = $2, state = case when $2::uuid is null then 'refused' else 'allowed' end
         where page_hash = $1 and state = 'waiting' and expires_at > now()",
    );
    Ok(query.bind(page).bind(account).execute(db).await?.rows_affected() == 1)
}

/// For whom a token may be made now; only once.
pub async fn take(db: impl PgExecutor<'_>, client: &SecretHash) -> Result<Option<BrowserLogin>, DbError> {
    let query = sqlx::query_as(concat!(
        "update browser_logins set state = 'taken'
         where client_hash = $1 and state = 'allowed' and expires_at > now() returning ",
        columns!()
    ));
    Ok(query.bind(client).fetch_optional(db).await?)
}

pub async fn forget_old(db: impl PgExecutor<'_>) -> Result<(), DbError> {
    sqlx::query("delete from browser_logins where expires_at < now() - interval '1 hour'").execute(db).await?;
    Ok(())
}
