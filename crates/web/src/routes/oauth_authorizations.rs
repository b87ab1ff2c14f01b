use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::{authorizations, authorizations::NewAuthorization};
use paas_db::accounts::Account;
use paas_model::Scope;
use paas_platform as wire;

use crate::{
    auth::Caller,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/oauth/authorizations", list).lists::<wire::Authorization>(),
        Endpoint::post("/oauth/authorizations", create)
            .or_password()
            .takes::<wire::AuthorizationCreate>()
            .returns::<wire::Authorization>(StatusCode::CREATED),
        Endpoint::get("/oauth/authorizations/{authorization}", info).returns::<wire::Authorization>(StatusCode::OK),
        Endpoint::patch("/oauth/authorizations/{authorization}", update)
            .takes::<wire::AuthorizationUpdate>()
            .returns::<wire::Authorization>(StatusCode::OK),
        Endpoint::delete("/oauth/authorizations/{authorization}", revoke)
            .returns::<wire::Authorization>(StatusCode::OK),
        Endpoint::post("/oauth/authorizations/{authorization}/actions/regenerate-tokens", regenerate)
            .takes_nothing()
            .returns::<wire::Authorization>(StatusCode::OK),
    ]
}

const KEYS: [SortKey<wire::Authorization>; 1] =
    [SortKey { name: "id", of: |authorization| Value::Text(authorization.id.to_string()) }];

/// Each once. No scope is all of them.
pub(super) fn scopes(words: Option<Vec<String>>) -> Result<Vec<Scope>, ApiError> {
    let words = words.filter(|words| !words.is_empty()).unwrap_or_else(|| vec![Scope::Global.to_string()]);
    let parsed = words.iter().map(|word| {
        Scope::parse(word).ok_or_else(|| {
            let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            ApiError::invalid(format!("{word:?} is no scope. Take some of: {}.", all.join(", ")))
        })
    });
    Ok(parsed.collect::<Result<BTreeSet<Scope>, ApiError>>()?.into_iter().collect())
}

async fn list(State(web): State<Web>, Caller(account): Caller, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = authorizations::list(&web.control, &account).await?;
    Ok(page(&headers, all.iter().map(|one| shown::authorization(&account, one)).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::AuthorizationCreate>,
) -> Result<Response, ApiError> {
    let new = NewAuthorization {
        description: body.description.unwrap_or_default(),
        scope: scopes(body.scope)?,
        expires_in: body.expires_in,
        client: body.client,
        is_session: false,
    };
    let issued = authorizations::create(&web.control, &account, new).await?;
    Ok((StatusCode::CREATED, Json(with_secret(&web, &account, &issued).await?)).into_response())
}

async fn info(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(id): Segment,
) -> Result<Json<wire::Authorization>, ApiError> {
    let found = authorizations::find(&web.control, &account, &id).await?;
    Ok(Json(shown::authorization(&account, &found)))
}

async fn update(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(id): Segment,
    JsonBody(body): JsonBody<wire::AuthorizationUpdate>,
) -> Result<Json<wire::Authorization>, ApiError> {
    let updated = match body.description {
        Some(description) => authorizations::describe(&web.control, &account, &id, &description).await?,
        None => authorizations::find(&web.control, &account, &id).await?,
    };
    Ok(Json(shown::authorization(&account, &updated)))
}

async fn revoke(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(id): Segment,
) -> Result<Json<wire::Authorization>, ApiError> {
    let revoked = authorizations::revoke(&web.control, &account, &id).await?;
    Ok(Json(shown::authorization(&account, &revoked)))
}

async fn regenerate(
    State(web): State<Web>,
    Caller(account): Caller,
    Path(id): Path<String>,
) -> Result<Json<wire::Authorization>, ApiError> {
    let issued = authorizations::regenerate(&web.control, &account, &id).await?;
    Ok(Json(with_secret(&web, &account, &issued).await?))
}

/// The one answer that holds the token itself.
async fn with_secret(
    web: &Web,
    account: &Account,
    issued: &authorizations::Issued,
) -> Result<wire::Authorization, ApiError> {
    let client = authorizations::client_of(&web.control, &issued.token).await?;
    Ok(shown::issued(account, issued, client.as_ref()))
}
