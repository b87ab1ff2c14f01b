//! Who calls, and whether they may.
//!
//! Deny by default: [`guard`] stands in front of every endpoint and is told the endpoint's [`Access`], which is
//! [`Access::Account`] unless its path says otherwise. A handler gets the account and the app from here and has no
//! other way to them, so none can forget to check.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use axum::{
    RequestExt,
    extract::{FromRequestParts, RawPathParams, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paas_control::{
    OpError, ops,
    ops::{
        accounts::{Login, Owner},
        logins::{self, Proof},
    },
};
use paas_db::{accounts::Account, apps::App};
use paas_model::{AuditEventId, Scope};
use secrecy::SecretString;
use tokio::time::timeout_at;
use tracing::Instrument;

use crate::{
    accept,
    audit::{self, Noted, Route, Seen},
    endpoint::Access,
    error::ApiError,
    peer::peer_of,
    state::Web,
};

/// The account behind the request's token.
#[derive(Debug, Clone)]
pub(crate) struct Caller(pub Account);

/// The account, and the token that it calls with.
#[derive(Debug, Clone)]
pub(crate) struct CallerLogin(pub Login);

/// The app that the path names, and the account, which has one of the permissions that the endpoint needs.
#[derive(Debug, Clone)]
pub(crate) struct AppFor {
    pub account: Account,
    pub app: App,
}

/// The installation's owner, who may do everything.
#[derive(Debug, Clone)]
pub(crate) struct ByOwner(pub Owner);

/// What stands between the network and one endpoint's handler.
#[derive(Clone)]
pub(crate) struct Guard {
    pub web: Web,
    pub access: Access,
    /// Calls of it do not count.
    pub is_free: bool,
    pub route: Route,
    /// Calls of it are written down.
    pub is_write: bool,
    /// An e-mail address and a password are as good as a token.
    pub takes_password: bool,
    /// A token needs one of these.
    pub scopes: &'static [Scope],
}

/// Who calls, and by what.
enum Identity {
    Token(Login),
    Password(Account),
}

pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let limit = guard.web.config.answer_within;
    match guard.access {
        Access::Open | Access::Secret => without_account(&guard, request, next).await,
        Access::Machine => {
            let answered = tokio::time::timeout(limit, without_account(&guard, request, next)).await;
            answered.unwrap_or_else(|_| too_slow(limit))
        }
        Access::Account | Access::App(_) | Access::Owner => admit(guard, request, next).await,
    }
}

/// What is done without an account is written down after it: nobody is to fill the database by calls that do nothing.
async fn without_account(guard: &Guard, mut request: Request, next: Next) -> Response {
    if !guard.is_write {
        return next.run(request).await;
    }
    let seen = Seen::of(&guard.web, &mut request).await;
    let (web, route) = (guard.web.clone(), guard.route.clone());
    // It goes on when the client has hung up, or a client could choose what is not written down.
    let run = async move {
        let response = next.run(request).await;
        seen.done(&web, &route, response.status()).await;
        response
    };
    tokio::spawn(run.in_current_span()).await.unwrap_or_else(|_| ApiError::internal().into_response())
}

async fn admit(guard: Guard, request: Request, next: Next) -> Response {
    let limit = guard.web.config.answer_within;
    let until = tokio::time::Instant::now() + limit;
    let address = peer_of(&guard.web, request.extensions(), request.headers());
    let identity = match timeout_at(until, identify(&guard, request.headers(), address)).await {
        Ok(Ok(identity)) => identity,
        Ok(Err(error)) => return error.into_response(),
        Err(_) => return too_slow(limit),
    };
    let (account, scope) = match &identity {
        Identity::Token(login) => (login.account.clone(), login.token.scope.join(" ")),
        Identity::Password(account) => (account.clone(), Scope::Global.to_string()),
    };
    let (allowances, now) = (&guard.web.allowances, Instant::now());
    let left = match guard.is_free {
        true => Ok(allowances.left(account.id, now)),
        false => allowances.take(account.id, now),
    };
    let remaining = HeaderValue::from(*left.as_ref().unwrap_or(&0));
    let mut response = match left {
        Ok(_) => answer(&guard, &identity, &account, request, next, until).await,
        Err(error) => error.into_response(),
    };
    response.headers_mut().insert("ratelimit-remaining", remaining);
    response.headers_mut().insert("ratelimit-multiplier", HeaderValue::from_static("1"));
    for (name, words) in [("oauth-scope", scope), ("oauth-scope-accepted", words(guard.scopes))] {
        if let Ok(words) = HeaderValue::from_str(&words) {
            response.headers_mut().insert(name, words);
        }
    }
    response
}

/// The event of a write is begun before its handler and ended after it, also when the handler takes too long.
async fn answer(
    guard: &Guard,
    identity: &Identity,
    account: &Account,
    mut request: Request,
    next: Next,
    until: tokio::time::Instant,
) -> Response {
    let limit = guard.web.config.answer_within;
    let event = match timeout_at(until, open(guard, identity, account, &mut request)).await {
        Ok(Ok(event)) => event,
        Ok(Err(error)) => return error.into_response(),
        Err(_) => return too_slow(limit),
    };
    let answered = async {
        match guard.is_write {
            true => guard.web.replays.once(account.id, request, next).await,
            false => next.run(request).await,
        }
    };
    let response = timeout_at(until, answered).await.unwrap_or_else(|_| too_slow(limit));
    if let Some((id, noted)) = event {
        audit::end(&guard.web, id, &noted, response.status()).await;
    }
    response
}

