use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use paas_control::ops::{
    apps::NewApp,
    setups::{self, NewSetup, Overrides},
};
use paas_platform as wire;

use crate::{
    auth::Caller,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    routes::{apps::stack_name, builds::source_of},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/app-setups", create)
            .takes::<wire::AppSetupCreate>()
            .returns::<wire::AppSetup>(StatusCode::ACCEPTED),
        Endpoint::get("/app-setups/{setup}", info).returns::<wire::AppSetup>(StatusCode::OK),
    ]
}

/// Answers once the app exists; all else comes later.
async fn create(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::AppSetupCreate>,
) -> Result<Response, ApiError> {
    let wire::AppSetupOverrides { addons, buildpacks, env } = body.overrides;
    if addons.as_ref().is_some_and(|addons| !addons.is_empty()) {
        return Err(ApiError::invalid("overrides.addons can only be empty: add-ons cannot be had here."));
    }
    let blob = body.source_blob;
    let (source, _) = source_of(&web, blob.url, blob.checksum.as_deref()).await?;
    let label = |buildpack: wire::Buildpack| buildpack.url.or(buildpack.name).unwrap_or_default();
    let new = NewSetup {
        app: NewApp { name: body.app.name, stack: body.app.stack.map(|stack| stack_name(&web, stack)) },
        source,
        version: blob.version,
        overrides: Overrides {
            env,
            buildpacks: buildpacks.map(|list| list.into_iter().map(label).collect()),
            without_addons: addons.is_some(),
            ..Overrides::default()
        },
    };
    let setup = setups::create(&web.control, &account, new).await?;
    Ok((StatusCode::ACCEPTED, Json(shown::setup(&web, &setup))).into_response())
}

async fn info(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(setup): Segment,
) -> Result<Json<wire::AppSetup>, ApiError> {
    let id = setup.parse().map_err(|_| ApiError::not_found("app_setup"))?;
    Ok(Json(shown::setup(&web, &setups::find(&web.control, &account, id).await?)))
}
