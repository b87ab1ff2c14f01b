use std::time::Instant;

use axum::{Json, extract::State, http::StatusCode};
use paas_platform as wire;

use crate::{auth::Caller, endpoint::Endpoint, state::Web, wire as shown};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/account", info).returns::<wire::Account>(StatusCode::OK),
        Endpoint::get("/account/rate-limits", rate_limits).free().returns::<wire::RateLimit>(StatusCode::OK),
    ]
}

async fn info(Caller(account): Caller) -> Json<wire::Account> {
    Json(shown::account(&account))
}

async fn rate_limits(State(web): State<Web>, Caller(account): Caller) -> Json<wire::RateLimit> {
    Json(wire::RateLimit { remaining: web.allowances.left(account.id, Instant::now()) })
}
