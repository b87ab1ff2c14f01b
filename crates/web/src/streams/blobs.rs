use std::io;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use paas_control::OpError;
use paas_model::SlugLayer;

use crate::{error::ApiError, state::Web};

/// A gzipped tar out of the registry, as it comes from there.
pub(crate) async fn blob(web: &Web, repository: &str, digest: &str) -> Result<Response, ApiError> {
    let found = web.control.registry.get_blob(repository, digest).await;
    let (size, bytes) = found.map_err(OpError::from)?;
    Ok(archive(size, bytes))
}

fn archive(size: u64, bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static) -> Response {
    let mut response = Body::from_stream(bytes).into_response();
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/gzip"));
    response
}

/// Several gzipped tars out of the registry, of which only the last one has an end, as one: gzip's members follow each other.
pub(crate) async fn blobs(web: &Web, repository: String, layers: Vec<SlugLayer>) -> Result<Response, ApiError> {
    let (registry, size) = (web.control.registry.clone(), layers.iter().map(|layer| layer.size).sum());
    let open = move |digest: String| {
        let (registry, repository) = (registry.clone(), repository.clone());
        async move { registry.get_blob(&repository, &digest).await.map(|(_, bytes)| bytes) }
    };
    let mut digests = layers.into_iter().map(|layer| layer.digest);
    let first = open(digests.next().unwrap_or_default()).await.map_err(OpError::from)?;
    // Each is opened when it is its turn: a slow reader keeps no connection waiting.
    let rest = stream::iter(digests).then(open).map_err(io::Error::other).try_flatten();
    Ok(archive(size, first.chain(rest)))
}

/// What a request uploads, of at most `limit` bytes if it says how many; whoever stores it counts.
pub(crate) fn upload_of(
    request: Request,
    limit: u64,
) -> Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static, ApiError> {
    let length = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    match length {
        Some(0) => Err(ApiError::invalid("The upload is empty. Send a gzipped tar.")),
        Some(bytes) if bytes > limit => Err(ApiError::too_large(format!("The upload is over {limit} bytes."))),
        _ => Ok(request.into_body().into_data_stream().map_err(io::Error::other)),
    }
}
