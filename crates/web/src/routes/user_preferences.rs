use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use paas_control::ops::user_preferences;
use paas_platform as wire;
use serde_json::Value;

use super::account::check_self;
use crate::{auth::Caller, body::JsonBody, endpoint::Endpoint, error::ApiError, state::Web};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/users/{user}/preferences", info).returns::<wire::UserPreferences>(StatusCode::OK),
        Endpoint::patch("/users/{user}/preferences", update)
            .takes::<wire::UserPreferences>()
            .returns::<wire::UserPreferences>(StatusCode::OK),
    ]
}

async fn info(
    State(web): State<Web>,
    Caller(account): Caller,
    Path(user): Path<String>,
) -> Result<Json<wire::UserPreferences>, ApiError> {
    check_self(&account, &user)?;
    shown(user_preferences::of(&web.control, &account).await?)
}

async fn update(
    State(web): State<Web>,
    Caller(account): Caller,
    Path(user): Path<String>,
    JsonBody(body): JsonBody<Value>,
) -> Result<Json<wire::UserPreferences>, ApiError> {
    check_self(&account, &user)?;
    // Checked as a whole, and stored as it came, so that `null` unsets and what is not there stays.
    if let Err(error) = serde_json::from_value::<wire::UserPreferences>(body.clone()) {
        return Err(ApiError::invalid(format!("These are no preferences: {error}.")));
    }
    if !body.is_object() || body.to_string().len() > 16 * 1024 {
        return Err(ApiError::invalid("Preferences are an object of at most 16 KB."));
    }
    shown(user_preferences::update(&web.control, &account, &body).await?)
}

fn shown(stored: Value) -> Result<Json<wire::UserPreferences>, ApiError> {
    serde_json::from_value(stored).map(Json).map_err(|error| {
        tracing::error!(%error, "stored preferences cannot be read");
        ApiError::internal()
    })
}
