use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::error::ApiError;

const EXPOSED: &str =
    "Accept-Ranges, Content-Range, ETag, Last-Modified, Next-Range, RateLimit-Remaining, Request-Id, Warning-Message";

const ALLOWED: [(HeaderName, &str); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PUT, PATCH, DELETE"),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        "Accept, Authorization, Content-Type, Heroku-Two-Factor-Code, If-Match, If-None-Match, Range, Request-Id",
    ),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// Pages of any origin may call, as at Heroku's: they need a token in a header, which no browser adds by itself. Never
/// together with credentials, so that a cookie of ours opens nothing to them.
pub(crate) async fn cors(request: Request, next: Next) -> Response {
    let asks = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if asks {
        headers.extend(ALLOWED.map(|(name, value)| (name, HeaderValue::from_static(value))));
    }
    response
}

/// For a verb that a path does not have. `OPTIONS` is answered for every path that there is; the names of its verbs are
/// in `Allow`.
pub(crate) async fn other_verb(method: Method) -> Response {
    match method {
        Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => ApiError::no_such_endpoint().into_response(),
    }
}
