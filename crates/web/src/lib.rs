//! The Platform API over HTTP, and the streams beside it.
//!
//! # How a request runs
//!
//! [`router`] → `method_override.rs` → `request_id.rs` (id, span, closing log line) → `precondition.rs` → `etag.rs` → the
//! endpoint's `auth.rs` guard (version of the API, token, rate limit, the app in the path, the audit event) → `replays.rs` → a handler in
//! `routes/`, which calls one use-case of `paas_control::ops` and maps its result with `wire/`.
//!
//! # Invariants
//!
//! - Every endpoint is an entry of one list, with its access. An endpoint that says nothing wants a token.
//! - It also says what it takes and returns: `openapi.rs` writes that down, and the tests hold every answer to it.
//! - An error is one `ApiError`, in Heroku's form; what is not served is a 404 and never a made-up success.
//! - Paths may hold secrets, so logs have the route's pattern and never the path.
//! - Every write is an audit event, begun by the guard before the handler and ended after it.
//! - Nothing is held between requests but what may be forgotten: rate limits, recent answers (`replays.rs`), who waits.

mod accept;
mod audit;
mod auth;
mod body;
mod config;
mod contract;
mod cors;
mod endpoint;
mod error;
mod etag;
mod method_override;
mod nul;
mod openapi;
mod pages;
mod peer;
mod precondition;
mod query;
mod range;
mod rate_limit;
pub mod rendezvous;
mod replays;
mod request_id;
mod routes;
mod scopes;
mod state;
mod streams;
mod waiting_logins;
mod wire;

use axum::{Router, extract::Request, http::Method, middleware};
use paas_control::Control;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

pub use crate::{config::WebConfig, endpoint::Access, openapi::openapi};
use crate::{error::ApiError, state::Web};

/// Everything that answers over HTTP, except git. Unknown paths get Heroku's 404; a router for git is merged with this
/// one, without a fallback of its own.
pub fn router(control: Control, config: WebConfig) -> Router {
    let web = Web::new(control, config);
    let api = routes::all()
        .into_iter()
        .fold(Router::new(), |router, endpoint| endpoint.add_to(router, &web))
        .fallback(async || ApiError::no_such_endpoint())
        .method_not_allowed_fallback(cors::other_verb)
        .layer(middleware::from_fn(etag::etag))
        .with_state(web);
    let api = api
        .clone()
        .layer(middleware::from_fn_with_state(api, precondition::if_match))
        .layer(middleware::from_fn(nul::refuse_nul))
        .layer(CatchPanicLayer::custom(request_id::panicked))
        .layer(middleware::from_fn(cors::cors))
        .layer(middleware::from_fn(request_id::request_id));
    // Layers of a router run when it is known already which endpoint it will be.
    Router::new().fallback_service(ServiceExt::<Request>::map_request(api, method_override::method_override))
}

/// What [`router`] serves: verb, path, and who may call it.
#[must_use]
pub fn endpoints() -> Vec<(Method, &'static str, Access)> {
    routes::all().into_iter().map(|endpoint| (endpoint.method, endpoint.path, endpoint.access)).collect()
}
