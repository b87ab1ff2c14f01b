use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::{
    builds::{self, NewBuild},
    sources::{self, Given},
};
use paas_model::{BuildId, BuildpackSource, Permission};
use paas_platform as wire;
use serde_json::json;

use crate::{
    auth::AppFor,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    routes::sources::secret_of,
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/apps/{app}/builds", list).lists::<wire::Build>(),
        Endpoint::post("/apps/{app}/builds", create)
            .needs(&[Permission::Deploy])
            .takes::<wire::BuildCreate>()
            .returns::<wire::Build>(StatusCode::CREATED),
        Endpoint::get("/apps/{app}/builds/{build}", info).returns::<wire::Build>(StatusCode::OK),
        Endpoint::delete("/apps/{app}/builds/{build}", cancel)
            .needs(&[Permission::Deploy])
            .returns::<wire::Build>(StatusCode::OK),
        Endpoint::get("/apps/{app}/builds/{build}/result", result).returns::<wire::BuildResult>(StatusCode::OK),
        Endpoint::delete("/apps/{app}/build-cache", purge_cache)
            .needs(&[Permission::Deploy])
            .returns::<serde_json::Value>(StatusCode::OK),
    ]
}

/// Ids rise with time.
const KEYS: [SortKey<wire::Build>; 1] = [SortKey { name: "id", of: |build| Value::Text(build.id.to_string()) }];

/// The newest 100.
async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let builds = builds::list(&web.control, &app).await?;
    Ok(page(&headers, builds.iter().map(|build| shown::build(&web, build, None)).collect(), &KEYS))
}

/// The source is one that was uploaded here (`POST /sources`), or is fetched when the build runs.
async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::BuildCreate>,
) -> Result<Response, ApiError> {
    let blob = body.source_blob;
    let (source, secret_url) = source_of(&web, blob.url, blob.checksum.as_deref()).await?;
    // heroku3 sends an empty list where its user names none.
    let buildpacks = body.buildpacks.filter(|list| !list.is_empty());
    let new = NewBuild {
        source,
        version: blob.version,
        version_description: blob.version_description,
        buildpacks: buildpacks.map(parse_buildpacks).transpose()?,
        receive: None,
    };
    let build = builds::create(&web.control, &account, &app, new).await?;
    Ok((StatusCode::CREATED, Json(shown::build(&web, &build, secret_url))).into_response())
}

/// The source behind a URL; and the URL again if it is one of ours, which its owner may see.
pub(super) async fn source_of(
    web: &Web,
    url: wire::Secret,
    checksum: Option<&str>,
) -> Result<(Given, Option<wire::Secret>), ApiError> {
    let Some(secret) = secret_of(web, url.expose()) else {
        return Ok((sources::at(url.expose(), checksum)?, None));
    };
    let source = sources::by_secret(&web.control, &secret).await?;
    if let (Some(checksum), Some(digest)) = (checksum, &source.digest)
        && sources::digest_of_checksum(checksum)? != *digest
    {
        return Err(ApiError::invalid("source_blob.checksum is not that of what was uploaded."));
    }
    Ok((Given::Here(source.id), Some(url)))
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(build): Segment,
) -> Result<Json<wire::Build>, ApiError> {
    let build = builds::find(&web.control, &app, parse_id(&build)?).await?;
    Ok(Json(shown::build(&web, &build, None)))
}

/// It ends within seconds; what is answered may still be pending.
async fn cancel(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(build): Segment,
) -> Result<Json<wire::Build>, ApiError> {
    let build = builds::cancel(&web.control, &account, &app, parse_id(&build)?).await?;
    Ok(Json(shown::build(&web, &build, None)))
}

/// What it printed, line by line.
async fn result(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(build): Segment,
) -> Result<Json<wire::BuildResult>, ApiError> {
    let build = builds::find(&web.control, &app, parse_id(&build)?).await?;
    let output = builds::output(&web.control, build.id).await?;
    Ok(Json(shown::build_result(&build, &output)))
}

async fn purge_cache(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
) -> Result<Json<serde_json::Value>, ApiError> {
    builds::purge_cache(&web.control, &account, &app).await?;
    Ok(Json(json!({})))
}

fn parse_id(build: &str) -> Result<BuildId, ApiError> {
    build.parse().map_err(|_| ApiError::not_found("build"))
}

fn parse_buildpacks(wanted: Vec<wire::Buildpack>) -> Result<Vec<BuildpackSource>, ApiError> {
    let text = |buildpack: wire::Buildpack| buildpack.url.or(buildpack.name).unwrap_or_default();
    let parsed = wanted.into_iter().map(|buildpack| BuildpackSource::parse(&text(buildpack)));
    parsed.collect::<Result<_, _>>().map_err(|error| ApiError::invalid(error.to_string()))
}
