//! Who changed what. The guard writes an event for every write, so that no handler can forget to; handlers add the names
//! of what they change.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    RequestExt,
    extract::{FromRequestParts, RawPathParams, Request},
    http::{Method, StatusCode, request::Parts},
};
use paas_control::ops::{
    apps,
    audit::{self, Attempt, AuditEnd},
};
use paas_db::{accounts::Account, apps::App};
use paas_model::{AppId, AppName, AuditEventId};
use secrecy::SecretString;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use crate::{
    auth::{AppFor, token_of},
    error::ApiError,
    peer::peer_of,
    request_id::RequestId,
    state::Web,
};

/// Most names of one kind in an event, and most bytes of one.
const MAX_NAMES: usize = 100;
const MAX_NAME_BYTES: usize = 254;

/// What a handler says about what it changes. Names, never values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Noted(Arc<Mutex<Note>>);

#[derive(Debug, Default)]
struct Note {
    account: Option<Account>,
    app: Option<(AppId, AppName)>,
    detail: Map<String, Value>,
}

impl Noted {
    /// Which app, where the path does not say.
    pub(crate) fn app(&self, id: AppId, name: &AppName) {
        self.lock().app = Some((id, name.clone()));
    }

    /// Who, where the guard does not know: they log in by it.
    pub(crate) fn account(&self, account: &Account) {
        self.lock().account = Some(account.clone());
    }

    pub(crate) fn name(&self, what: &str, name: &str) {
        self.lock().detail.insert(what.to_owned(), Value::from(shortened(name)));
    }

    pub(crate) fn names(&self, what: &str, names: impl IntoIterator<Item = String>) {
        let names: Vec<Value> = names.into_iter().take(MAX_NAMES).map(|name| shortened(&name).into()).collect();
        self.lock().detail.insert(what.to_owned(), names.into());
    }

