//! The certificate in use, renewed while the server runs.

use std::{fmt, sync::Arc, time::Duration};

use anyhow::Result;
use arc_swap::ArcSwap;
use chrono::Utc;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio_util::sync::CancellationToken;

use crate::ca::{Authority, CERTIFICATE_DAYS};

/// A third of a certificate's life.
const RENEW_EVERY: Duration = Duration::from_secs(CERTIFICATE_DAYS as u64 * 24 * 60 * 60 / 3);

/// Answers every TLS handshake, whatever name it asks for.
pub(crate) struct ServerCertificate {
    authority: Authority,
    names: Vec<String>,
    current: ArcSwap<CertifiedKey>,
}

impl ServerCertificate {
    /// # Errors
    /// A name that no certificate can carry.
    pub(crate) fn new(authority: Authority, names: Vec<String>) -> Result<Arc<Self>> {
        let current = ArcSwap::new(authority.issue(&names, Utc::now())?);
        Ok(Arc::new(Self { authority, names, current }))
    }

    /// Replaces the certificate long before it ends, until `shutdown`. Connections that are open keep theirs.
    pub(crate) async fn keep_fresh(&self, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(RENEW_EVERY)).await.is_some() {
            match self.authority.issue(&self.names, Utc::now()) {
                Ok(renewed) => self.current.store(renewed),
                Err(error) => tracing::error!(%error, "the server's certificate could not be renewed"),
            }
        }
    }

    /// TLS 1.2 and 1.3, HTTP/1.1.
    ///
    /// # Errors
    /// None that this build of rustls can have.
    pub(crate) fn tls(self: &Arc<Self>) -> Result<Arc<ServerConfig>> {
        let mut tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(tls))
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate").field("names", &self.names).finish_non_exhaustive()
    }
}
