use std::{any::Any, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;
use uuid::Uuid;

use crate::error::ApiError;

/// Names the request in our log and in the answer. The client's own id is not echoed: Heroku's CLI appends every id that
/// it gets to the list that it sends, so the list would grow twice as fast.
static REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// The id of a request, for those who write it down.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub String);

/// Gives the request an id and a span, logs how it ended, and adds the headers that every answer has.
pub(crate) async fn request_id(mut request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    // Never the path itself: it may hold a secret.
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", request.id = id, http.method = %method, http.route = route);
    async {
        let start = Instant::now();
        let mut response = next.run(request).await;
        let duration_ms = start.elapsed().as_millis();
        tracing::info!(http.status = response.status().as_u16(), duration_ms, "request answered");
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(REQUEST_ID.clone(), id);
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
        headers.entry(header::VARY).or_insert(HeaderValue::from_static("Accept, Authorization"));
        response
    }
    .instrument(span)
    .await
}

/// A handler that panics is a 500 like any other.
#[expect(clippy::needless_pass_by_value, reason = "what the panic layer calls")]
pub(crate) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
    tracing::error!(panic = text, "a handler panicked");
    ApiError::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_does_not_show_its_text() {
        let response = panicked(Box::new("password=hunter2".to_owned()));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    }
}
