//! The certificate in use, renewed while the server runs.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use arc_swap::ArcSwapOption;
use chrono::Utc;
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::{
    ca::{Authority, CERTIFICATE_DAYS, Issued},
    files::{Readers, read_if_there, write_whole},
};

/// A third of a certificate's life.
pub(crate) const RENEW_EVERY: Duration = Duration::from_secs(CERTIFICATE_DAYS as u64 * 24 * 60 * 60 / 3);

/// Answers every TLS handshake, whatever name it asks for; none while there is no certificate.
pub(crate) struct ServerCertificate {
    names: Vec<String>,
    current: ArcSwapOption<CertifiedKey>,
    /// Where it is kept for a start without the authority, with its key.
    file: Option<PathBuf>,
}

impl ServerCertificate {
    /// Kept in memory only.
    ///
    /// # Errors
    /// A name that no certificate can carry.
    pub(crate) fn new(names: Vec<String>, authority: &Authority) -> Result<Arc<Self>> {
        let certificate = Arc::new(Self { names, current: ArcSwapOption::empty(), file: None });
        certificate.renew(authority)?;
        Ok(certificate)
    }

    /// The one that was last issued on this machine, if any, until the first [`ServerCertificate::renew`].
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn kept(names: Vec<String>, file: PathBuf) -> Result<Arc<Self>> {
        let kept = kept_in(&file)?;
        Ok(Arc::new(Self { names, current: ArcSwapOption::new(kept), file: Some(file) }))
    }

    /// Connections that are open keep the one before.
    ///
    /// # Errors
    /// A name that no certificate can carry, or a disk that is full.
    pub(crate) fn renew(&self, authority: &Authority) -> Result<()> {
        let issued = authority.issue(&self.names, Utc::now())?;
        self.current.store(Some(issued.certified_key()?));
        if let Some(file) = &self.file {
            let text = format!("{}{}", issued.key.expose_secret(), issued.certificate);
            write_whole(file, text.as_bytes(), Readers::Owner)?;
        }
        Ok(())
    }

    /// Replaces the certificate long before it ends, until `shutdown`.
    pub(crate) async fn keep_fresh(&self, authority: &Authority, shutdown: CancellationToken) {
        while shutdown.run_until_cancelled(tokio::time::sleep(RENEW_EVERY)).await.is_some() {
            if let Err(error) = self.renew(authority) {
                tracing::error!(error = format!("{error:#}"), "the server's certificate could not be renewed");
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

fn kept_in(file: &Path) -> Result<Option<Arc<CertifiedKey>>> {
    let Some(text) = read_if_there(file)? else {
        return Ok(None);
    };
    let kept = Issued { certificate: text.clone(), key: SecretString::from(text) };
    kept.certified_key().map(Some).with_context(|| format!("reading {}; remove it", file.display()))
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current.load_full()
    }
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerCertificate").field("names", &self.names).finish_non_exhaustive()
    }
}
