//! What clients ask about in passing and there is none of. An empty list is the truth; so is 404 for a single one.

use axum::Json;

use crate::{endpoint::Endpoint, error::ApiError};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/account/features", none),
        Endpoint::get("/addon-attachments", none),
        Endpoint::get("/addons", none),
        Endpoint::get("/apps/{app}/addon-attachments", none),
        Endpoint::get("/apps/{app}/addons", none),
        Endpoint::get("/apps/{app}/features", none),
        Endpoint::get("/apps/{app}/features/{feature}", async || ApiError::not_found("feature")),
        Endpoint::get("/apps/{app}/log-drains", none),
        Endpoint::get("/apps/{app}/pipeline-couplings", async || ApiError::not_found("pipeline_coupling")),
        Endpoint::get("/apps/{app}/sni-endpoints", none),
        Endpoint::get("/apps/{app}/webhooks", none),
        Endpoint::get("/pipelines", none),
        Endpoint::get("/spaces", none),
        Endpoint::get("/teams", none),
        Endpoint::get("/teams/{team}", async || ApiError::not_found("team")),
    ]
}

async fn none() -> Json<[(); 0]> {
    Json([])
}
