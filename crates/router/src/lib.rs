//! The way of every request to an app's dynos.
//!
//! ```text
//! listener (certificate by SNI) ─▶ proxy ─▶ table (host → app) ─▶ pick (a dyno that is up) ─▶ headers ─▶ upstream ─▶ body both ways, or tunnel
//!                └── any failure: one errors::Failure (code, status, page) ──▶ one heroku[router] line when it ends
//! ```
//!
//! Invariants: no database on the request path; the table in memory is followed from the database and kept while that is
//! away, and on disk (snapshot) for a router that starts meanwhile. A request counts as in flight on its dyno from before it connects until its last byte, and a dyno is said to be
//! drained only when it is in no table and nothing is in flight there. A request is sent to a dyno once; only connecting
//! is tried again, and a kept connection that turns out to be dead. Behaviour follows Heroku's Router 2.0.

mod access;
mod body;
mod certificates;
mod config;
mod dyno;
mod error;
mod errors;
mod follow;
mod headers;
mod host_map;
mod listener;
mod pick;
mod proxy;
mod reach;
mod serve;
mod snapshot;
mod table;
mod tls;
mod tunnel;
mod upstream;

pub use config::{RouterConfig, Timeouts};
pub use error::RouterError;
pub use listener::Listeners;
pub use serve::serve;
