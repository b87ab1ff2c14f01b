//! New passwords for people who have lost theirs.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::Utc;
use paas_control::ops::password_resets;
use paas_platform as wire;
use secrecy::SecretString;

use super::{
    account::secret as hidden,
    invitations::{chosen_password, next_step, password_page},
};
use crate::{
    audit::Noted,
    body::{FormBody, JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    pages::{page, refuse_other_sites},
    peer::Peer,
    state::Web,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/password-resets", request)
            .open()
            .takes::<wire::PasswordResetRequest>()
            .returns::<wire::PasswordReset>(StatusCode::CREATED),
        Endpoint::post("/password-resets/{secret}/actions/finalize", finalize)
            .takes::<wire::PasswordResetFinalize>()
            .returns::<wire::PasswordReset>(StatusCode::OK),
        Endpoint::get("/reset/{secret}", form).returns_bytes(&["text/html"]),
        Endpoint::post("/reset/{secret}", submit)
            .takes_bytes("application/x-www-form-urlencoded")
            .returns_bytes(&["text/html"]),
    ]
}

/// Says nothing about whether there is such an account.
async fn request(
    State(web): State<Web>,
    Peer(address): Peer,
    JsonBody(body): JsonBody<wire::PasswordResetRequest>,
) -> Result<Response, ApiError> {
    password_resets::request(&web.control, &body.email, address).await?;
    let user = wire::PasswordResetUser { email: body.email, id: None };
    let noted = wire::PasswordReset { created_at: Utc::now().into(), user };
    Ok((StatusCode::CREATED, Json(noted)).into_response())
}

async fn finalize(
    State(web): State<Web>,
    noted: Noted,
    Path(secret): Path<String>,
    JsonBody(body): JsonBody<wire::PasswordResetFinalize>,
) -> Result<Json<wire::PasswordReset>, ApiError> {
    let secret = SecretString::from(secret);
    password_resets::find(&web.control, &secret).await?;
    let (Some(once), Some(twice)) = (body.password, body.password_confirmation) else {
        return Err(ApiError::invalid("This needs `password` and `password_confirmation`."));
    };
    if once != twice {
        return Err(ApiError::invalid("The two passwords are not the same."));
    }
    let account = password_resets::finalize(&web.control, &secret, hidden(&once)).await?;
    noted.account(&account);
    let user = wire::PasswordResetUser { email: account.email, id: Some(account.id.uuid()) };
    Ok(Json(wire::PasswordReset { created_at: Utc::now().into(), user }))
}

async fn form(State(web): State<Web>, Segment(secret): Segment) -> Result<Response, ApiError> {
    let account = password_resets::find(&web.control, &secret.into()).await?;
    Ok(password_page(StatusCode::OK, &web, &account.email, None, false))
}

async fn submit(
    State(web): State<Web>,
    noted: Noted,
    Segment(secret): Segment,
    headers: HeaderMap,
    FormBody(mut form): FormBody,
) -> Result<Response, ApiError> {
    refuse_other_sites(&headers)?;
    let secret = SecretString::from(secret);
    let account = password_resets::find(&web.control, &secret).await?;
    let done = match chosen_password(&mut form) {
        Ok(password) => password_resets::finalize(&web.control, &secret, password).await.map_err(ApiError::from),
        Err(error) => Err(error),
    };
    match done {
        Ok(account) => {
            noted.account(&account);
            Ok(page(StatusCode::OK, "Done", &next_step(&web, &account.email)))
        }
        Err(error) if error.status.is_server_error() => Err(error),
        Err(error) => Ok(password_page(error.status, &web, &account.email, Some(&error), false)),
    }
}
