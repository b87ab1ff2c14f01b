//! Logins in browsers.

use axum::{Json, extract::State, http::HeaderMap, http::StatusCode, response::Response};
use paas_control::ops::authorizations;
use paas_platform as wire;

use crate::{
    auth::{Caller, CallerLogin},
    body::Segment,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/oauth/sessions", list).lists::<wire::Session>(),
        Endpoint::delete("/oauth/sessions/{session}", end).returns::<wire::Session>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Session>; 1] = [SortKey { name: "id", of: |session| Value::Text(session.id.to_string()) }];

async fn list(State(web): State<Web>, Caller(account): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = authorizations::sessions(&web.control, &account).await?;
    Ok(page(&headers, all.iter().map(shown::session).collect(), &KEYS))
}

async fn end(
    State(web): State<Web>,
    CallerLogin(login): CallerLogin,
    Segment(id): Segment,
) -> Result<Json<wire::Session>, ApiError> {
    Ok(Json(shown::session(&authorizations::end_session(&web.control, &login, &id).await?)))
}
