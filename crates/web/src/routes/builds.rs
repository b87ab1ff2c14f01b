use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::{
    builds::{self, NewBuild},
    sources,
};
use paas_model::{BuildId, BuildpackSource, Permission};
use paas_platform as wire;

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
    ]
}

/// Ids rise with time.
const KEYS: [SortKey<wire::Build>; 1] = [SortKey { name: "id", of: |build| Value::Text(build.id.to_string()) }];

/// The newest 100.
async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let builds = builds::list(&web.control, &app).await?;
    Ok(page(&headers, builds.iter().map(|build| shown::build(&web, build, None)).collect(), &KEYS))
}

/// The source is one that was uploaded here (`POST /sources`): nothing is fetched from elsewhere.
async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::BuildCreate>,
) -> Result<Response, ApiError> {
    let blob = body.source_blob;
    let secret = secret_of(&web, blob.url.expose()).ok_or_else(|| {
        ApiError::invalid(
            "source_blob.url must be a get_url of this server: make one with POST /sources, and upload to it.",
        )
    })?;
    let source = sources::by_secret(&web.control, &secret).await?;
    if let (Some(checksum), Some(digest)) = (&blob.checksum, &source.digest) {
        check_checksum(checksum, digest)?;
    }
    let new = NewBuild {
        source: source.id,
        version: blob.version,
        version_description: blob.version_description,
        buildpacks: body.buildpacks.map(parse_buildpacks).transpose()?,
    };
    let build = builds::create(&web.control, &account, &app, new).await?;
    Ok((StatusCode::CREATED, Json(shown::build(&web, &build, Some(blob.url)))).into_response())
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(build): Segment,
) -> Result<Json<wire::Build>, ApiError> {
    let id: BuildId = build.parse().map_err(|_| ApiError::not_found("build"))?;
    let build = builds::find(&web.control, &app, id).await?;
    Ok(Json(shown::build(&web, &build, None)))
}

/// `checksum`: `SHA256:` and hexadecimal digits; `digest`: `sha256:` and those of what was uploaded.
fn check_checksum(checksum: &str, digest: &str) -> Result<(), ApiError> {
    let checksum = checksum.to_ascii_lowercase();
    let Some(("sha256", digits)) = checksum.split_once(':') else {
        return Err(ApiError::invalid("source_blob.checksum must be SHA256: and hexadecimal digits."));
    };
    if digest.strip_prefix("sha256:") == Some(digits) {
        return Ok(());
    }
    Err(ApiError::invalid("source_blob.checksum is not that of what was uploaded."))
}

fn parse_buildpacks(wanted: Vec<wire::Buildpack>) -> Result<Vec<BuildpackSource>, ApiError> {
    let text = |buildpack: wire::Buildpack| buildpack.url.or(buildpack.name).unwrap_or_default();
    let parsed = wanted.into_iter().map(|buildpack| BuildpackSource::parse(&text(buildpack)));
    parsed.collect::<Result<_, _>>().map_err(|error| ApiError::invalid(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_compared_without_case() {
        assert_eq!(check_checksum("SHA256:AB01", "sha256:ab01"), Ok(()));
        assert!(check_checksum("sha256:ab02", "sha256:ab01").is_err());
        assert!(check_checksum("md5:ab01", "sha256:ab01").is_err());
        assert!(check_checksum("ab01", "sha256:ab01").is_err());
    }
}
