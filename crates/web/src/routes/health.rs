use std::time::Duration;

use axum::{extract::State, http::StatusCode};

use crate::{endpoint::Endpoint, error::causes, state::Web};

/// Probes give up sooner than a pool of connections does.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get("/healthz", healthz).open().returns_bytes(&["text/plain; charset=utf-8"])]
}

/// For probes: 200 when requests can be served.
async fn healthz(State(web): State<Web>) -> (StatusCode, &'static str) {
    match tokio::time::timeout(ANSWER_WITHIN, web.control.db.ping()).await {
        Ok(Ok(())) => (StatusCode::OK, "ok\n"),
        Ok(Err(error)) => not_ready(&causes(&error)),
        Err(_) => not_ready("no answer in time"),
    }
}

fn not_ready(error: &str) -> (StatusCode, &'static str) {
    tracing::warn!(error, "the database does not answer");
    (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
}
