//! Apps on their way from one owner to another.

use chrono::{DateTime, Utc};
use paas_model::{AccountId, AppId, AppName, TransferId};
use sqlx::PgExecutor;

use crate::{Connection, DbError};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select app_transfers.id, app_transfers.app_id, app_transfers.owner_id, app_transfers.recipient_id,
                    app_transfers.state, app_transfers.created_at, app_transfers.updated_at, apps.name as app_name,
                    owner.email as owner_email, recipient.email as recipient_email
             from app_transfers join apps on apps.id = app_id join accounts owner on owner.id = app_transfers.owner_id
             join accounts recipient on recipient.id = recipient_id ",
            $rest
        )
    };
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Transfer {
    pub id: TransferId,
    pub app_id: AppId,
    pub app_name: AppName,
    /// Who owned the app when it was offered.
    pub owner_id: AccountId,
    pub owner_email: String,
    pub recipient_id: AccountId,
    pub recipient_email: String,
    /// `pending`, `accepted`, `declined`.
    pub state: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// # Errors
/// [`DbError::TransferPending`]: the app is offered to somebody already.
pub async fn create(
    db: &mut Connection,
    id: TransferId,
    app: AppId,
    owner: AccountId,
    recipient: AccountId,
) -> Result<(), DbError> {
    let query = sqlx::query("insert into app_transfers (id, app_id, owner_id, recipient_id) values ($1, $2, $3, $4)");
    query.bind(id).bind(app).bind(owner).bind(recipient).execute(db).await?;
    Ok(())
}

/// Those that the account is in, oldest first.
pub async fn list(db: impl PgExecutor<'_>, account: AccountId) -> Result<Vec<Transfer>, DbError> {
    let query =
        sqlx::query_as(select!("where app_transfers.owner_id = $1 or recipient_id = $1 order by app_transfers.id"));
    Ok(query.bind(account).fetch_all(db).await?)
}

/// The newest of those with this id, or of this app, by its name or id.
pub async fn find(db: impl PgExecutor<'_>, id_or_app: &str) -> Result<Option<Transfer>, DbError> {
    let query = sqlx::query_as(select!(
        "where $1 in (app_transfers.id::text, apps.id::text, apps.name) order by app_transfers.id desc limit 1"
    ));
    Ok(query.bind(id_or_app).fetch_optional(db).await?)
}

/// Ends a pending one. False: it has ended already.
pub async fn end(db: &mut Connection, id: TransferId, state: &str) -> Result<bool, DbError> {
    let query =
        sqlx::query("update app_transfers set state = $2, updated_at = now() where id = $1 and state = 'pending'");
    Ok(query.bind(id).bind(state).execute(db).await?.rows_affected() == 1)
}

/// Takes back what is offered of the app: whoever may have offered it may not any more.
pub async fn take_back(db: &mut Connection, app: AppId) -> Result<(), DbError> {
    let query = sqlx::query("delete from app_transfers where app_id = $1 and state = 'pending'");
    query.bind(app).execute(db).await?;
    Ok(())
}

/// Takes a pending one back. False: it has ended already.
pub async fn delete(db: &mut Connection, id: TransferId) -> Result<bool, DbError> {
    let query = sqlx::query("delete from app_transfers where id = $1 and state = 'pending'");
    Ok(query.bind(id).execute(db).await?.rows_affected() == 1)
}
