//! Machines that run dynos. Heroku has none of this; all of it is for the installation's owner.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::{
    hosts,
    joining::{self, Invitation},
};
use paas_platform as wire;
use secrecy::ExposeSecret;

use crate::{
    auth::ByOwner,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/hosts", list).lists::<wire::Host>(),
        Endpoint::post("/hosts", create).takes::<wire::HostCreate>().returns::<wire::JoinCommand>(StatusCode::CREATED),
        Endpoint::get("/hosts/{host}", info).returns::<wire::Host>(StatusCode::OK),
        Endpoint::patch("/hosts/{host}", update).takes::<wire::HostUpdate>().returns::<wire::Host>(StatusCode::OK),
        Endpoint::delete("/hosts/{host}", remove).takes::<wire::HostRemove>().returns::<wire::Host>(StatusCode::OK),
        Endpoint::post("/hosts/{host}/actions/drain", drain).takes_nothing().returns::<wire::Host>(StatusCode::OK),
        Endpoint::post("/hosts/{host}/actions/undrain", undrain).takes_nothing().returns::<wire::Host>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Host>; 2] = [
    SortKey { name: "name", of: |host| Value::Text(host.name.clone()) },
    SortKey { name: "id", of: |host| Value::Text(host.id.to_string()) },
];

async fn list(State(web): State<Web>, ByOwner(owner): ByOwner, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = hosts::list(&web.control, &owner).await?;
    Ok(page(&headers, all.iter().map(shown::host).collect(), &KEYS))
}

/// A host is made by a machine that joins; this is what to run on it.
async fn create(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    JsonBody(body): JsonBody<wire::HostCreate>,
) -> Result<Response, ApiError> {
    let invitation = Invitation { name: body.name, labels: body.labels, pool: body.pool };
    let invited = joining::invite(&web.control, &owner, invitation).await?;
    let command = wire::JoinCommand {
        command: wire::Secret::new(invited.command.expose_secret()),
        expires_at: invited.expires_at.into(),
    };
    Ok((StatusCode::CREATED, Json(command)).into_response())
}

async fn info(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(host): Segment,
) -> Result<Json<wire::Host>, ApiError> {
    Ok(Json(shown::host(&hosts::find(&web.control, &owner, &host).await?)))
}

async fn update(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(host): Segment,
    JsonBody(body): JsonBody<wire::HostUpdate>,
) -> Result<Json<wire::Host>, ApiError> {
    Ok(Json(shown::host(&hosts::label(&web.control, &owner, &host, &body.labels).await?)))
}

/// Answers with the host as it was.
async fn remove(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(host): Segment,
    JsonBody(body): JsonBody<wire::HostRemove>,
) -> Result<Json<wire::Host>, ApiError> {
    let was = hosts::remove(&web.control, &owner, &host, body.force.unwrap_or_default()).await?;
    Ok(Json(shown::host(&was)))
}

async fn drain(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(host): Segment,
) -> Result<Json<wire::Host>, ApiError> {
    Ok(Json(shown::host(&hosts::drain(&web.control, &owner, &host, true).await?)))
}

async fn undrain(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(host): Segment,
) -> Result<Json<wire::Host>, ApiError> {
    Ok(Json(shown::host(&hosts::drain(&web.control, &owner, &host, false).await?)))
}
