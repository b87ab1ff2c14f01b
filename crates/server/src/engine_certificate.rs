//! What the control plane shows to the engines of other machines.

use std::sync::Arc;

use anyhow::Result;
use chrono::Utc;
use paas_hosts::{DockerEngines, EngineTls};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::{ca::Authority, server_certificate::RENEW_EVERY};

/// A client certificate of our own, made now; it is stored nowhere.
///
/// # Errors
/// None that this build of rcgen can have.
pub(crate) fn engine_tls(authority: &Authority) -> Result<EngineTls> {
    let issued = authority.issue_client(Utc::now())?;
    Ok(EngineTls {
        ca_pem: authority.pem().to_owned(),
        client_cert_pem: issued.certificate,
        client_key_pem: issued.key,
    })
}

/// Replaces it long before it ends, until `stop`. Connections that are open keep the one before.
pub(crate) async fn keep_fresh(engines: Arc<DockerEngines>, authority: Arc<Authority>, stop: CancellationToken) {
    while stop.run_until_cancelled(sleep(RENEW_EVERY)).await.is_some() {
        let renewed = engine_tls(&authority).and_then(|tls| Ok(engines.set_tls(&tls)?));
        if let Err(error) = renewed {
            tracing::error!(error = format!("{error:#}"), "the certificate for hosts' engines could not be renewed");
        }
    }
}
