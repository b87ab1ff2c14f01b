use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use paas_control::ops::buildpacks;
use paas_model::Permission;
use paas_platform as wire;

use crate::{
    auth::AppFor,
    body::JsonBody,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let path = "/apps/{app}/buildpack-installations";
    vec![
        Endpoint::get(path, list).lists::<wire::BuildpackInstallation>(),
        Endpoint::put(path, replace)
            .needs(&[Permission::Deploy])
            .takes::<wire::BuildpackInstallationsUpdate>()
            .returns::<Vec<wire::BuildpackInstallation>>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::BuildpackInstallation>; 1] =
    [SortKey { name: "ordinal", of: |installation| Value::Number(installation.ordinal.into()) }];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let sources = buildpacks::list(&web.control, &app).await?;
    Ok(page(&headers, shown::installations(&sources), &KEYS))
}

async fn replace(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    JsonBody(body): JsonBody<wire::BuildpackInstallationsUpdate>,
) -> Result<Json<Vec<wire::BuildpackInstallation>>, ApiError> {
    let wanted: Vec<String> = body.updates.into_iter().map(|choice| choice.buildpack).collect();
    let sources = buildpacks::replace(&web.control, &app, &wanted).await?;
    Ok(Json(shown::installations(&sources)))
}
