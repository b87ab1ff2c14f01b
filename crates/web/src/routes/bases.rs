//! Ours: the run images that apps stand on, and newer ones under the slugs that there are.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use paas_control::ops::rebase;
use paas_model::Permission;
use paas_platform as wire;

use crate::{
    auth::AppFor,
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/bases", list).by_owner().lists::<wire::AppBase>(),
        Endpoint::get("/apps/{app}/base", info).returns::<wire::AppBase>(StatusCode::OK),
        Endpoint::post("/apps/{app}/actions/rebase", rebase_app)
            .needs(&[Permission::Operate])
            .takes_nothing()
            .returns::<wire::Rebase>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::AppBase>; 1] = [SortKey { name: "name", of: |base| Value::Text(base.app.name.clone()) }];

/// Of every app to which anything was deployed.
async fn list(State(web): State<Web>, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = rebase::all(&web.control).await?;
    Ok(page(&headers, all.iter().map(shown::base).collect(), &KEYS))
}

async fn info(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Result<Json<wire::AppBase>, ApiError> {
    Ok(Json(shown::base(&rebase::of_app(&web.control, &app).await?)))
}

/// Makes no release where there is nothing to do.
async fn rebase_app(State(web): State<Web>, AppFor { account, app }: AppFor) -> Result<Json<wire::Rebase>, ApiError> {
    let rebased = rebase::rebase(&web.control, &account, &app).await?;
    let release = rebased.release.as_ref().map(|release| shown::release(&web, &app, release));
    Ok(Json(wire::Rebase { base: shown::base(&rebased.standing), release }))
}
