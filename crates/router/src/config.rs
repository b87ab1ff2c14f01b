use std::{path::PathBuf, sync::Arc, time::Duration};

use arc_swap::ArcSwap;

/// What a router is told; its addresses are in [`crate::Listeners`].
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// Apps answer at `NAME.domain`.
    pub domain: String,
    /// For the HTTPS listeners; read again for every connection, so that certificates can be swapped. Offer `http/1.1`
    /// by ALPN.
    pub tls: Option<Arc<ArcSwap<rustls::ServerConfig>>>,
    pub timeouts: Timeouts,
    /// Where the last table is kept, for a start while the database is away; its directory exists. `None`: nowhere, and
    /// such a start waits for the database.
    pub snapshot: Option<PathBuf>,
}

/// Heroku's by default (Heroku: HTTP routing, timeouts).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Connecting to one dyno: 5 s, then another one is tried.
    pub connect: Duration,
    /// From the end of the request to the first byte of the response: 30 s, then H12.
    pub first_byte: Duration,
    /// Without a byte in either direction: 55 s, then H15 (the dyno's fault) or H28 (the client's).
    pub idle: Duration,
    /// Waiting for a dyno to come up: 75 s, then H20.
    pub queue: Duration,
    /// How long a dyno that refused a connection is left out: 5 s.
    pub quarantine: Duration,
    /// A client connection without a request, or with one that does not get complete: 60 s.
    pub keep_alive: Duration,
    /// A connection to a dyno without a request: 90 s.
    pub pooled: Duration,
    /// Requests in flight when the router is told to stop.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(5),
            first_byte: seconds(30),
            idle: seconds(55),
            queue: seconds(75),
            quarantine: seconds(5),
            keep_alive: seconds(60),
            pooled: seconds(90),
            shutdown: seconds(10),
        }
    }
}

impl RouterConfig {
    /// Heroku's timeouts, no TLS, no snapshot.
    #[must_use]
    pub fn new(domain: impl Into<String>) -> Self {
        Self { domain: domain.into(), tls: None, timeouts: Timeouts::default(), snapshot: None }
    }
}
