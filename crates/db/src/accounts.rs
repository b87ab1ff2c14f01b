use chrono::{DateTime, Utc};
use paas_model::AccountId;
use sqlx::PgExecutor;

use crate::DbError;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Account {
    pub id: AccountId,
    pub email: String,
    pub name: Option<String>,
    /// May do everything, to every app.
    pub is_owner: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// # Errors
/// [`DbError::EmailTaken`].
pub async fn create(db: impl PgExecutor<'_>, id: AccountId, email: &str, is_owner: bool) -> Result<Account, DbError> {
    let query = sqlx::query_as("insert into accounts (id, email, is_owner) values ($1, $2, $3) returning *");
    Ok(query.bind(id).bind(email).bind(is_owner).fetch_one(db).await?)
}

/// The account made at the first start; `None` before that.
pub async fn owner(db: impl PgExecutor<'_>) -> Result<Option<Account>, DbError> {
    let query = sqlx::query_as("select * from accounts where is_owner order by created_at limit 1");
    Ok(query.fetch_optional(db).await?)
}
