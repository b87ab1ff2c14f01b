//! The code flow: the page on which a person lets a client in, and the calls with which the client gets its token.

use axum::{
    Json,
    extract::{FromRequest, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use paas_control::{
    OpError,
    ops::{
        authorizations,
        oauth_tokens::{self, Exchange},
    },
};
use paas_db::accounts::Account;
use paas_model::Scope;
use paas_platform as wire;
use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;

use super::{account::secret, browser_logins::proof, oauth_authorizations::scopes};
use crate::{
    audit::Noted,
    auth::Caller,
    body::{FormBody, JsonBody, Segment},
    endpoint::Endpoint,
    error::ApiError,
    pages::{LOGIN_FIELDS, complaint, escape, page, page_to, refuse_other_sites},
    peer::Peer,
    query::QueryOf,
    state::Web,
    wire as shown,
};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/oauth/authorize", form).open().returns_bytes(&["text/html"]),
        Endpoint::post("/oauth/authorize", submit)
            .open()
            .takes_bytes("application/x-www-form-urlencoded")
            .returns_bytes(&["text/html"]),
        Endpoint::post("/oauth/token", token)
            .open()
            .takes_bytes("application/x-www-form-urlencoded")
            .returns::<wire::OAuthTokenAnswer>(StatusCode::OK),
        Endpoint::post("/oauth/tokens", create)
            .open()
            .takes::<wire::OAuthTokenCreate>()
            .returns::<wire::OAuthToken>(StatusCode::CREATED),
        Endpoint::delete("/oauth/tokens/{token}", delete).returns::<wire::Authorization>(StatusCode::OK),
    ]
}

/// What a client puts into the address that it sends people to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wish {
    client_id: String,
    response_type: String,
    redirect_uri: Option<String>,
    /// Words with blanks or commas between.
    scope: Option<String>,
    state: Option<String>,
}

async fn form(State(web): State<Web>, QueryOf(wish): QueryOf<Wish>) -> Response {
    match request(&web, &wish).await {
        Ok(request) => consent_page(StatusCode::OK, &web, &request, None),
        Err(error) => refused_page(&error),
    }
}

async fn submit(
    State(web): State<Web>,
    noted: Noted,
    Peer(address): Peer,
    QueryOf(wish): QueryOf<Wish>,
    headers: HeaderMap,
    FormBody(mut form): FormBody,
) -> Result<Response, ApiError> {
    refuse_other_sites(&headers)?;
    let request = match request(&web, &wish).await {
        Ok(request) => request,
        Err(error) => return Ok(refused_page(&error)),
    };
    let state = wish.state.as_deref();
    if form.contains_key("refuse") {
        return send_back(&request, ("error", "access_denied"), state);
    }
    match oauth_tokens::allow(&web.control, &request, proof(&mut form, address)).await {
        Ok((account, code)) => {
            noted.account(&account);
            send_back(&request, ("code", code.expose_secret()), state)
        }
        Err(error @ (OpError::Unavailable(..) | OpError::Internal(_))) => Err(error.into()),
        Err(error) => {
            let error = ApiError::from(error);
            Ok(consent_page(error.status, &web, &request, Some(&error)))
        }
    }
}

async fn request(web: &Web, wish: &Wish) -> Result<oauth_tokens::Request, ApiError> {
    let words = wish.scope.as_deref().unwrap_or_default().split([' ', ',', '+']);
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
    // What a client does not ask for it does not get.
    let scope = if words.is_empty() { vec![Scope::Identity] } else { scopes(Some(words))? };
    let uri = wish.redirect_uri.as_deref();
    let request = oauth_tokens::request(&web.control, &wish.client_id, uri, scope).await?;
    match wish.response_type == "code" {
        true => Ok(request),
        false => Err(ApiError::invalid("response_type must be code.")),
    }
}

