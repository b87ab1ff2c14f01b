use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::drains;
use paas_model::Permission;
use paas_platform as wire;
use secrecy::SecretString;

use crate::{
    auth::AppFor,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (all, one) = ("/apps/{app}/log-drains", "/apps/{app}/log-drains/{drain}");
    let operate = &[Permission::Operate];
    vec![
        // A drain's URL may hold its receiver's password.
        Endpoint::get(all, list).needs(operate).lists::<wire::LogDrain>(),
        Endpoint::post(all, create)
            .needs(operate)
            .takes::<wire::LogDrainCreate>()
            .returns::<wire::LogDrain>(StatusCode::CREATED),
        Endpoint::get(one, info).needs(operate).returns::<wire::LogDrain>(StatusCode::OK),
        Endpoint::delete(one, delete).needs(operate).returns::<wire::LogDrain>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::LogDrain>; 1] = [SortKey { name: "id", of: |drain| Value::Text(drain.id.to_string()) }];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let drains = drains::list(&web.control, &app).await?;
    Ok(page(&headers, drains.iter().map(|drain| shown::log_drain(&app, drain)).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::LogDrainCreate>,
) -> Result<Response, ApiError> {
    let drain = drains::create(&web.control, &account, &app, &SecretString::from(body.url.expose())).await?;
    Ok((StatusCode::CREATED, Json(shown::log_drain(&app, &drain))).into_response())
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(identity): Segment,
) -> Result<Json<wire::LogDrain>, ApiError> {
    let drain = drains::find(&web.control, &app, &identity).await?;
    Ok(Json(shown::log_drain(&app, &drain)))
}

/// Answers with the drain as it was.
async fn delete(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(identity): Segment,
) -> Result<Json<wire::LogDrain>, ApiError> {
    let drain = drains::delete(&web.control, &account, &app, &identity).await?;
    Ok(Json(shown::log_drain(&app, &drain)))
}
