//! A command line that logs in through a browser, as Heroku's does.

use std::{collections::BTreeMap, convert::Infallible, net::IpAddr, time::Duration};

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream;
use paas_control::{
    OpError,
    ops::{
        browser_logins::{self, Answer},
        logins::Proof,
    },
};
use paas_db::SecretHash;
use paas_platform as wire;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    audit::Noted,
    body::{FormBody, JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    pages::{LOGIN_FIELDS, complaint, escape, page, refuse_other_sites},
    peer::Peer,
    state::Web,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post("/auth", begin)
            .open()
            .takes::<wire::BrowserLoginCreate>()
            .returns::<wire::BrowserLogin>(StatusCode::CREATED),
        Endpoint::get("/auth/browser/{secret}", form).returns_bytes(&["text/html"]),
        Endpoint::post("/auth/browser/{secret}", submit)
            .takes_bytes("application/x-www-form-urlencoded")
            .returns_bytes(&["text/html"]),
        Endpoint::get("/auth/cli/{secret}", wait).returns::<wire::BrowserLoginResult>(StatusCode::OK),
    ]
}

/// How often the row is looked at. A person takes longer.
const LOOK_EVERY: Duration = Duration::from_secs(1);

async fn begin(
    State(web): State<Web>,
    Peer(address): Peer,
    JsonBody(body): JsonBody<wire::BrowserLoginCreate>,
) -> Result<Response, ApiError> {
    let description = body.description.unwrap_or_else(|| "Login with a browser".to_owned());
    let begun = browser_logins::begin(&web.control, &description, address).await?;
    let (page, client) = (begun.page.expose_secret(), begun.client.expose_secret());
    let login = wire::BrowserLogin {
        browser_url: wire::Secret::new(format!("/auth/browser/{page}")),
        cli_url: wire::Secret::new(format!("/auth/cli/{client}")),
        token: wire::Secret::new(client),
    };
    Ok((StatusCode::CREATED, Json(login)).into_response())
}

async fn form(State(web): State<Web>, Segment(secret): Segment) -> Result<Response, ApiError> {
    let login = browser_logins::find(&web.control, &secret.into()).await?;
    Ok(login_page(StatusCode::OK, &web, &login.description, None))
}

async fn submit(
    State(web): State<Web>,
    noted: Noted,
    Peer(address): Peer,
    Segment(secret): Segment,
    headers: HeaderMap,
    FormBody(mut form): FormBody,
) -> Result<Response, ApiError> {
    refuse_other_sites(&headers)?;
    let secret = SecretString::from(secret);
    let login = browser_logins::find(&web.control, &secret).await?;
    if form.contains_key("refuse") {
        browser_logins::refuse(&web.control, &secret).await?;
        return Ok(page(StatusCode::OK, "Not logged in", "<p>The command line was told no.</p>"));
    }
    match browser_logins::allow(&web.control, &secret, proof(&mut form, address)).await {
        Ok(account) => {
            noted.account(&account);
            Ok(page(StatusCode::OK, "Logged in", "<p>Close this window and go back to the command line.</p>"))
        }
        Err(error @ (OpError::Unavailable(..) | OpError::Internal(_))) => Err(error.into()),
        Err(error) => {
            let error = ApiError::from(error);
            Ok(login_page(error.status, &web, &login.description, Some(&error)))
        }
    }
}

/// One long answer: blanks as long as nobody has answered on the page, so that nobody in between takes the connection for
/// dead, then the token.
async fn wait(State(web): State<Web>, Segment(secret): Segment) -> Result<Response, ApiError> {
    let secret = SecretString::from(secret);
    let place = web.waiting_logins.take(SecretHash::of(&secret));
    let place =
        place.ok_or_else(|| OpError::RateLimited("Too many logins wait at the moment. Try again soon.".to_owned()))?;
    let first = browser_logins::ask(&web.control, &secret).await?;
    let pieces = stream::unfold((Some(first), web, secret, place), |(answer, web, secret, place)| async move {
        let result = match answer? {
            Answer::Waiting => {
                tokio::time::sleep(LOOK_EVERY).await;
                let next = match browser_logins::ask(&web.control, &secret).await {
                    Ok(answer) => answer,
                    // The database may be back in a moment; the client asks only once.
                    Err(OpError::Unavailable(..)) => Answer::Waiting,
                    Err(_) => Answer::Refused,
                };
                return Some((Ok::<_, Infallible>(Bytes::from_static(b" ")), (Some(next), web, secret, place)));
            }
            Answer::Refused => wire::BrowserLoginResult {
                error: Some("The login was refused in the browser, or took too long.".to_owned()),
                access_token: None,
            },
            Answer::Allowed(token) => {
                wire::BrowserLoginResult { access_token: Some(wire::Secret::new(token.expose_secret())), error: None }
            }
        };
        let text = serde_json::to_vec(&result).unwrap_or_default();
        Some((Ok(Bytes::from(text)), (None, web, secret, place)))
    });
    // Not the bare type: the layer that makes entity tags would collect all of it first, and send nothing until the end.
    let headers = [(header::CONTENT_TYPE, "application/json; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// What a login form holds.
pub(super) fn proof(form: &mut BTreeMap<String, String>, address: Option<IpAddr>) -> Proof {
    let mut field = |name: &str| form.remove(name).unwrap_or_default();
    let (email, password, code) = (field("email"), field("password"), field("code"));
    let code = Some(code).filter(|code| !code.trim().is_empty()).map(SecretString::from);
    Proof { email, password: password.into(), code, address }
}

fn login_page(status: StatusCode, web: &Web, description: &str, error: Option<&ApiError>) -> Response {
    let (product, description) = (escape(&web.settings().product), escape(description));
    let body = format!(
        r#"<p>A command line asks to act for you on {product}:</p>
<p><b>{description}</b></p>
<p>Go on only if you have just started this yourself.</p>
{}<form method="post">
{LOGIN_FIELDS}<button>Log in</button>
<button name="refuse" value="1" formnovalidate>No</button>
</form>"#,
        complaint(error)
    );
    page(status, "Log in", &body)
}
