use axum::{
    Router,
    handler::Handler,
    http::Method,
    middleware,
    routing::{self, MethodRouter},
};

use paas_model::Permission;

use crate::{
    auth::{Guard, guard},
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
    is_free: bool,
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
        Self { method, path, access, is_free: false, takes_password: false, handler }
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

    pub(crate) fn add_to(self, router: Router<Web>, web: &Web) -> Router<Web> {
        let state = Guard {
            web: web.clone(),
            access: self.access,
            is_free: self.is_free,
            takes_password: self.takes_password,
            scopes: accepted(&self.method, self.path, self.access),
        };
        router.route(self.path, self.handler.layer(middleware::from_fn_with_state(state, guard)))
    }
}