    /// The fields of a request's body.
    pub(crate) fn fields_of(&self, json: &[u8]) {
        let fields = serde_json::from_slice::<BTreeMap<String, IgnoredAny>>(json).unwrap_or_default();
        if !fields.is_empty() {
            self.names("changed", fields.into_keys());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Note> {
        // Every statement under the lock leaves a whole note.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One that nobody reads, where nothing is recorded.
impl<S: Sync> FromRequestParts<S> for Noted {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// The verb and pattern of an endpoint, and what calls of it are called.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub method: Method,
    pub path: &'static str,
    action: String,
}

impl Route {
    pub(crate) fn new(method: &Method, path: &'static str) -> Self {
        Self { method: method.clone(), path, action: action(method, path) }
    }

    pub(crate) fn is_write(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// What an event tells of a request.
#[derive(Debug)]
pub(crate) struct Seen {
    token: Option<SecretString>,
    app: Option<App>,
    /// The app that the path names, whether there is such a one or not.
    app_named: Option<String>,
    remote_address: Option<IpAddr>,
    request_id: Option<String>,
    detail: Value,
    noted: Noted,
}

impl Seen {
    /// Looks at a request, and gives it what its handler notes names on.
    pub(crate) async fn of(web: &Web, request: &mut Request) -> Self {
        let noted = Noted::default();
        request.extensions_mut().insert(noted.clone());
        let params = request.extract_parts::<RawPathParams>().await.ok();
        let mut detail = Map::new();
        for (key, value) in params.iter().flatten().filter(|(key, value)| is_name(key, value)) {
            detail.insert(key.to_owned(), value.into());
        }
        let app_named = detail.remove("app").and_then(|name| name.as_str().map(str::to_owned));
        let extensions = request.extensions();
        Self {
            token: token_of(request.headers()),
            app_named,
            app: extensions.get::<AppFor>().map(|found| found.app.clone()),
            remote_address: peer_of(web, request.extensions(), request.headers()),
            request_id: extensions.get::<RequestId>().map(|id| id.0.clone()),
            detail: detail.into(),
            noted,
        }
    }

    /// Writes what is about to be done.
    ///
    /// # Errors
    /// 503 when it cannot be written. Then nothing may be done.
    pub(crate) async fn begin(
        self,
        web: &Web,
        route: &Route,
        account: &Account,
    ) -> Result<(AuditEventId, Noted), ApiError> {
        let id = audit::begin(&web.control, self.attempt(route, Some(account), &self.detail)).await?;
        Ok((id, self.noted))
    }

    /// Writes what was not done.
    pub(crate) async fn refused(mut self, web: &Web, route: &Route, account: &Account, status: StatusCode) {
        if let Some(name) = &self.app_named {
            // Whoever manages the app is to see who tried.
            self.app = apps::look_up(&web.control, name).await.ok();
        }
        audit::record(&web.control, self.attempt(route, Some(account), &self.detail), status.as_u16()).await;
    }

    /// Writes what was done by somebody without an account, or by one that the handler has found out.
    pub(crate) async fn done(self, web: &Web, route: &Route, status: StatusCode) {
        let (account, detail) = {
            let note = self.noted.lock();
            (note.account.clone(), merged(&self.detail, &note.detail))
        };
        if account.is_some() || status.is_success() {
            audit::record(&web.control, self.attempt(route, account.as_ref(), &detail), status.as_u16()).await;
        }
    }

    fn attempt<'a>(&'a self, route: &'a Route, account: Option<&'a Account>, detail: &'a Value) -> Attempt<'a> {
        Attempt {
            account,
            token: self.token.as_ref().filter(|_| account.is_some()),
            action: &route.action,
            app: self.app.as_ref(),
            method: route.method.as_str(),
            path: route.path,
            remote_address: self.remote_address,
            request_id: self.request_id.as_deref(),
            detail,
        }
    }
}

/// Writes how a request ended.
pub(crate) async fn end(web: &Web, id: AuditEventId, noted: &Noted, status: StatusCode) {
    let end = {
        let note = noted.lock();
        AuditEnd { status: status.as_u16(), app: note.app.clone(), detail: note.detail.clone().into() }
    };
    audit::end(&web.control, id, end).await;
}

/// `PATCH /apps/{app}/config-vars` is `config-vars.update`, `POST /apps` is `app.create`,
/// `POST /apps/{app}/dynos/{dyno}/actions/stop` is `dyno.stop`.
fn action(method: &Method, path: &str) -> String {
    let (path, verb) = match path.split_once("/actions/") {
        Some((path, verb)) => (path, verb),
        None => (
            path,
            match *method {
                Method::POST => "create",
                Method::PUT => "replace",
                Method::PATCH => "update",
                Method::DELETE => "delete",
                _ => "read",
            },
        ),
    };
    let is_item = path.ends_with('}') || verb == "create";
    let noun = path.split('/').rfind(|part| !part.is_empty() && !part.starts_with('{')).unwrap_or("platform");
    let noun = if is_item { singular(noun) } else { noun.to_owned() };
    format!("{noun}.{verb}")
}

fn singular(noun: &str) -> String {
    match noun.strip_suffix('s') {
        Some(one) if !noun.ends_with("ss") => one.to_owned(),
        _ => noun.to_owned(),
    }
}

/// Whether a variable part of a path is a name or an id, and no secret: URLs hold passwords.
fn is_name(key: &str, value: &str) -> bool {
    let is_secret = key.contains("secret") || key.contains("token");
    let is_plain = value.bytes().all(|c| c.is_ascii_alphanumeric() || b"-_.@+~*".contains(&c));
    !is_secret && is_plain && value.len() <= MAX_NAME_BYTES
}

fn shortened(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME_BYTES).collect()
}

fn merged(first: &Value, second: &Map<String, Value>) -> Value {
    let mut all = first.as_object().cloned().unwrap_or_default();
    all.extend(second.clone());
    json!(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_named_by_their_routes() {
        for (method, path, want) in [
            (Method::POST, "/apps", "app.create"),
            (Method::PATCH, "/apps/{app}", "app.update"),
            (Method::DELETE, "/apps/{app}", "app.delete"),
            (Method::PATCH, "/apps/{app}/config-vars", "config-vars.update"),
            (Method::PUT, "/apps/{app}/buildpack-installations", "buildpack-installations.replace"),
            (Method::POST, "/apps/{app}/dynos", "dyno.create"),
            (Method::DELETE, "/apps/{app}/dynos", "dynos.delete"),
            (Method::POST, "/apps/{app}/dynos/{dyno}/actions/stop", "dyno.stop"),
            (Method::DELETE, "/account/app-transfers/{transfer}", "app-transfer.delete"),
            (Method::PATCH, "/apps/{app}/formation/{type}", "formation.update"),
        ] {
            assert_eq!(action(&method, path), want, "{method} {path}");
        }
    }

    #[test]
    fn what_may_hold_a_secret_is_not_noted() {
        assert!(is_name("dyno", "web.1") && is_name("collaborator", "me+x@example.com"));
        for (key, value) in [
            ("secret", "abc"),
            ("reset_password_token", "abc"),
            ("drain", "https://me:password@example.com"),
            ("x", "a/b"),
        ] {
            assert!(!is_name(key, value), "{key} {value}");
        }
    }

    #[test]
    fn of_a_body_only_the_fields_names_are_noted() {
        let noted = Noted::default();
        noted.fields_of(br#"{"B": "hunter2", "A": {"C": 1}}"#);
        assert_eq!(json!(noted.lock().detail), json!({"changed": ["A", "B"]}));
    }
}
