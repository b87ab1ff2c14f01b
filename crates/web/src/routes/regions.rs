use axum::{Json, extract::State};
use paas_platform as wire;

use crate::{body::Segment, endpoint::Endpoint, error::ApiError, state::Web, wire as shown};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/regions", list), Endpoint::get("/regions/{region}", info)]
}

async fn list(State(web): State<Web>) -> Json<[wire::Region; 1]> {
    Json([shown::region(&web)])
}

async fn info(State(web): State<Web>, Segment(identity): Segment) -> Result<Json<wire::Region>, ApiError> {
    let region = shown::region(&web);
    let is_it = identity == region.name || identity == region.id.to_string();
    is_it.then_some(Json(region)).ok_or_else(|| ApiError::not_found("region"))
}
