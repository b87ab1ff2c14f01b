use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use paas_platform as wire;

use crate::{
    body::Segment,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/regions", list).lists::<wire::Region>(),
        Endpoint::get("/regions/{region}", info).returns::<wire::Region>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Region>; 2] = [
    SortKey { name: "name", of: |region| Value::Text(region.name.clone()) },
    SortKey { name: "id", of: |region| Value::Text(region.id.to_string()) },
];

async fn list(State(web): State<Web>, headers: HeaderMap) -> Response {
    page(&headers, vec![shown::region(&web)], &KEYS)
}

async fn info(State(web): State<Web>, Segment(identity): Segment) -> Result<Json<wire::Region>, ApiError> {
    let region = shown::region(&web);
    let is_it = identity == region.name || identity == region.id.to_string();
    is_it.then_some(Json(region)).ok_or_else(|| ApiError::not_found("region"))
}