/// Authorises, and writes down what is about to be done, or is refused. `None`: it only reads.
async fn open(
    guard: &Guard,
    identity: &Identity,
    account: &Account,
    request: &mut Request,
) -> Result<Option<(AuditEventId, Noted)>, ApiError> {
    let allowed = match check_scope(guard, identity, request) {
        Ok(()) => authorise(guard, account.clone(), request).await,
        Err(error) => Err(error),
    };
    if !guard.is_write {
        return allowed.map(|()| None);
    }
    let seen = Seen::of(&guard.web, request).await;
    match allowed {
        Ok(()) => seen.begin(&guard.web, &guard.route, account).await.map(Some),
        Err(error) => {
            // A part of the platform that is down refuses nobody.
            if error.status.is_client_error() {
                seen.refused(&guard.web, &guard.route, account, error.status).await;
            }
            Err(error)
        }
    }
}

async fn identify(guard: &Guard, headers: &HeaderMap, address: Option<IpAddr>) -> Result<Identity, ApiError> {
    let control = &guard.web.control;
    accept::check(headers)?;
    let token = token_of(headers).ok_or_else(ApiError::unauthorized)?;
    if let Some(login) = ops::accounts::authenticate(control, &token).await? {
        return Ok(Identity::Token(login));
    }
    let user = user_of(headers).filter(|user| guard.takes_password && user.contains('@'));
    let email = user.ok_or_else(ApiError::unauthorized)?;
    let code = headers.get("heroku-two-factor-code").and_then(|code| code.to_str().ok()).map(SecretString::from);
    let proof = Proof { email, password: token, code, address };
    Ok(Identity::Password(logins::check(control, proof).await?))
}

fn check_scope(guard: &Guard, identity: &Identity, request: &mut Request) -> Result<(), ApiError> {
    let Identity::Token(login) = identity else { return Ok(()) };
    if !login.has_any(guard.scopes) {
        let (has, wants) = (login.token.scope.join(" "), words(guard.scopes));
        let message = format!("The scope of this token ({has}) is not enough. This takes one of: {wants}.");
        return Err(OpError::Forbidden(message).into());
    }
    request.extensions_mut().insert(CallerLogin(login.clone()));
    Ok(())
}

/// `global write`.
fn words(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

async fn authorise(guard: &Guard, account: Account, request: &mut Request) -> Result<(), ApiError> {
    if let Access::App(any) = guard.access {
        let params = request.extract_parts::<RawPathParams>().await.map_err(|_| undecodable())?;
        let name = params.iter().find_map(|(key, value)| (key == "app").then_some(value));
        let name = name.ok_or_else(ApiError::no_such_endpoint)?;
        let app = ops::apps::find(&guard.web.control, &account, name, any).await?;
        request.extensions_mut().insert(AppFor { account: account.clone(), app });
    }
    if guard.access == Access::Owner {
        request.extensions_mut().insert(ByOwner(Owner::of(&account)?));
    }
    request.extensions_mut().insert(Caller(account));
    Ok(())
}

/// The token of `Authorization: Bearer TOKEN`, or the password of `Basic`, whatever the user's name.
pub(crate) fn token_of(headers: &HeaderMap) -> Option<SecretString> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(SecretString::from(credentials));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    basic(credentials).map(|(_, password)| password)
}

/// The user's name of `Basic`.
fn user_of(headers: &HeaderMap) -> Option<String> {
    let (scheme, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then(|| basic(credentials.trim())).flatten().map(|(user, _)| user)
}

fn basic(credentials: &str) -> Option<(String, SecretString)> {
    let pair = String::from_utf8(STANDARD.decode(credentials).ok()?).ok().filter(|pair| !pair.contains('\0'))?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), SecretString::from(password)))
}

fn too_slow(limit: Duration) -> Response {
    tracing::error!(limit_ms = limit.as_millis(), "a call took too long and was given up");
    ApiError::unavailable("This took too long. Try again shortly.").into_response()
}

pub(crate) fn undecodable() -> ApiError {
    ApiError::bad_request("The path is not UTF-8.")
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unguarded)
    }
}

impl<S: Sync> FromRequestParts<S> for CallerLogin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unguarded)
    }
}

impl<S: Sync> FromRequestParts<S> for ByOwner {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unguarded)
    }
}

impl<S: Sync> FromRequestParts<S> for AppFor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unguarded)
    }
}

fn unguarded() -> ApiError {
    tracing::error!("an endpoint asks for an account or an app, and its access does not provide it");
    ApiError::internal()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn token(authorization: &str) -> Option<String> {
        let value = HeaderValue::from_str(authorization).unwrap();
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        token_of(&headers).map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn tokens_come_as_bearer_and_as_password() {
        for authorization in [
            "Bearer t0ken".to_owned(),
            "bearer  t0ken".to_owned(),
            format!("Basic {}", STANDARD.encode(":t0ken")),
            format!("basic {}", STANDARD.encode("me@example.com:t0ken")),
        ] {
            assert_eq!(token(&authorization).as_deref(), Some("t0ken"), "{authorization}");
        }
    }

    #[test]
    fn anything_else_is_no_token() {
        for authorization in ["", "t0ken", "Digest t0ken", "Basic !!!", "Basic dDBrZW4="] {
            assert_eq!(token(authorization), None, "{authorization}");
        }
    }
}
