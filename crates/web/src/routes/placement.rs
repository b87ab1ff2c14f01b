//! Where dynos go: what an app may say about it, and why it came out as it did.

use axum::{Json, extract::State, http::StatusCode};
use paas_control::ops::{
    accounts::Owner,
    apps,
    explain::{self, Question},
    placement::{self, PlacementChange},
};
use paas_db::apps::App;
use paas_model::{Permission, ProcessType, UnknownDynoSize};
use paas_platform as wire;

use super::{dyno_sizes, dynos::process_type};
use crate::{
    auth::{AppFor, ByOwner, Caller},
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    query::QueryOf,
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/apps/{app}/placement", info).returns::<wire::AppPlacement>(StatusCode::OK),
        Endpoint::patch("/apps/{app}/placement", update)
            .needs(&[Permission::Operate])
            .takes::<wire::AppPlacementUpdate>()
            .returns::<wire::AppPlacement>(StatusCode::OK),
        // Tells about hosts, which are nobody else's business.
        Endpoint::get("/apps/{app}/explain", explain_app)
            .by_owner()
            .asks::<wire::PlacementQuery>()
            .returns::<wire::PlacementExplanation>(StatusCode::OK),
        Endpoint::get("/hosts/{host}/explain", explain_host)
            .asks::<wire::PlacementQuery>()
            .returns::<wire::PlacementExplanation>(StatusCode::OK),
    ]
}

async fn info(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Result<Json<wire::AppPlacement>, ApiError> {
    Ok(Json(shown::placement(placement::find(&web.control, &app).await?)))
}

async fn update(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::AppPlacementUpdate>,
) -> Result<Json<wire::AppPlacement>, ApiError> {
    let change =
        PlacementChange { labels: body.labels, canary_seconds: body.canary_seconds, health_path: body.health_path };
    Ok(Json(shown::placement(placement::update(&web.control, Owner::of(&account), &app, change).await?)))
}

async fn explain_app(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Caller(account): Caller,
    Segment(app): Segment,
    QueryOf(query): QueryOf<wire::PlacementQuery>,
) -> Result<Json<wire::PlacementExplanation>, ApiError> {
    let app = apps::find(&web.control, &account, &app, &[Permission::View]).await?;
    explained(&web, &owner, &app, &query, None).await
}

async fn explain_host(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Caller(account): Caller,
    Segment(host): Segment,
    QueryOf(query): QueryOf<wire::PlacementQuery>,
) -> Result<Json<wire::PlacementExplanation>, ApiError> {
    let app = query.app.as_deref().ok_or_else(|| ApiError::invalid("Say of which app: add ?app=NAME."))?;
    let app = apps::find(&web.control, &account, app, &[Permission::View]).await?;
    explained(&web, &owner, &app, &query, Some(&host)).await
}

async fn explained(
    web: &Web,
    owner: &Owner,
    app: &App,
    query: &wire::PlacementQuery,
    host: Option<&str>,
) -> Result<Json<wire::PlacementExplanation>, ApiError> {
    let answer = explain::explain(&web.control, owner, app, &question(query)?, host).await?;
    Ok(Json(shown::explanation(app, answer)))
}

fn question(query: &wire::PlacementQuery) -> Result<Question, ApiError> {
    if let Some(dyno) = &query.dyno {
        return Ok(Question::Dyno(dyno.parse().map_err(|_| ApiError::not_found("dyno"))?));
    }
    let kind = query.kind.as_deref().map_or_else(|| Ok(ProcessType::web()), process_type)?;
    let size = query
        .size
        .as_ref()
        .map(|size| dyno_sizes::find(size).ok_or_else(|| ApiError::invalid(UnknownDynoSize(size.clone()).to_string())));
    Ok(Question::OneMore(kind, size.transpose()?))
}
