use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use paas_control::ops::slugs::{self, NewSlug};
use paas_model::{Permission, SlugId};
use paas_platform as wire;

use crate::{
    auth::AppFor,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    routes::apps::stack_name,
    state::Web,
    streams::{blobs, upload_of},
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/apps/{app}/slugs", create)
            .needs(&[Permission::Deploy])
            .takes::<wire::SlugCreate>()
            .returns::<wire::Slug>(StatusCode::CREATED),
        // It holds the way to the app's code.
        Endpoint::get("/apps/{app}/slugs/{slug}", info)
            .needs(&[Permission::Deploy])
            .returns::<wire::Slug>(StatusCode::OK),
        Endpoint::get("/slugs/{secret}", download).returns_bytes(&["application/gzip"]),
        Endpoint::put("/slugs/{secret}", upload).takes_bytes("application/gzip").returns_nothing(StatusCode::OK),
    ]
}

/// Answers with where to put the archive.
async fn create(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    JsonBody(body): JsonBody<wire::SlugCreate>,
) -> Result<Response, ApiError> {
    let new = NewSlug {
        process_types: body.process_types,
        checksum: body.checksum,
        commit: body.commit,
        commit_description: body.commit_description,
        buildpack_provided_description: body.buildpack_provided_description,
        stack: body.stack.map(|stack| stack_name(&web, stack)),
    };
    let upload = slugs::create(&web.control, &app, new).await?;
    Ok((StatusCode::CREATED, Json(shown::slug_upload(&web, &upload))).into_response())
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(slug): Segment,
) -> Result<Json<wire::Slug>, ApiError> {
    let id = slug.parse().map_err(|_| ApiError::not_found("slug"))?;
    Ok(Json(match slugs::find(&web.control, &app, id).await? {
        slugs::Found::Slug(slug) => shown::slug(&web, &slug),
        slugs::Found::Upload(upload) => shown::slug_upload(&web, &upload),
    }))
}

/// A gzipped tar whose files lie under `app/`.
async fn download(State(web): State<Web>, Segment(ticket): Segment) -> Result<Response, ApiError> {
    let id = web.redeem_passing("slugs", &ticket).map(SlugId::from).ok_or_else(|| ApiError::not_found("slug"))?;
    let slug = slugs::by_id(&web.control, id).await?;
    blobs(&web, format!("apps/{}", slug.app_id), slug.layers()).await
}

/// Takes the archive as it comes; nothing is kept in memory.
async fn upload(State(web): State<Web>, Segment(ticket): Segment, request: Request) -> Result<StatusCode, ApiError> {
    let id = web.redeem_passing("slug uploads", &ticket).map(SlugId::from);
    let id = id.ok_or_else(|| ApiError::not_found("slug"))?;
    let archive = upload_of(request, web.control.builder.slug_limit())?;
    slugs::upload(&web.control, id, archive).await?;
    Ok(StatusCode::OK)
}
