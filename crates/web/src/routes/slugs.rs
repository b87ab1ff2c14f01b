use axum::{Json, extract::State, http::StatusCode, response::Response};
use paas_control::ops::releases;
use paas_db::{apps::App, slugs::Slug};
use paas_model::Permission;
use paas_platform as wire;

use crate::{
    auth::AppFor, body::Segment, endpoint::Endpoint, error::ApiError, state::Web, streams::blob, wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/apps/{app}/slugs/{slug}", info).returns::<wire::Slug>(StatusCode::OK),
        Endpoint::get("/apps/{app}/slugs/{slug}/blob", archive)
            .needs(&[Permission::Deploy])
            .returns_bytes(&["application/gzip"]),
    ]
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(slug): Segment,
) -> Result<Json<wire::Slug>, ApiError> {
    Ok(Json(shown::slug(&web, &find(&web, &app, &slug).await?)))
}

/// A gzipped tar whose files lie under `app/`.
async fn archive(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(slug): Segment,
) -> Result<Response, ApiError> {
    let slug = find(&web, &app, &slug).await?;
    blob(&web, &format!("apps/{}", app.id), &slug.digest).await
}

async fn find(web: &Web, app: &App, id: &str) -> Result<Slug, ApiError> {
    let id = id.parse().map_err(|_| ApiError::not_found("slug"))?;
    Ok(releases::slug(&web.control, app, id).await?)
}
