use paas_model::AccountId;
use sqlx::PgExecutor;

use crate::DbError;

/// An object; what is not in it was never set.
pub async fn of(db: impl PgExecutor<'_>, account: AccountId) -> Result<serde_json::Value, DbError> {
    let query = sqlx::query_scalar("select preferences from user_preferences where account_id = $1");
    Ok(query.bind(account).fetch_optional(db).await?.unwrap_or_else(|| serde_json::json!({})))
}

/// Everything after the change.
pub async fn merge(
    db: impl PgExecutor<'_>,
    account: AccountId,
    changes: &serde_json::Value,
) -> Result<serde_json::Value, DbError> {
    let query = sqlx::query_scalar(
        "insert into user_preferences (account_id, preferences) values ($1, $2)
         on conflict (account_id) do update set preferences = user_preferences.preferences || excluded.preferences
         returning preferences",
    );
    Ok(query.bind(account).bind(changes).fetch_one(db).await?)
}
