use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::domains;
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
    let (all, one) = ("/apps/{app}/domains", "/apps/{app}/domains/{domain}");
    let operate = &[Permission::Operate];
    vec![
        Endpoint::get(all, list).lists::<wire::Domain>(),
        Endpoint::post(all, create)
            .needs(operate)
            .takes::<wire::DomainCreate>()
            .returns::<wire::Domain>(StatusCode::CREATED),
        Endpoint::get(one, info).returns::<wire::Domain>(StatusCode::OK),
        Endpoint::patch(one, update)
            .needs(operate)
            .takes::<wire::DomainUpdate>()
            .returns::<wire::Domain>(StatusCode::OK),
        Endpoint::delete(one, delete).needs(operate).returns::<wire::Domain>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Domain>; 2] = [
    SortKey { name: "hostname", of: |domain| Value::Text(domain.hostname.clone()) },
    SortKey { name: "id", of: |domain| Value::Text(domain.id.to_string()) },
];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let domains = domains::list(&web.control, &app).await?;
    Ok(page(&headers, domains.iter().map(|domain| shown::domain(&app, domain)).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::DomainCreate>,
) -> Result<Response, ApiError> {
    let endpoint = body.sni_endpoint.as_deref();
    let domain = domains::create(&web.control, &account, &app, &body.hostname, endpoint).await?;
    Ok((StatusCode::CREATED, Json(shown::domain(&app, &domain))).into_response())
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(identity): Segment,
) -> Result<Json<wire::Domain>, ApiError> {
    let domain = domains::find(&web.control, &app, &identity).await?;
    Ok(Json(shown::domain(&app, &domain)))
}

async fn update(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(identity): Segment,
    JsonBody(body): JsonBody<wire::DomainUpdate>,
) -> Result<Json<wire::Domain>, ApiError> {
    let domain = domains::attach(&web.control, &app, &identity, body.sni_endpoint.as_deref()).await?;
    Ok(Json(shown::domain(&app, &domain)))
}

/// Answers with the domain as it was.
async fn delete(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(identity): Segment,
) -> Result<Json<wire::Domain>, ApiError> {
    let domain = domains::delete(&web.control, &account, &app, &identity).await?;
    Ok(Json(shown::domain(&app, &domain)))
}
