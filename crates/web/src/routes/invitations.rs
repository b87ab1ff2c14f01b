//! How people get an account.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use paas_control::ops::invitations;
use paas_db::invitations::Invitation;
use paas_platform as wire;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    audit::Noted,
    auth::ByOwner,
    body::{FormBody, JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    pages::{complaint, escape, page, refuse_other_sites},
    range::{SortKey, Value, page as page_of_list},
    state::Web,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/invitations", list).by_owner().lists::<wire::Invitation>(),
        Endpoint::post("/invitations", create)
            .by_owner()
            .takes::<wire::InvitationCreate>()
            .returns::<wire::Invitation>(StatusCode::CREATED),
        Endpoint::get("/join/{secret}", form).returns_bytes(&["text/html"]),
        Endpoint::post("/join/{secret}", accept)
            .takes_bytes("application/x-www-form-urlencoded")
            .returns_bytes(&["text/html"]),
    ]
}

const KEYS: [SortKey<wire::Invitation>; 1] =
    [SortKey { name: "id", of: |invitation| Value::Text(invitation.id.to_string()) }];

async fn list(State(web): State<Web>, ByOwner(owner): ByOwner, headers: HeaderMap) -> Result<Response, ApiError> {
    let all = invitations::list(&web.control, &owner).await?;
    Ok(page_of_list(&headers, all.iter().map(|one| shown(one, None)).collect(), &KEYS))
}

async fn create(
    State(web): State<Web>,
    ByOwner(owner): ByOwner,
    JsonBody(body): JsonBody<wire::InvitationCreate>,
) -> Result<Response, ApiError> {
    let (invitation, secret) = invitations::create(&web.control, &owner, &body.email).await?;
    let url = wire::Secret::new(web.url(&format!("/join/{}", secret.expose_secret())));
    Ok((StatusCode::CREATED, Json(shown(&invitation, Some(url)))).into_response())
}

async fn form(State(web): State<Web>, Segment(secret): Segment) -> Result<Response, ApiError> {
    let invitation = invitations::find(&web.control, &secret.into()).await?;
    Ok(password_page(StatusCode::OK, &web, &invitation.email, None, true))
}

async fn accept(
    State(web): State<Web>,
    noted: Noted,
    Segment(secret): Segment,
    headers: HeaderMap,
    FormBody(mut form): FormBody,
) -> Result<Response, ApiError> {
    refuse_other_sites(&headers)?;
    let secret = SecretString::from(secret);
    let invitation = invitations::find(&web.control, &secret).await?;
    let name = form.remove("name").filter(|name| !name.trim().is_empty());
    let made = match chosen_password(&mut form) {
        Ok(password) => invitations::accept(&web.control, &secret, name, password).await.map_err(ApiError::from),
        Err(error) => Err(error),
    };
    match made {
        Ok(account) => {
            noted.account(&account);
            Ok(page(StatusCode::OK, "Welcome", &next_step(&web, &account.email)))
        }
        Err(error) if error.status.is_server_error() => Err(error),
        Err(error) => Ok(password_page(error.status, &web, &invitation.email, Some(&error), true)),
    }
}

/// The page on which a password is chosen, for the first time or again.
pub(super) fn password_page(
    status: StatusCode,
    web: &Web,
    email: &str,
    error: Option<&ApiError>,
    asks_name: bool,
) -> Response {
    let name = match asks_name {
        true => "<label>Your name, if you like <input name=\"name\" autocomplete=\"name\"></label>\n",
        false => "",
    };
    let body = format!(
        r#"<p>For <b>{}</b> on {}.</p>
{}<form method="post">
{name}<label>Password <input name="password" type="password" autocomplete="new-password" minlength="8" required></label>
<label>The same again <input name="password_confirmation" type="password" autocomplete="new-password" required></label>
<button>Set password</button>
</form>"#,
        escape(email),
        escape(&web.settings().product),
        complaint(error)
    );
    page(status, "Choose a password", &body)
}

pub(super) fn next_step(web: &Web, email: &str) -> String {
    let (email, server) = (escape(email), escape(&web.settings().public_url));
    format!("<p>{email} can log in now: <code>paas login --server {server}</code></p>")
}

/// The password that was typed twice.
pub(super) fn chosen_password(form: &mut std::collections::BTreeMap<String, String>) -> Result<SecretString, ApiError> {
    let (once, twice) = (form.remove("password"), form.remove("password_confirmation"));
    let once = once.ok_or_else(|| ApiError::invalid("Choose a password."))?;
    match twice.as_ref() == Some(&once) {
        true => Ok(once.into()),
        false => Err(ApiError::invalid("The two passwords are not the same.")),
    }
}

fn shown(invitation: &Invitation, url: Option<wire::Secret>) -> wire::Invitation {
    wire::Invitation {
        created_at: invitation.created_at.into(),
        email: invitation.email.clone(),
        expires_at: invitation.expires_at.into(),
        id: invitation.id.uuid(),
        url,
    }
}
