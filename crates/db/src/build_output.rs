use paas_model::BuildId;
use sqlx::PgExecutor;

use crate::DbError;

#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Piece {
    /// From 1, without gaps.
    pub seq: i32,
    /// Some lines, newlines included.
    pub chunk: String,
}

/// Appends to what the build printed. One writer at a time per build (the one with the lease). NUL bytes, which text
/// columns cannot hold, become U+FFFD.
pub async fn append(db: impl PgExecutor<'_>, build: BuildId, chunk: &str) -> Result<(), DbError> {
    sqlx::query(
        "insert into build_output (build_id, seq, chunk)
         select $1, coalesce(max(seq), 0) + 1, $2 from build_output where build_id = $1",
    )
    .bind(build)
    .bind(chunk.replace('\0', "\u{fffd}"))
    .execute(db)
    .await?;
    Ok(())
}

/// What came after piece number `after`, at most 200 pieces.
pub async fn read(db: impl PgExecutor<'_>, build: BuildId, after: i32) -> Result<Vec<Piece>, DbError> {
    let query =
        sqlx::query_as("select seq, chunk from build_output where build_id = $1 and seq > $2 order by seq limit 200");
    Ok(query.bind(build).bind(after).fetch_all(db).await?)
}
