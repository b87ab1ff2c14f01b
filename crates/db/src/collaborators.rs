//! Who may use an app besides its owner.

use chrono::{DateTime, Utc};
use paas_model::{AccountId, AppId, CollaboratorId, Permissions};
use sqlx::PgExecutor;

use crate::{Connection, DbError};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select collaborators.id, app_id, account_id, permissions, collaborators.created_at, collaborators.updated_at,
                    accounts.email
             from collaborators join accounts on accounts.id = account_id ",
            $rest
        )
    };
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Collaborator {
    pub id: CollaboratorId,
    pub app_id: AppId,
    pub account_id: AccountId,
    pub email: String,
    #[sqlx(try_from = "Vec<String>")]
    pub permissions: Permissions,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// By e-mail address.
pub async fn list(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<Collaborator>, DbError> {
    let query = sqlx::query_as(select!("where app_id = $1 order by accounts.email"));
    Ok(query.bind(app).fetch_all(db).await?)
}

pub async fn find(db: impl PgExecutor<'_>, app: AppId, account: AccountId) -> Result<Option<Collaborator>, DbError> {
    let query = sqlx::query_as(select!("where app_id = $1 and account_id = $2"));
    Ok(query.bind(app).bind(account).fetch_optional(db).await?)
}

/// False: the account is a collaborator already, with what it had.
pub async fn create(
    db: &mut Connection,
    id: CollaboratorId,
    app: AppId,
    account: AccountId,
    permissions: &Permissions,
) -> Result<bool, DbError> {
    let query = sqlx::query(
        "insert into collaborators (id, app_id, account_id, permissions) values ($1, $2, $3, $4)
         on conflict on constraint collaborators_once do nothing",
    );
    let done = query.bind(id).bind(app).bind(account).bind(permissions.names()).execute(db).await?;
    Ok(done.rows_affected() == 1)
}

/// False: it is none any more.
pub async fn set_permissions(
    db: &mut Connection,
    id: CollaboratorId,
    permissions: &Permissions,
) -> Result<bool, DbError> {
    let query = sqlx::query("update collaborators set permissions = $2, updated_at = now() where id = $1");
    Ok(query.bind(id).bind(permissions.names()).execute(db).await?.rows_affected() == 1)
}

/// False: it was none.
pub async fn delete(db: &mut Connection, app: AppId, account: AccountId) -> Result<bool, DbError> {
    let query = sqlx::query("delete from collaborators where app_id = $1 and account_id = $2");
    Ok(query.bind(app).bind(account).execute(db).await?.rows_affected() == 1)
}

/// Whether the app is there and the account may see it. `None` for whoever came before readers were noted.
pub async fn can_see(db: impl PgExecutor<'_>, app: AppId, account: Option<AccountId>) -> Result<bool, DbError> {
    let query = sqlx::query(
        "select 1 from apps
         where id = $1 and ($2::uuid is null or owner_id = $2
             or exists (select 1 from accounts where accounts.id = $2 and is_owner)
             or exists (select 1 from collaborators where app_id = apps.id and account_id = $2))",
    );
    Ok(query.bind(app).bind(account).fetch_optional(db).await?.is_some())
}
