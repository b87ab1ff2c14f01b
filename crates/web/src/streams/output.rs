use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, TryStreamExt};
use paas_control::{OpError, ops};
use paas_db::{builds, releases};
use paas_model::{BuildId, ReleaseId};

use crate::{
    body::Segment,
    error::{ApiError, causes},
    state::Web,
};

/// What a build prints, from its beginning to its end.
pub(super) async fn of_build(State(web): State<Web>, Segment(ticket): Segment) -> Result<Response, ApiError> {
    let id = web.redeem("builds", &ticket).map(BuildId::from).ok_or_else(|| ApiError::not_found("build"))?;
    builds::find(web.control.db.pool(), id).await?.ok_or_else(|| ApiError::not_found("build"))?;
    Ok(text(ops::builds::follow(&web.control, id)))
}

/// What a release's `release:` command prints.
pub(super) async fn of_release(State(web): State<Web>, Segment(ticket): Segment) -> Result<Response, ApiError> {
    let id = web.redeem("releases", &ticket).map(ReleaseId::from).ok_or_else(|| ApiError::not_found("release"))?;
    releases::by_id(web.control.db.pool(), id).await?.ok_or_else(|| ApiError::not_found("release"))?;
    Ok(text(ops::releases::follow_phase(&web.control, id)))
}

/// An error breaks the connection off, so that no client takes a part for the whole.
fn text(pieces: impl Stream<Item = Result<String, OpError>> + Send + 'static) -> Response {
    let logged = pieces.inspect_err(|error| tracing::warn!(error = causes(error), "an output stream broke off"));
    let mut response = Body::from_stream(logged).into_response();
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
