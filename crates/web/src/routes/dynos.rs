use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::dynos::{self, Run, Which};
use paas_db::apps::App;
use paas_model::{DynoName, Permission, ProcessType};
use paas_platform as wire;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::{
    auth::AppFor,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    rendezvous,
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    let any = &[Permission::Deploy, Permission::Operate];
    vec![
        Endpoint::get("/apps/{app}/dynos", list).lists::<wire::Dyno>(),
        Endpoint::post("/apps/{app}/dynos", create)
            .needs(any)
            .takes::<wire::DynoCreate>()
            .returns::<wire::Dyno>(StatusCode::CREATED),
        Endpoint::delete("/apps/{app}/dynos", restart_all).needs(any).returns_accepted(),
        Endpoint::get("/apps/{app}/dynos/{dyno}", info).returns::<wire::Dyno>(StatusCode::OK),
        Endpoint::post("/apps/{app}/dynos/{dyno}", run_inside).needs(any).takes_nothing().returns_errors(),
        Endpoint::delete("/apps/{app}/dynos/{dyno}", restart).needs(any).returns_accepted(),
        Endpoint::post("/apps/{app}/dynos/{dyno}/actions/stop", stop).needs(any).takes_nothing().returns_accepted(),
        Endpoint::delete("/apps/{app}/formations/{type}", restart_type).needs(any).returns_accepted(),
        Endpoint::post("/apps/{app}/formations/{type}/actions/stop", stop_type)
            .needs(any)
            .takes_nothing()
            .returns_accepted(),
    ]
}

/// Ids rise with time. Names are no key: while one dyno replaces another there are two of a name.
const KEYS: [SortKey<wire::Dyno>; 1] = [SortKey { name: "id", of: |dyno| Value::Text(dyno.id.to_string()) }];

async fn list(State(web): State<Web>, AppFor { app, .. }: AppFor, headers: HeaderMap) -> Result<Response, ApiError> {
    let dynos = dynos::list(&web.control, &app).await?;
    Ok(page(&headers, dynos.iter().map(|dyno| shown::dyno(dyno, None)).collect(), &KEYS))
}

/// By name, or by id: then also a one-off dyno that has ended, with its exit status.
async fn info(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(dyno): Segment,
) -> Result<Json<wire::Dyno>, ApiError> {
    let dyno = dynos::find(&web.control, &app, &dyno).await?;
    Ok(Json(shown::dyno(&dyno, None)))
}

async fn create(
    State(web): State<Web>,
    AppFor { account, app }: AppFor,
    JsonBody(body): JsonBody<wire::DynoCreate>,
) -> Result<Response, ApiError> {
    let attach = body.attach.unwrap_or(false);
    let invalid = |error: &dyn std::error::Error| ApiError::invalid(error.to_string());
    let run = Run {
        command: body.command,
        attach,
        tty: attach && !body.force_no_tty.unwrap_or(false),
        env: body.env.0,
        size: body.size.map(|size| size.parse()).transpose().map_err(|error| invalid(&error))?,
        kind: body.kind.map(|kind| ProcessType::parse(&kind)).transpose().map_err(|error| invalid(&error))?,
        time_to_live: body.time_to_live.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
    };
    let (dyno, secret) = dynos::run(&web.control, &account, &app, run).await?;
    let url = secret.map(|secret| rendezvous::url(&web.settings().public_url, secret.expose_secret()));
    Ok((StatusCode::CREATED, Json(shown::dyno(&dyno, url))).into_response())
}

/// Heroku's `run:inside`.
async fn run_inside() -> ApiError {
    ApiError::not_implemented("Running a command inside a running dyno is not supported. Use a one-off dyno.")
}

async fn restart_all(State(web): State<Web>, AppFor { app, .. }: AppFor) -> Result<Response, ApiError> {
    dynos::restart(&web.control, &app, &Which::All).await?;
    Ok(accepted())
}

async fn restart(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(dyno): Segment,
) -> Result<Response, ApiError> {
    let which = one(&web, &app, &dyno).await?;
    dynos::restart(&web.control, &app, &which).await?;
    Ok(accepted())
}

async fn restart_type(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(kind): Segment,
) -> Result<Response, ApiError> {
    dynos::restart(&web.control, &app, &Which::Type(process_type(&kind)?)).await?;
    Ok(accepted())
}

async fn stop(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(dyno): Segment,
) -> Result<Response, ApiError> {
    let which = one(&web, &app, &dyno).await?;
    dynos::stop(&web.control, &app, &which).await?;
    Ok(accepted())
}

async fn stop_type(
    State(web): State<Web>,
    AppFor { app, .. }: AppFor,
    Segment(kind): Segment,
) -> Result<Response, ApiError> {
    dynos::stop(&web.control, &app, &Which::Type(process_type(&kind)?)).await?;
    Ok(accepted())
}

/// Under way; nothing to say about it yet.
fn accepted() -> Response {
    (StatusCode::ACCEPTED, Json(json!({}))).into_response()
}

/// A dyno's name, or the name of the dyno with this id.
async fn one(web: &Web, app: &App, identity: &str) -> Result<Which, ApiError> {
    Ok(match identity.parse::<DynoName>() {
        Ok(name) => Which::One(name),
        Err(_) => Which::One(dynos::find(&web.control, app, identity).await?.name()),
    })
}

pub(super) fn process_type(text: &str) -> Result<ProcessType, ApiError> {
    ProcessType::parse(text).map_err(|_| {
        let message = format!("Couldn't find that process type ({text}).");
        ApiError { message, ..ApiError::not_found("formation") }
    })
}
