use std::time::Instant;

use axum::{Json, extract::State, http::StatusCode};
use paas_control::ops::{accounts, accounts::AccountUpdate};
use paas_db::accounts::{Account, Changes};
use paas_platform as wire;
use secrecy::SecretString;

use crate::{
    auth::{Caller, CallerLogin},
    body::{JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/account", info).returns::<wire::Account>(StatusCode::OK),
        Endpoint::patch("/account", update).takes::<wire::AccountUpdate>().returns::<wire::Account>(StatusCode::OK),
        Endpoint::delete("/account", delete).takes::<wire::AccountDelete>().returns::<wire::Account>(StatusCode::OK),
        Endpoint::get("/account/rate-limits", rate_limits).free().returns::<wire::RateLimit>(StatusCode::OK),
        Endpoint::get("/users/{user}", info_of_user).returns::<wire::Account>(StatusCode::OK),
        Endpoint::patch("/users/{user}", update_of_user)
            .takes::<wire::AccountUpdate>()
            .returns::<wire::Account>(StatusCode::OK),
        Endpoint::delete("/users/{user}", delete_of_user)
            .takes::<wire::AccountDelete>()
            .returns::<wire::Account>(StatusCode::OK),
    ]
}

/// `~` is oneself; others are nobody's business.
pub(super) fn check_self(account: &Account, user: &str) -> Result<(), ApiError> {
    match user == "~" || user.eq_ignore_ascii_case(&account.email) || user == account.id.to_string() {
        true => Ok(()),
        false => Err(ApiError::not_found("user")),
    }
}

/// For use-cases, which hide it as well as the wire does.
pub(super) fn secret(text: &wire::Secret) -> SecretString {
    SecretString::from(text.expose())
}

async fn info(Caller(account): Caller) -> Json<wire::Account> {
    Json(shown::account(&account))
}

async fn info_of_user(Caller(account): Caller, Segment(user): Segment) -> Result<Json<wire::Account>, ApiError> {
    check_self(&account, &user)?;
    Ok(Json(shown::account(&account)))
}

async fn update(
    State(web): State<Web>,
    CallerLogin(login): CallerLogin,
    JsonBody(body): JsonBody<wire::AccountUpdate>,
) -> Result<Json<wire::Account>, ApiError> {
    let changes = Changes { email: body.email, name: body.name, allow_tracking: body.allow_tracking, beta: body.beta };
    let new_password = body.new_password.as_ref().map(secret);
    let update = AccountUpdate { changes, new_password, password: body.password.as_ref().map(secret) };
    Ok(Json(shown::account(&accounts::update(&web.control, &login, update).await?)))
}

async fn update_of_user(
    web: State<Web>,
    login: CallerLogin,
    Segment(user): Segment,
    body: JsonBody<wire::AccountUpdate>,
) -> Result<Json<wire::Account>, ApiError> {
    check_self(&login.0.account, &user)?;
    update(web, login, body).await
}

async fn delete(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::AccountDelete>,
) -> Result<Json<wire::Account>, ApiError> {
    let password = body.password.as_ref().map(secret);
    Ok(Json(shown::account(&accounts::delete(&web.control, &account, password).await?)))
}

async fn delete_of_user(
    web: State<Web>,
    caller: Caller,
    Segment(user): Segment,
    body: JsonBody<wire::AccountDelete>,
) -> Result<Json<wire::Account>, ApiError> {
    check_self(&caller.0, &user)?;
    delete(web, caller, body).await
}

async fn rate_limits(State(web): State<Web>, Caller(account): Caller) -> Json<wire::RateLimit> {
    Json(wire::RateLimit { remaining: web.allowances.left(account.id, Instant::now()) })
}
