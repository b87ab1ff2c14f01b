//! Ours: the slugs of an app, and what is in them.

use axum::{Json, extract::State, http::HeaderMap, http::StatusCode, response::Response};
use paas_control::ops::slug_contents;
use paas_platform as wire;

use crate::{
    auth::AppFor,
    body::Segment,
    endpoint::Endpoint,
    error::ApiError,
    query::QueryOf,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

/// `{slug}` is an id, `v12` or `12`.
pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/apps/{app}/slugs", list).lists::<wire::SlugSummary>(),
        Endpoint::get("/apps/{app}/slugs/{slug}/contents", contents).returns::<wire::SlugContents>(StatusCode::OK),
        Endpoint::get("/apps/{app}/slugs/{slug}/files", files).returns::<Vec<wire::SlugFile>>(StatusCode::OK),
        Endpoint::get("/apps/{app}/slugs/{slug}/diff", diff)
            .asks::<wire::SlugDiffQuery>()
            .returns::<wire::SlugDiff>(StatusCode::OK),
    ]
}

/// Ids rise with time.
const KEYS: [SortKey<wire::SlugSummary>; 1] = [SortKey { name: "id", of: |slug| Value::Text(slug.id.to_string()) }];

/// The newest 200.
async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let slugs = slug_contents::list(&web.control, &app).await?;
    Ok(page(&headers, slugs.iter().map(shown::slug_summary).collect(), &KEYS))
}

async fn contents(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(slug): Segment,
) -> Result<Json<wire::SlugContents>, ApiError> {
    let slug = slug_contents::find(&web.control, &app, &slug).await?;
    let contents = slug_contents::contents(&web.control, &slug).await?;
    Ok(Json(shown::slug_contents(&slug, &contents)))
}

async fn files(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(slug): Segment,
) -> Result<Json<Vec<wire::SlugFile>>, ApiError> {
    let slug = slug_contents::find(&web.control, &app, &slug).await?;
    let contents = slug_contents::contents(&web.control, &slug).await?;
    Ok(Json(contents.files.into_iter().map(shown::slug_file).collect()))
}

/// How the slug differs from another one of the app's.
async fn diff(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(to): Segment,
    QueryOf(query): QueryOf<wire::SlugDiffQuery>,
) -> Result<Json<wire::SlugDiff>, ApiError> {
    let from = slug_contents::find(&web.control, &app, &query.from).await?;
    let to = slug_contents::find(&web.control, &app, &to).await?;
    let diff = slug_contents::diff(&web.control, &from, &to).await?;
    Ok(Json(shown::slug_diff(&from, &to, diff)))
}
