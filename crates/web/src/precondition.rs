use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use paas_platform::error_id;
use tower::ServiceExt;

use crate::{error::ApiError, etag};

/// What tells about the request's own body or wish, and not about who asks.
const NOT_COPIED: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::RANGE,
    header::TRANSFER_ENCODING,
];

/// `If-Match` (Heroku: "Platform API reference", Caching): a write goes ahead only while a `GET` of its path answers with
/// one of these tags, and is 412 otherwise, also where the path cannot be read. The look and the write are two steps:
/// whoever writes between them is not noticed.
///
/// `api`: everything behind this layer.
pub(crate) async fn if_match(State(api): State<Router>, request: Request, next: Next) -> Response {
    let wanted: Vec<HeaderValue> = request.headers().get_all(header::IF_MATCH).into_iter().cloned().collect();
    if wanted.is_empty() {
        return next.run(request).await;
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let answer = next.run(request).await;
        let is_it = !answer.status().is_success() || has_tag(answer.headers(), &wanted);
        return if is_it { answer } else { failed().into_response() };
    }
    let looked = api.oneshot(look(&request)).await.unwrap_or_else(|never| match never {});
    match looked.status() {
        StatusCode::NOT_FOUND => failed().into_response(),
        // Who may not read, or not now, may not write either.
        status if !status.is_success() => looked,
        _ if has_tag(looked.headers(), &wanted) => next.run(request).await,
        _ => failed().into_response(),
    }
}

fn look(request: &Request) -> Request {
    let mut look = Request::new(Body::empty());
    *look.uri_mut() = request.uri().clone();
    *look.headers_mut() = request.headers().clone();
    NOT_COPIED.iter().for_each(|name| drop(look.headers_mut().remove(name)));
    if let Some(peer) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        look.extensions_mut().insert(*peer);
    }
    look
}

fn has_tag(headers: &HeaderMap, wanted: &[HeaderValue]) -> bool {
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    tag.is_some_and(|tag| wanted.iter().any(|value| etag::names(value, tag)))
}

fn failed() -> ApiError {
    let message =
        "If-Match names another version of this than the one that is here. Read it again, then repeat the change.";
    ApiError::new(StatusCode::PRECONDITION_FAILED, error_id::PRECONDITION_FAILED, message)
}
