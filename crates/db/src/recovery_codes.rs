use paas_model::AccountId;
use sqlx::PgExecutor;

use crate::{Connection, DbError, SecretHash};

/// In place of all that the account had.
pub async fn replace(db: &mut Connection, account: AccountId, codes: &[SecretHash]) -> Result<(), DbError> {
    sqlx::query("delete from recovery_codes where account_id = $1").bind(account).execute(&mut *db).await?;
    for code in codes {
        let query = sqlx::query("insert into recovery_codes (account_id, hash) values ($1, $2)");
        query.bind(account).bind(code).execute(&mut *db).await?;
    }
    Ok(())
}

/// Whether it was good; it is not any more.
pub async fn take(db: impl PgExecutor<'_>, account: AccountId, code: &SecretHash) -> Result<bool, DbError> {
    let query = sqlx::query(
        "update recovery_codes set used_at = now() where account_id = $1 and hash = $2 and used_at is null",
    );
    Ok(query.bind(account).bind(code).execute(db).await?.rows_affected() == 1)
}

/// How many are left.
pub async fn left(db: impl PgExecutor<'_>, account: AccountId) -> Result<i64, DbError> {
    let query = sqlx::query_scalar("select count(*) from recovery_codes where account_id = $1 and used_at is null");
    Ok(query.bind(account).fetch_one(db).await?)
}
