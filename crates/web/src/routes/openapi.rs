use std::sync::LazyLock;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;

use crate::{endpoint::Endpoint, error::ApiError, openapi::openapi};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/openapi.json", description).open().returns::<Value>(StatusCode::OK),
        Endpoint::get("/schema", herokus).returns_errors(),
    ]
}

/// Made once: it changes with the program only.
static TEXT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());

/// Heroku's JSON schema of its API has another form, and it is Heroku's.
async fn herokus() -> ApiError {
    ApiError::not_implemented(
        "Heroku's JSON schema is not served. /openapi.json describes what is served here, as OpenAPI.",
    )
}

async fn description() -> Response {
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, TEXT.clone()).into_response()
}
