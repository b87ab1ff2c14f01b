use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use paas_control::ops::log_sessions::{self, NewLogSession};
use paas_model::Permission;
use paas_platform as wire;
use secrecy::ExposeSecret;

use crate::{auth::AppFor, body::JsonBody, endpoint::Endpoint, error::ApiError, state::Web};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/apps/{app}/log-sessions", create)
            .needs(&[Permission::View])
            .reads()
            .takes::<wire::LogSessionCreate>()
            .returns::<wire::LogSession>(StatusCode::CREATED),
    ]
}

async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::LogSessionCreate>,
) -> Result<Response, ApiError> {
    let new = NewLogSession {
        lines: body.lines.map(|lines| u32::try_from(lines).unwrap_or(u32::MAX)),
        tail: body.tail.unwrap_or(false),
        source: body.source,
        process: body.dyno.or(body.dyno_name).or(body.kind),
    };
    let (session, secret) = log_sessions::create(&web.control, &account, &app, new).await?;
    let url = web.url(&format!("/streams/logs/{}", secret.expose_secret()));
    let session = wire::LogSession {
        created_at: session.created_at.into(),
        id: session.id.uuid(),
        logplex_url: wire::Secret::new(url),
        updated_at: session.updated_at.into(),
    };
    Ok((StatusCode::CREATED, Json(session)).into_response())
}
