use axum::{Json, extract::State, http::HeaderMap, http::StatusCode, response::Response};
use paas_control::ops::features::{self, Kind};
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
    let one = "/apps/{app}/features/{feature}";
    vec![
        Endpoint::get("/apps/{app}/features", list).lists::<wire::Feature>(),
        Endpoint::get(one, info).returns::<wire::Feature>(StatusCode::OK),
        Endpoint::patch(one, update)
            .needs(&[Permission::Operate])
            .takes::<wire::FeatureUpdate>()
            .returns::<wire::Feature>(StatusCode::OK),
        // Accounts have none.
        Endpoint::get("/account/features", async || Json([(); 0])).lists::<wire::Feature>(),
        Endpoint::get("/account/features/{feature}", async || ApiError::not_found("feature")).returns_errors(),
        Endpoint::patch("/account/features/{feature}", async || ApiError::not_found("feature"))
            .takes_nothing()
            .returns_errors(),
    ]
}

const KEYS: [SortKey<wire::Feature>; 2] = [
    SortKey { name: "name", of: |feature| Value::Text(feature.name.clone()) },
    SortKey { name: "id", of: |feature| Value::Text(feature.id.to_string()) },
];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let features = features::list(&web.control, &app).await?;
    Ok(page(&headers, features.iter().map(|feature| shown::feature(&web, &app, feature)).collect(), &KEYS))
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(identity): Segment,
) -> Result<Json<wire::Feature>, ApiError> {
    let feature = features::find(&web.control, &app, is(&identity)).await?;
    Ok(Json(shown::feature(&web, &app, &feature)))
}

async fn update(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(identity): Segment,
    JsonBody(body): JsonBody<wire::FeatureUpdate>,
) -> Result<Json<wire::Feature>, ApiError> {
    let enable = body.enabled.ok_or_else(|| ApiError::invalid("enabled is missing: true or false."))?;
    let feature = features::switch(&web.control, &account, &app, &identity, is(&identity), enable).await?;
    Ok(Json(shown::feature(&web, &app, &feature)))
}

/// By name or id.
fn is(identity: &str) -> impl Fn(&Kind) -> bool {
    move |kind| kind.name == identity || shown::named("feature", kind.name).id.to_string() == identity
}
