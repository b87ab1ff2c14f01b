//! The addresses that a process listens on, all taken before anything else starts: a port that is not free is found out
//! at once.

use std::{net::SocketAddr, thread::available_parallelism};

use anyhow::{Context, Result};
use paas_router::Listeners;
use tokio::net::TcpListener;

use crate::{
    config::Config,
    variables::{self, Variable},
};

/// Where API and git answer. Bound, not yet served.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) https: TcpListener,
    pub(crate) http: TcpListener,
}

impl Api {
    /// # Errors
    /// One is taken, or not an address of this machine; the text names its variable.
    pub(crate) async fn bind(config: &Config) -> Result<Self> {
        let https = bind(config.https_listen, &variables::HTTPS_LISTEN).await?;
        let http = bind(config.http_listen, &variables::HTTP_LISTEN).await?;
        Ok(Self { https, http })
    }
}

/// Where apps answer. Bound, not yet served.
///
/// # Errors
/// As [`Api::bind`].
pub(crate) fn router_listeners(config: &Config) -> Result<Listeners> {
    let threads = available_parallelism().map_or(1, usize::from);
    let router = Listeners::bind(&[config.router_http_listen], &[config.router_https_listen], threads);
    router.with_context(|| {
        let [http, https] = [&variables::ROUTER_HTTP_LISTEN, &variables::ROUTER_HTTPS_LISTEN];
        format!("Apps cannot be served. Set {} or {} to a free address.", http.name, https.name)
    })
}

async fn bind(address: SocketAddr, variable: &Variable) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("Cannot listen on {address}. Set {} to a free address.", variable.name))
}
