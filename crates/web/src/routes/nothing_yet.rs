//! What clients ask about in passing and there is none of. An empty list is the truth; so is 404 for a single one.

use axum::{Json, http::StatusCode};

use crate::{endpoint::Endpoint, error::ApiError};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/addon-attachments", none),
        Endpoint::get("/addons", none),
        Endpoint::get("/apps/{app}/addon-attachments", none),
        Endpoint::get("/apps/{app}/addons", none),
        Endpoint::get("/apps/{app}/pipeline-couplings", async || ApiError::not_found("pipeline_coupling"))
            .returns_errors(),
        Endpoint::get("/apps/{app}/webhooks", none),
        Endpoint::get("/pipelines", none),
        Endpoint::get("/spaces", none),
        Endpoint::get("/teams", none),
        Endpoint::get("/teams/{team}", async || ApiError::not_found("team")).returns_errors(),
    ]
    .into_iter()
    .map(|endpoint| match endpoint.contract.answer {
        Some(_) => endpoint,
        None => endpoint.returns::<Nothing>(StatusCode::OK),
    })
    .collect()
}

/// A list of no items.
type Nothing = [(); 0];

async fn none() -> Json<Nothing> {
    Json([])
}
