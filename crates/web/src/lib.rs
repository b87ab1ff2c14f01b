//! The Platform API over HTTP, and the streams beside it.
//!
//! # How a request runs
//!
//! [`router`] → `request_id.rs` (id, span, closing log line) → `etag.rs` → the endpoint's `auth.rs` guard (version of
//! the API, token, rate limit, the app in the path) → a handler in `routes/`, which calls one use-case of
//! `paas_control::ops` and maps its result with `wire/`.
//!
//! # Invariants
//!
//! - Every endpoint is an entry of one list, with its access. An endpoint that says nothing wants a token.
//! - An error is one `ApiError`, in Heroku's form; what is not served is a 404 and never a made-up success.
//! - Paths may hold secrets, so logs have the route's pattern and never the path.
//! - Handlers write nothing themselves, and hold nothing between requests but the rate limits.

mod accept;
mod auth;
mod body;
mod config;
mod endpoint;
mod error;
mod etag;
mod pages;
mod peer;
mod query;
mod range;
mod rate_limit;
pub mod rendezvous;
mod request_id;
mod routes;
mod scopes;
mod state;
mod streams;
mod wire;

use axum::{Router, http::Method, middleware};
use paas_control::Control;
use tower_http::catch_panic::CatchPanicLayer;

pub use crate::{config::WebConfig, endpoint::Access};
use crate::{error::ApiError, state::Web};

/// Everything that answers over HTTP, except git. Unknown paths get Heroku's 404; a router for git is merged with this
/// one, without a fallback of its own.
pub fn router(control: Control, config: WebConfig) -> Router {
    let web = Web::new(control, config);
    routes::all()
        .into_iter()
        .fold(Router::new(), |router, endpoint| endpoint.add_to(router, &web))
        .fallback(async || ApiError::no_such_endpoint())
        .method_not_allowed_fallback(async || ApiError::no_such_endpoint())
        .layer(middleware::from_fn(etag::etag))
        .layer(CatchPanicLayer::custom(request_id::panicked))
        .layer(middleware::from_fn(request_id::request_id))
        .with_state(web)
}

/// What [`router`] serves: verb, path, and who may call it.
#[must_use]
pub fn endpoints() -> Vec<(Method, &'static str, Access)> {
    routes::all().into_iter().map(|endpoint| (endpoint.method, endpoint.path, endpoint.access)).collect()
}
