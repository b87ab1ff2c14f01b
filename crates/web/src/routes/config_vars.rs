use axum::{Json, extract::State, http::StatusCode};
use paas_control::ops::config;
use paas_model::{ConfigPatch, Permission};
use paas_platform as wire;

use crate::{auth::AppFor, body::JsonBody, endpoint::Endpoint, error::ApiError, state::Web};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let path = "/apps/{app}/config-vars";
    let any = &[Permission::Deploy, Permission::Operate];
    vec![
        Endpoint::get(path, info).needs(any).returns::<wire::ConfigVars>(StatusCode::OK),
        Endpoint::patch(path, update)
            .needs(any)
            .takes::<wire::ConfigVarsUpdate>()
            .returns::<wire::ConfigVars>(StatusCode::OK),
    ]
}

async fn info(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Result<Json<wire::ConfigVars>, ApiError> {
    let vars = config::get(&web.control, &app).await?;
    Ok(Json(wire::ConfigVars(vars.into_map())))
}

/// Answers with all of them as they are then.
async fn update(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::ConfigVarsUpdate>,
) -> Result<Json<wire::ConfigVars>, ApiError> {
    let (vars, _release) = config::patch(&web.control, &account, &app, &ConfigPatch(body.0)).await?;
    Ok(Json(wire::ConfigVars(vars.into_map())))
}
