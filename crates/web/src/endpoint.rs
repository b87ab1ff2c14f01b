use axum::{
    Router,
    handler::Handler,
    http::{Method, StatusCode},
    middleware,
    routing::{self, MethodRouter},
};
use paas_model::Permission;
use schemars::JsonSchema;

use crate::{
    audit::Route,
    auth::{Guard, guard},
    contract::{Answer, Contract, Taken, schema_of},
    scopes::accepted,
    state::Web,
};

/// Who may call an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Whoever has the URL: it holds a secret.
    Secret,
    /// Whoever has a token.
    Account,
    /// Whoever has the token of an account with one of these permissions to the app in the path.
    App(&'static [Permission]),
    /// Whoever has the token of an account that may do everything.
    Owner,
    /// A machine, which has no account: the handler asks for a secret of its own.
    Machine,
}

/// One verb on one path. The list of them is the API; [`crate::routes`] holds it.
pub(crate) struct Endpoint {
    pub method: Method,
    /// `{app}` is an app's name or id; `{secret}` is proof enough of the right to call it.
    pub path: &'static str,
    pub access: Access,
    pub contract: Contract,
    is_free: bool,
    only_reads: bool,
    takes_password: bool,
    handler: MethodRouter<Web>,
}

impl Endpoint {
    pub(crate) fn get<H: Handler<T, Web>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::GET, path, routing::get(handler))
    }

    pub(crate) fn post<H: Handler<T, Web>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::POST, path, routing::post(handler))
    }

    pub(crate) fn put<H: Handler<T, Web>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::PUT, path, routing::put(handler))
    }

    pub(crate) fn patch<H: Handler<T, Web>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::PATCH, path, routing::patch(handler))
    }

    pub(crate) fn delete<H: Handler<T, Web>, T: 'static>(path: &'static str, handler: H) -> Self {
        Self::new(Method::DELETE, path, routing::delete(handler))
    }

    fn new(method: Method, path: &'static str, handler: MethodRouter<Web>) -> Self {
        let access = match () {
            () if path.contains("{app}") && method == Method::GET => Access::App(&[Permission::View]),
            () if path.contains("{app}") => Access::App(&[Permission::Manage]),
            () if path.contains("{secret}") => Access::Secret,
            () if path.starts_with("/hosts") || path.starts_with("/pools") => Access::Owner,
            () => Access::Account,
        };
        Self {
            method,
            path,
            access,
            contract: Contract::default(),
            is_free: false,
            only_reads: false,
            takes_password: false,
            handler,
        }
    }

    /// The request's body is this as JSON.
    pub(crate) fn takes<T: JsonSchema>(self) -> Self {
        self.taking(Taken::Json(schema_of::<T>))
    }

    /// The request's body is of this media type.
    pub(crate) fn takes_bytes(self, media_type: &'static str) -> Self {
        self.taking(Taken::Bytes(media_type))
    }

    /// The request has no body, or one that is not looked at. Understood of `GET` and `DELETE`.
    pub(crate) fn takes_nothing(self) -> Self {
        self.taking(Taken::Nothing)
    }

    fn taking(self, body: Taken) -> Self {
        Self { contract: Contract { body: Some(body), ..self.contract }, ..self }
    }

    /// The fields of this may stand behind the question mark.
    pub(crate) fn asks<T: JsonSchema>(self) -> Self {
        Self { contract: Contract { query: Some(schema_of::<T>), ..self.contract }, ..self }
    }

    /// The answer is this as JSON.
    pub(crate) fn returns<T: JsonSchema>(self, status: StatusCode) -> Self {
        self.answering(Answer::Json(status, schema_of::<T>))
    }

    /// The answer is a list of these, or a page of it.
    pub(crate) fn lists<T: JsonSchema>(self) -> Self {
        self.answering(Answer::List(schema_of::<T>))
    }

    /// The answer is a body of one of these media types.
    pub(crate) fn returns_bytes(self, media_types: &'static [&'static str]) -> Self {
        self.answering(Answer::Bytes(media_types))
    }

    /// The answer has no body.
    pub(crate) fn returns_nothing(self, status: StatusCode) -> Self {
        self.answering(Answer::Nothing(status))
    }

    /// The answer is 202 and `{}`.
    pub(crate) fn returns_accepted(self) -> Self {
        self.answering(Answer::Accepted)
    }

    /// The answer is an error whatever is asked: there is no such thing here.
    pub(crate) fn returns_errors(self) -> Self {
        self.answering(Answer::Refusal)
    }

    fn answering(self, answer: Answer) -> Self {
        Self { contract: Contract { answer: Some(answer), ..self.contract }, ..self }
    }

    /// For whoever has one of these permissions to the app. Without this, reading wants [`Permission::View`], all else
    /// [`Permission::Manage`].
    pub(crate) fn needs(self, any: &'static [Permission]) -> Self {
        Self { access: Access::App(any), ..self }
    }

    /// For anybody, without a token.
    pub(crate) fn open(self) -> Self {
        Self { access: Access::Open, ..self }
    }

    /// For the installation's owner, though the path names an app.
    pub(crate) fn by_owner(self) -> Self {
        Self { access: Access::Owner, ..self }
    }

    /// For machines, whose secret the use-case checks.
    pub(crate) fn for_machines(self) -> Self {
        Self { access: Access::Machine, ..self }
    }

    /// Also lets an e-mail address and a password in, as HTTP Basic.
    pub(crate) fn or_password(self) -> Self {
        Self { takes_password: true, ..self }
    }

    /// Does not count against the rate limit.
    pub(crate) fn free(self) -> Self {
        Self { is_free: true, ..self }
    }

    /// Changes nothing, though its verb says so: it is not written down as a change, and a token that may read is enough.
    pub(crate) fn reads(self) -> Self {
        Self { only_reads: true, ..self }
    }

    pub(crate) fn add_to(self, router: Router<Web>, web: &Web) -> Router<Web> {
        let route = Route::new(&self.method, self.path);
        let is_write = route.is_write() && !self.only_reads;
        let state = Guard {
            web: web.clone(),
            access: self.access,
            is_free: self.is_free,
            takes_password: self.takes_password,
            scopes: accepted(!is_write, self.path, self.access),
            route,
            is_write,
        };
        router.route(self.path, self.handler.layer(middleware::from_fn_with_state(state, guard)))
    }
}
