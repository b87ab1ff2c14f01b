use paas_db::{accounts::Account, user_preferences};
use serde_json::Value;

use crate::{Control, OpError};

/// # Errors
/// [`OpError::Unavailable`].
pub async fn of(control: &Control, account: &Account) -> Result<Value, OpError> {
    Ok(user_preferences::of(control.db.pool(), account.id).await?)
}

/// `changes`: an object, whose fields the edge has checked. What is not in it stays.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn update(control: &Control, account: &Account, changes: &Value) -> Result<Value, OpError> {
    Ok(user_preferences::merge(control.db.pool(), account.id, changes).await?)
}
