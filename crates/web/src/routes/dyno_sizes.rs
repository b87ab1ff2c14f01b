use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use paas_model::DynoSize;
use paas_platform as wire;

use crate::{
    body::Segment,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/dyno-sizes", list).lists::<wire::DynoSize>(),
        Endpoint::get("/dyno-sizes/{size}", info).returns::<wire::DynoSize>(StatusCode::OK),
        Endpoint::get("/apps/{app}/available-dyno-sizes", list).lists::<wire::DynoSize>(),
    ]
}

const KEYS: [SortKey<wire::DynoSize>; 2] = [
    SortKey { name: "name", of: |size| Value::Text(size.name.clone()) },
    SortKey { name: "id", of: |size| Value::Text(size.id.to_string()) },
];

async fn list(headers: HeaderMap) -> Response {
    page(&headers, DynoSize::ALL.map(shown::dyno_size).into(), &KEYS)
}

async fn info(Segment(size): Segment) -> Result<Json<wire::DynoSize>, ApiError> {
    let size = find(&size).ok_or_else(|| ApiError::not_found("dyno_size"))?;
    Ok(Json(shown::dyno_size(size)))
}

/// By id, or by name in any case.
pub(super) fn find(identity: &str) -> Option<DynoSize> {
    let by_id = || DynoSize::ALL.into_iter().find(|size| shown::dyno_size(*size).id.to_string() == identity);
    identity.parse().ok().or_else(by_id)
}
