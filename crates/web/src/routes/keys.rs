use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::keys;
use paas_platform as wire;

use crate::{
    auth::Caller,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/account/keys", list).lists::<wire::Key>(),
        Endpoint::post("/account/keys", create).takes::<wire::KeyCreate>().returns::<wire::Key>(StatusCode::CREATED),
        Endpoint::get("/account/keys/{key}", info).returns::<wire::Key>(StatusCode::OK),
        Endpoint::delete("/account/keys/{key}", delete).returns::<wire::Key>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Key>; 1] = [SortKey { name: "id", of: |key| Value::Text(key.id.to_string()) }];

async fn list(State(web): State<Web>, Caller(account): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = keys::list(&web.control, &account).await?;
    Ok(page(&headers, all.iter().map(shown::key).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::KeyCreate>,
) -> Result<Response, ApiError> {
    let key = keys::create(&web.control, &account, &body.public_key).await?;
    Ok((StatusCode::CREATED, Json(shown::key(&key))).into_response())
}

async fn info(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(key): Segment,
) -> Result<Json<wire::Key>, ApiError> {
    Ok(Json(shown::key(&keys::find(&web.control, &account, &key).await?)))
}

async fn delete(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(key): Segment,
) -> Result<Json<wire::Key>, ApiError> {
    Ok(Json(shown::key(&keys::delete(&web.control, &account, &key).await?)))
}
