use std::sync::LazyLock;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde_json::Value;

use crate::{endpoint::Endpoint, openapi::openapi};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/openapi.json", description).open().returns::<Value>(StatusCode::OK)]
}

/// Made once: it changes with the program only.
static TEXT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());

async fn description() -> Response {
    let json = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    (json, TEXT.clone()).into_response()
}
