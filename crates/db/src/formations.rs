use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use paas_model::{AppId, DynoSize, FormationId, ProcessType};
use sqlx::PgExecutor;

use crate::{Connection, DbError, new_id};

macro_rules! columns {
    () => {
        "id, app_id, type, quantity, size, command, created_at, updated_at"
    };
}

/// One process type of an app: how many, how large, which command.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Formation {
    pub id: FormationId,
    pub app_id: AppId,
    #[sqlx(rename = "type")]
    pub kind: ProcessType,
    #[sqlx(try_from = "i32")]
    pub quantity: u32,
    #[sqlx(try_from = "String")]
    pub size: DynoSize,
    pub command: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// By type.
pub async fn list(db: impl PgExecutor<'_>, app: AppId) -> Result<Vec<Formation>, DbError> {
    let query = sqlx::query_as(concat!("select ", columns!(), " from formations where app_id = $1 order by type"));
    Ok(query.bind(app).fetch_all(db).await?)
}

pub async fn set(
    db: &mut Connection,
    app: AppId,
    kind: &ProcessType,
    quantity: u32,
    size: DynoSize,
) -> Result<(), DbError> {
    sqlx::query("update formations set quantity = $3, size = $4, updated_at = now() where app_id = $1 and type = $2")
        .bind(app)
        .bind(kind)
        .bind(i32::try_from(quantity).unwrap_or(i32::MAX))
        .bind(size.name())
        .execute(db)
        .await?;
    Ok(())
}

/// Makes the formation that of a newly succeeded release: commands as in its slug, types that it no longer declares
/// dropped, new ones added with no dynos, but for `web` in an app that never had a formation, which gets one
/// (Heroku: first deploy scales web to 1).
pub async fn follow(
    db: &mut Connection,
    app: AppId,
    process_types: &BTreeMap<ProcessType, String>,
) -> Result<(), DbError> {
    let first: bool = sqlx::query_scalar("select not exists (select 1 from formations where app_id = $1)")
        .bind(app)
        .fetch_one(&mut *db)
        .await?;
    let kinds: Vec<&str> = process_types.keys().map(ProcessType::as_str).collect();
    sqlx::query("delete from formations where app_id = $1 and not type = any($2)")
        .bind(app)
        .bind(&kinds)
        .execute(&mut *db)
        .await?;
    for (kind, command) in process_types {
        sqlx::query(
            "insert into formations (id, app_id, type, quantity, size, command, singleton) values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (app_id, type) do update set command = excluded.command, updated_at = now()
             where formations.command <> excluded.command",
        )
        .bind(new_id::<FormationId>())
        .bind(app)
        .bind(kind)
        .bind(i32::from(first && kind.is_web()))
        .bind(DynoSize::default().name())
        .bind(command)
        .bind(kind.is_singleton())
        .execute(&mut *db)
        .await?;
    }
    Ok(())
}