/// To the client, and only to the address that it has given.
fn send_back(
    request: &oauth_tokens::Request,
    (name, value): (&str, &str),
    state: Option<&str>,
) -> Result<Response, ApiError> {
    let mut url = Url::parse(&request.client.redirect_uri).map_err(|_| ApiError::internal())?;
    url.query_pairs_mut().append_pair(name, value);
    if let Some(state) = state {
        url.query_pairs_mut().append_pair("state", state);
    }
    let headers = [(header::LOCATION, url.as_str()), (header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

fn consent_page(status: StatusCode, web: &Web, request: &oauth_tokens::Request, error: Option<&ApiError>) -> Response {
    let scopes: String = request.scope.iter().map(|scope| format!("<li>{scope}</li>")).collect();
    let (name, uri) = (escape(&request.client.name), escape(&request.client.redirect_uri));
    let product = escape(&web.settings().product);
    let body = format!(
        r#"<p><b>{name}</b> asks to act for you on {product}, with these scopes:</p>
<ul>{scopes}</ul>
<p>You are then sent to {uri}.</p>
{}<form method="post">
{LOGIN_FIELDS}<button>Allow</button>
<button name="refuse" value="1" formnovalidate>Deny</button>
</form>"#,
        complaint(error)
    );
    let origin = Url::parse(&request.client.redirect_uri).map(|url| url.origin().ascii_serialization());
    page_to(status, "Allow access", &body, &origin.unwrap_or_default())
}

/// Whoever is sent here with a wrong address stays here: to send them on would make us an accomplice.
fn refused_page(error: &ApiError) -> Response {
    page(error.status, "This does not work", &complaint(Some(error)))
}

/// As OAuth libraries ask: a form, or the same as JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TokenRequest {
    grant_type: String,
    code: Option<wire::Secret>,
    refresh_token: Option<wire::Secret>,
    client_secret: Option<wire::Secret>,
}

async fn token(State(web): State<Web>, noted: Noted, request: Request) -> Result<Response, ApiError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_json = kind.split(';').next().unwrap_or_default().trim().ends_with("json");
    let asked: TokenRequest = match is_json {
        true => JsonBody::<TokenRequest>::from_request(request, &()).await?.0,
        false => {
            let FormBody(mut form) = FormBody::from_request(request, &()).await?;
            let mut field = |name: &str| form.remove(name).map(wire::Secret::new);
            let (code, refresh_token, client_secret) = (field("code"), field("refresh_token"), field("client_secret"));
            TokenRequest {
                grant_type: form.remove("grant_type").unwrap_or_default(),
                code,
                refresh_token,
                client_secret,
            }
        }
    };
    let exchange = exchange(&asked.grant_type, asked.code, asked.refresh_token)?;
    let (account, issued) = redeem(&web, asked.client_secret, exchange).await?;
    noted.account(&account);
    let shown = shown::issued(&account, &issued, None);
    let access = shown.access_token.ok_or_else(ApiError::internal)?;
    let answer = wire::OAuthTokenAnswer {
        access_token: access.token,
        expires_in: access.expires_in,
        refresh_token: shown.refresh_token.map(|refresh| refresh.token),
        session_nonce: None,
        token_type: "Bearer".to_owned(),
        user_id: account.id.uuid(),
    };
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// As Heroku's API description has it.
async fn create(
    State(web): State<Web>,
    noted: Noted,
    JsonBody(body): JsonBody<wire::OAuthTokenCreate>,
) -> Result<Response, ApiError> {
    let (code, kind) = body.grant.map_or((None, None), |grant| (grant.code, grant.kind));
    let refresh = body.refresh_token.and_then(|refresh| refresh.token);
    let exchange = exchange(kind.as_deref().unwrap_or_default(), code, refresh)?;
    let (account, issued) = redeem(&web, body.client.and_then(|client| client.secret), exchange).await?;
    noted.account(&account);
    let client = issued.token.client_id.map(|id| wire::IdReference { id: id.uuid() });
    let shown = shown::issued(&account, &issued, None);
    let token = wire::OAuthToken {
        access_token: shown.access_token.ok_or_else(ApiError::internal)?,
        authorization: wire::IdReference { id: shown.id },
        client,
        created_at: shown.created_at,
        id: shown.id,
        refresh_token: shown.refresh_token,
        session: None,
        updated_at: shown.updated_at,
        user: wire::IdReference { id: account.id.uuid() },
    };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(token)).into_response())
}

async fn delete(
    State(web): State<Web>,
    Caller(account): Caller,
    Segment(id): Segment,
) -> Result<Json<wire::Authorization>, ApiError> {
    let revoked = authorizations::revoke(&web.control, &account, &id).await?;
    Ok(Json(shown::authorization(&account, &revoked)))
}

fn exchange(kind: &str, code: Option<wire::Secret>, refresh: Option<wire::Secret>) -> Result<Exchange, ApiError> {
    match (kind, code, refresh) {
        ("authorization_code", Some(code), _) => Ok(Exchange::Code(secret(&code))),
        ("refresh_token", _, Some(refresh)) => Ok(Exchange::Refresh(secret(&refresh))),
        _ => Err(ApiError::invalid(
            "Send an authorization_code with its code, or a refresh_token with its token, as the type of the grant.",
        )),
    }
}

async fn redeem(
    web: &Web,
    client_secret: Option<wire::Secret>,
    exchange: Exchange,
) -> Result<(Account, authorizations::Issued), ApiError> {
    let client_secret = client_secret.ok_or_else(|| ApiError::invalid("The client's secret is missing."))?;
    Ok(oauth_tokens::exchange(&web.control, &secret(&client_secret), exchange).await?)
}
