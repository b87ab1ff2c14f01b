use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::releases;
use paas_model::Permission;
use paas_platform as wire;

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
    vec![
        Endpoint::get("/apps/{app}/releases", list).lists::<wire::Release>(),
        Endpoint::post("/apps/{app}/releases", create)
            .needs(&[Permission::Deploy, Permission::Operate])
            .takes::<wire::ReleaseCreate>()
            .returns::<wire::Release>(StatusCode::CREATED),
        Endpoint::get("/apps/{app}/releases/{release}", info).returns::<wire::Release>(StatusCode::OK),
        Endpoint::get("/apps/{app}/releases/{release}/config-vars", config_vars)
            .needs(&[Permission::Deploy, Permission::Operate])
            .returns::<wire::ConfigVars>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Release>; 2] = [
    SortKey { name: "version", of: |release| Value::Number(release.version.into()) },
    SortKey { name: "id", of: |release| Value::Text(release.id.to_string()) },
];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = releases::list(&web.control, &app).await?;
    Ok(page(&headers, all.iter().map(|release| shown::release(&web, &app, release)).collect(), &KEYS))
}

/// By id, `v12` or `12`.
async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(release): Segment,
) -> Result<Json<wire::Release>, ApiError> {
    let release = releases::find(&web.control, &app, &release).await?;
    Ok(Json(shown::release(&web, &app, &release)))
}

/// `slug` deploys that slug; `release` rolls back to that release.
async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::ReleaseCreate>,
) -> Result<Response, ApiError> {
    let made = match (body.slug, body.release) {
        (Some(slug), None) => {
            let slug = slug.parse().map_err(|_| ApiError::not_found("slug"))?;
            releases::of_slug(&web.control, &account, &app, slug, body.description).await?
        }
        (None, Some(release)) => {
            let to = releases::find(&web.control, &app, &release).await?;
            releases::rollback(&web.control, &account, &app, &to).await?
        }
        _ => return Err(ApiError::invalid("Give either a slug to deploy or a release to roll back to.")),
    };
    Ok((StatusCode::CREATED, Json(shown::release(&web, &app, &made))).into_response())
}

/// What the release runs with.
async fn config_vars(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(release): Segment,
) -> Result<Json<wire::ConfigVars>, ApiError> {
    let release = releases::find(&web.control, &app, &release).await?;
    let vars = releases::config(&web.control, &app, &release).await?;
    Ok(Json(wire::ConfigVars(vars.into_map())))
}
