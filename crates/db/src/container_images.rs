//! Images of slugs that have one for each process type.

use paas_model::{ContainerImages, SlugId};
use sqlx::PgExecutor;

use crate::DbError;

pub async fn create(db: impl PgExecutor<'_>, slug: SlugId, container: &ContainerImages) -> Result<(), DbError> {
    let kinds: Vec<&str> = container.images.keys().map(paas_model::ProcessType::as_str).collect();
    let images: Vec<&str> = container.images.values().map(String::as_str).collect();
    let own: Vec<bool> = container.images.keys().map(|kind| container.own_commands.contains(kind)).collect();
    let query = sqlx::query(
        "insert into container_images (slug_id, process_type, image, own_command)
         select $1, kinds.name, kinds.image, kinds.own
         from unnest($2::text[], $3::text[], $4::boolean[]) as kinds (name, image, own)",
    );
    query.bind(slug).bind(kinds).bind(images).bind(own).execute(db).await?;
    Ok(())
}
