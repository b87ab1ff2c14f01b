use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::sni_endpoints;
use paas_db::{apps::App, sni_endpoints::SniEndpoint};
use paas_model::Permission;
use paas_platform as wire;
use secrecy::SecretString;
use tokio::task::spawn_blocking;

use crate::{
    auth::AppFor,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire::sni_endpoint,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let (all, one) = ("/apps/{app}/sni-endpoints", "/apps/{app}/sni-endpoints/{sni_endpoint}");
    let (acm, operate) = ("/apps/{app}/acm", &[Permission::Operate]);
    vec![
        Endpoint::get(all, list).lists::<wire::SniEndpoint>(),
        Endpoint::post(all, create)
            .needs(operate)
            .takes::<wire::SniEndpointUpdate>()
            .returns::<wire::SniEndpoint>(StatusCode::CREATED),
        Endpoint::get(one, info).returns::<wire::SniEndpoint>(StatusCode::OK),
        Endpoint::patch(one, update)
            .needs(operate)
            .takes::<wire::SniEndpointUpdate>()
            .returns::<wire::SniEndpoint>(StatusCode::OK),
        Endpoint::delete(one, delete).needs(operate).returns::<wire::SniEndpoint>(StatusCode::OK),
        Endpoint::post(acm, no_acm).needs(operate).takes_nothing().returns_errors(),
        Endpoint::patch(acm, no_acm).needs(operate).takes_nothing().returns_errors(),
        Endpoint::delete(acm, acm_is_off).needs(operate).returns::<wire::App>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::SniEndpoint>; 2] = [
    SortKey { name: "name", of: |endpoint| Value::Text(endpoint.name.clone()) },
    SortKey { name: "id", of: |endpoint| Value::Text(endpoint.id.to_string()) },
];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let rows = sni_endpoints::list(&web.control, &app).await?;
    Ok(page(&headers, shown(&app, rows).await?, &KEYS))
}

async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::SniEndpointUpdate>,
) -> Result<Response, ApiError> {
    let key = SecretString::from(body.private_key.expose());
    let row = sni_endpoints::create(&web.control, &account, &app, &body.certificate_chain, &key).await?;
    Ok((StatusCode::CREATED, answer(&app, row).await?).into_response())
}

async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(identity): Segment,
) -> Result<Json<wire::SniEndpoint>, ApiError> {
    answer(&app, sni_endpoints::find(&web.control, &app, &identity).await?).await
}

async fn update(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(identity): Segment,
    JsonBody(body): JsonBody<wire::SniEndpointUpdate>,
) -> Result<Json<wire::SniEndpoint>, ApiError> {
    let key = SecretString::from(body.private_key.expose());
    let row = sni_endpoints::update(&web.control, &account, &app, &identity, &body.certificate_chain, &key).await?;
    answer(&app, row).await
}

/// Answers with the endpoint as it was.
async fn delete(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    Segment(identity): Segment,
) -> Result<Json<wire::SniEndpoint>, ApiError> {
    answer(&app, sni_endpoints::delete(&web.control, &account, &app, &identity).await?).await
}

/// Automated certificates are not built.
async fn no_acm() -> ApiError {
    ApiError::not_implemented(
        "Automated certificate management is not available on this platform. Bring a certificate: `certs:add CERT KEY`.",
    )
}

/// What is off already.
async fn acm_is_off(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Json<wire::App> {
    Json(crate::wire::app(&web, &app))
}

async fn answer(app: &App, row: SniEndpoint) -> Result<Json<wire::SniEndpoint>, ApiError> {
    let mut endpoints = shown(app, vec![row]).await?;
    endpoints.pop().map(Json).ok_or_else(ApiError::internal)
}

/// On another thread: chains are verified.
async fn shown(app: &App, rows: Vec<SniEndpoint>) -> Result<Vec<wire::SniEndpoint>, ApiError> {
    let app = app.clone();
    let shown = spawn_blocking(move || rows.iter().map(|row| sni_endpoint(&app, row)).collect()).await;
    shown.unwrap_or_else(|error| {
        tracing::error!(%error, "certificates cannot be shown");
        Err(ApiError::internal())
    })
}
