use sqlx::PgExecutor;

use crate::{DbError, SecretHash};

/// Counts one attempt, before it is made, and says how many there were in this quarter of an hour.
pub async fn take(db: impl PgExecutor<'_>, subject: &SecretHash) -> Result<i32, DbError> {
    let query = sqlx::query_scalar(
        "insert into login_attempts (subject, attempts) values ($1, 1)
         on conflict (subject) do update set
             attempts = case when login_attempts.since < now() - interval '15 minutes' then 1
                             else least(login_attempts.attempts, 1000000) + 1 end,
             since = case when login_attempts.since < now() - interval '15 minutes' then now()
                          else login_attempts.since end
         returning attempts",
    );
    Ok(query.bind(subject).fetch_one(db).await?)
}

/// It was the right one: what came before it does not count.
pub async fn forgive(db: impl PgExecutor<'_>, subject: &SecretHash) -> Result<(), DbError> {
    sqlx::query("delete from login_attempts where subject = $1").bind(subject).execute(db).await?;
    Ok(())
}

/// Those that no longer count.
pub async fn forget_old(db: impl PgExecutor<'_>) -> Result<(), DbError> {
    sqlx::query("delete from login_attempts where since < now() - interval '1 hour'").execute(db).await?;
    Ok(())
}
