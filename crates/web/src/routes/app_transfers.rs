use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::app_transfers;
use paas_platform as wire;

use crate::{
    audit::Noted,
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
        Endpoint::get("/account/app-transfers", list).lists::<wire::AppTransfer>(),
        Endpoint::post("/account/app-transfers", create)
            .takes::<wire::AppTransferCreate>()
            .returns::<wire::AppTransfer>(StatusCode::CREATED),
        Endpoint::get("/account/app-transfers/{transfer}", info).returns::<wire::AppTransfer>(StatusCode::OK),
        Endpoint::patch("/account/app-transfers/{transfer}", answer)
            .takes::<wire::AppTransferUpdate>()
            .returns::<wire::AppTransfer>(StatusCode::OK),
        Endpoint::delete("/account/app-transfers/{transfer}", delete).returns::<wire::AppTransfer>(StatusCode::OK),
    ]
}

/// Ids rise with time.
const KEYS: [SortKey<wire::AppTransfer>; 1] =
    [SortKey { name: "id", of: |transfer| Value::Text(transfer.id.to_string()) }];

async fn list(State(web): State<Web>, Caller(account): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = app_transfers::list(&web.control, &account).await?;
    Ok(page(&headers, all.iter().map(shown::app_transfer).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    Caller(account): Caller,
    noted: Noted,
    JsonBody(body): JsonBody<wire::AppTransferCreate>,
) -> Result<Response, ApiError> {
    let (Some(app), Some(recipient)) = (body.app, body.recipient) else {
        return Err(ApiError::invalid("Say which app, and its recipient's e-mail address."));
    };
    noted.name("app", &app);
    noted.name("recipient", &recipient);
    let made = app_transfers::create(&web.control, &account, &app, &recipient).await?;
    noted.app(made.app_id, &made.app_name);
    Ok((StatusCode::CREATED, Json(shown::app_transfer(&made))).into_response())
}

/// By its id, or by the app's name or id.
async fn info(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(transfer): Segment,
) -> Result<Json<wire::AppTransfer>, ApiError> {
    Ok(Json(shown::app_transfer(&app_transfers::find(&web.control, &account, &transfer).await?)))
}

async fn answer(
    State(web): State<Web>,
    Caller(account): Caller,
    noted: Noted,
    Segment(transfer): Segment,
    JsonBody(body): JsonBody<wire::AppTransferUpdate>,
) -> Result<Json<wire::AppTransfer>, ApiError> {
    noted.name("state", &body.state);
    let answered = app_transfers::answer(&web.control, &account, &transfer, &body.state).await?;
    noted.app(answered.app_id, &answered.app_name);
    Ok(Json(shown::app_transfer(&answered)))
}

/// Answers with what it was.
async fn delete(
    State(web): State<Web>,
    Caller(account): Caller,
    noted: Noted,
    Segment(transfer): Segment,
) -> Result<Json<wire::AppTransfer>, ApiError> {
    let was = app_transfers::delete(&web.control, &account, &transfer).await?;
    noted.app(was.app_id, &was.app_name);
    Ok(Json(shown::app_transfer(&was)))
}
