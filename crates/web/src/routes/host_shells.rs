//! Root shells on hosts.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use paas_control::ops::shells;
use paas_platform as wire;
use secrecy::ExposeSecret;

use crate::{
    auth::ByOwner,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    rendezvous,
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/hosts/{host}/shells", create)
            .takes::<wire::HostShellCreate>()
            .returns::<wire::HostShell>(StatusCode::CREATED),
        Endpoint::get("/hosts/{host}/shells/{shell}", info).returns::<wire::HostShell>(StatusCode::OK),
    ]
}

/// The shell starts when a client connects to its attach URL.
async fn create(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(host): Segment,
    JsonBody(body): JsonBody<wire::HostShellCreate>,
) -> Result<Response, ApiError> {
    let opened = shells::open(&web.control, &owner, &host, body.command, body.tty.unwrap_or_default()).await?;
    let url = rendezvous::url(&web.settings().public_url, opened.secret.expose_secret());
    Ok((StatusCode::CREATED, Json(shown::host_shell(&opened.shell, Some(url)))).into_response())
}

async fn info(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Path((host, shell)): Path<(String, String)>,
) -> Result<Json<wire::HostShell>, ApiError> {
    Ok(Json(shown::host_shell(&shells::find(&web.control, &owner, &host, &shell).await?, None)))
}
