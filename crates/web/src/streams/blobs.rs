use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use paas_control::OpError;

use crate::{error::ApiError, state::Web};

/// A gzipped tar out of the registry, as it comes from there.
pub(crate) async fn blob(web: &Web, repository: &str, digest: &str) -> Result<Response, ApiError> {
    let found = web.control.registry.get_blob(repository, digest).await;
    let (size, bytes) = found.map_err(OpError::from)?;
    let mut response = Body::from_stream(bytes).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    Ok(response)
}
