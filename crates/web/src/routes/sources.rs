use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use paas_control::ops::sources::{self, MAX_BYTES};
use paas_model::Permission;
use paas_platform as wire;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    auth::Caller,
    body::Segment,
    endpoint::Endpoint,
    error::ApiError,
    state::Web,
    streams::{blob, upload_of},
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/sources", create).takes_nothing().returns::<wire::Source>(StatusCode::CREATED),
        Endpoint::post("/apps/{app}/sources", create)
            .needs(&[Permission::Deploy])
            .takes_nothing()
            .returns::<wire::Source>(StatusCode::CREATED),
        Endpoint::put("/sources/{secret}", upload).takes_bytes("application/gzip").returns_nothing(StatusCode::OK),
        Endpoint::get("/sources/{secret}", download).returns_bytes(&["application/gzip"]),
    ]
}

/// The secret in one of our source URLs; `None`: it is another URL.
pub(super) fn secret_of(web: &Web, url: &str) -> Option<SecretString> {
    let secret = url.strip_prefix(&web.url("/sources/"))?;
    (!secret.is_empty() && !secret.contains(['/', '?', '#'])).then(|| SecretString::from(secret))
}

async fn create(State(web): State<Web>, Caller(account): Caller) -> Result<Response, ApiError> {
    let (_, secret) = sources::create(&web.control, &account).await?;
    let url = wire::Secret::new(web.url(&format!("/sources/{}", secret.expose_secret())));
    let urls = wire::SourceUrls { get_url: url.clone(), put_url: url };
    Ok((StatusCode::CREATED, Json(wire::Source { source_blob: urls })).into_response())
}

/// Takes the tarball as it comes; nothing is kept in memory.
async fn upload(State(web): State<Web>, Segment(secret): Segment, request: Request) -> Result<StatusCode, ApiError> {
    let source = sources::by_secret(&web.control, &SecretString::from(secret)).await?;
    sources::upload(&web.control, source.id, upload_of(request, MAX_BYTES)?).await?;
    Ok(StatusCode::OK)
}

async fn download(State(web): State<Web>, Segment(secret): Segment) -> Result<Response, ApiError> {
    let source = sources::by_secret(&web.control, &SecretString::from(secret)).await?;
    let digest = source.archive().ok_or_else(|| ApiError::not_found("source"))?;
    blob(&web, sources::REPOSITORY, digest).await
}
