//! Other people's accounts, for the installation's owner.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::{accounts, password_resets};
use paas_db::accounts::Account;
use paas_platform as wire;
use secrecy::ExposeSecret;

use crate::{
    auth::ByOwner,
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    range::{SortKey, Value, page},
    state::Web,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/accounts", list).by_owner().lists::<wire::AccountSummary>(),
        Endpoint::delete("/accounts/{account}", remove).by_owner().returns::<wire::AccountSummary>(StatusCode::OK),
        Endpoint::post("/accounts/{account}/password-resets", reset)
            .by_owner()
            .takes::<wire::ResetLinkCreate>()
            .returns::<wire::ResetLink>(StatusCode::CREATED),
    ]
}

const KEYS: [SortKey<wire::AccountSummary>; 2] = [
    SortKey { name: "email", of: |account| Value::Text(account.email.clone()) },
    SortKey { name: "id", of: |account| Value::Text(account.id.to_string()) },
];

async fn list(State(web): State<Web>, ByOwner(owner): ByOwner, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = accounts::list(&web.control, &owner).await?;
    Ok(page(&headers, all.iter().map(summary).collect(), &KEYS))
}

async fn remove(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Segment(account): Segment,
) -> Result<Json<wire::AccountSummary>, ApiError> {
    Ok(Json(summary(&accounts::remove(&web.control, &owner, &account).await?)))
}

async fn reset(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    Path(account): Path<String>,
    JsonBody(body): JsonBody<wire::ResetLinkCreate>,
) -> Result<Response, ApiError> {
    let two_factor_off = body.two_factor_off.unwrap_or_default();
    let (account, reset, secret) = password_resets::create(&web.control, &owner, &account, two_factor_off).await?;
    let link = wire::ResetLink {
        email: account.email,
        expires_at: reset.expires_at.into(),
        url: wire::Secret::new(web.url(&format!("/reset/{}", secret.expose_secret()))),
    };
    Ok((StatusCode::CREATED, Json(link)).into_response())
}

fn summary(account: &Account) -> wire::AccountSummary {
    wire::AccountSummary {
        created_at: account.created_at.into(),
        email: account.email.clone(),
        id: account.id.uuid(),
        is_owner: account.is_owner,
        last_login: account.last_login.map(Into::into),
        name: account.name.clone(),
        reset_requested_at: account.reset_requested_at.map(Into::into),
        two_factor_authentication: account.totp_confirmed_at.is_some(),
    }
}
