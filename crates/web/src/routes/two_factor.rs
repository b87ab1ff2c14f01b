//! The second factor of one's own account.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use paas_control::ops::two_factor;
use paas_platform as wire;
use secrecy::{ExposeSecret, SecretString};

use super::account::secret;
use crate::{auth::Caller, body::JsonBody, endpoint::Endpoint, error::ApiError, state::Web};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/account/two-factor", info).returns::<wire::TwoFactor>(StatusCode::OK),
        Endpoint::post("/account/two-factor", enroll)
            .takes::<wire::TwoFactorProof>()
            .returns::<wire::TwoFactorEnrollment>(StatusCode::CREATED),
        Endpoint::post("/account/two-factor/actions/confirm", confirm)
            .takes::<wire::TwoFactorProof>()
            .returns::<wire::RecoveryCodes>(StatusCode::OK),
        Endpoint::post("/account/two-factor/actions/disable", disable)
            .takes::<wire::TwoFactorProof>()
            .returns::<wire::TwoFactor>(StatusCode::OK),
        Endpoint::post("/account/two-factor/recovery-codes", new_recovery_codes)
            .takes::<wire::TwoFactorProof>()
            .returns::<wire::RecoveryCodes>(StatusCode::OK),
    ]
}

async fn info(State(web): State<Web>, Caller(account): Caller) -> Result<Json<wire::TwoFactor>, ApiError> {
    let status = two_factor::status(&web.control, &account).await?;
    let recovery_codes_left = u32::try_from(status.recovery_codes_left).unwrap_or(u32::MAX);
    Ok(Json(wire::TwoFactor { enabled: status.enabled, recovery_codes_left }))
}

async fn enroll(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::TwoFactorProof>,
) -> Result<Response, ApiError> {
    let made = two_factor::enroll(&web.control, &account, body.password.as_ref().map(secret)).await?;
    Ok((StatusCode::CREATED, Json(wire::TwoFactorEnrollment { secret: wired(&made.secret), url: wired(&made.url) }))
        .into_response())
}

async fn confirm(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::TwoFactorProof>,
) -> Result<Json<wire::RecoveryCodes>, ApiError> {
    let codes = two_factor::confirm(&web.control, &account, &code(&body)?).await?;
    Ok(Json(wire::RecoveryCodes { recovery_codes: codes.iter().map(wired).collect() }))
}

async fn disable(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::TwoFactorProof>,
) -> Result<Json<wire::TwoFactor>, ApiError> {
    two_factor::disable(&web.control, &account, body.password.as_ref().map(secret), &code(&body)?).await?;
    Ok(Json(wire::TwoFactor { enabled: false, recovery_codes_left: 0 }))
}

async fn new_recovery_codes(
    State(web): State<Web>,
    Caller(account): Caller,
    JsonBody(body): JsonBody<wire::TwoFactorProof>,
) -> Result<Json<wire::RecoveryCodes>, ApiError> {
    let (password, code) = (body.password.as_ref().map(secret), code(&body)?);
    let codes = two_factor::new_recovery_codes(&web.control, &account, password, &code).await?;
    Ok(Json(wire::RecoveryCodes { recovery_codes: codes.iter().map(wired).collect() }))
}

fn code(body: &wire::TwoFactorProof) -> Result<SecretString, ApiError> {
    let code = body.code.as_ref().map(secret);
    code.ok_or_else(|| ApiError::invalid("This needs a two-factor code, as `code`."))
}

fn wired(text: &SecretString) -> wire::Secret {
    wire::Secret::new(text.expose_secret())
}
