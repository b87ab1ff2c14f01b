//! What of the registry's blobs and images rows name: whatever else there is, nobody needs.

use std::collections::BTreeMap;

use paas_model::AppId;
use sqlx::PgExecutor;

use crate::DbError;

/// What a blob is to the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlobKind {
    Slug,
    Cache,
    Source,
}

/// Digests (`sha256:…`) that rows name and that are kept. One that is several things is what comes first in [`BlobKind`].
pub async fn named(db: impl PgExecutor<'_>) -> Result<BTreeMap<String, BlobKind>, DbError> {
    let query = sqlx::query_as(
        "select digest, 0 as kind from slugs where collected_at is null
         union all select layer ->> 'digest', 0 from slugs, jsonb_array_elements(slugs.layers) as layer where collected_at is null
         union all select cache_digest, 1 from apps where cache_digest is not null
         union all select digest, 2 from sources where digest is not null and collected_at is null",
    );
    let rows: Vec<(String, i32)> = query.fetch_all(db).await?;
    let mut named = BTreeMap::new();
    for (digest, kind) in rows {
        let kind = match kind {
            0 => BlobKind::Slug,
            1 => BlobKind::Cache,
            _ => BlobKind::Source,
        };
        let known = named.entry(digest).or_insert(kind);
        *known = kind.min(*known);
    }
    Ok(named)
}

/// Images of slugs that are kept: `HOST/apps/ID@sha256:…`.
pub async fn images(db: impl PgExecutor<'_>) -> Result<Vec<String>, DbError> {
    let query = sqlx::query_scalar(
        "select image from slugs where collected_at is null
         union
         select container_images.image from container_images join slugs on slugs.id = container_images.slug_id
         where slugs.collected_at is null",
    );
    Ok(query.fetch_all(db).await?)
}

/// Every app.
pub async fn apps(db: impl PgExecutor<'_>) -> Result<Vec<AppId>, DbError> {
    Ok(sqlx::query_scalar("select id from apps").fetch_all(db).await?)
}
