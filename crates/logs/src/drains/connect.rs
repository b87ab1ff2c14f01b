use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use ipnet::IpNet;
use paas_model::{DrainHost, DrainUrl, is_public};
use rustls::{
    ClientConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
};
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::DrainError;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// What drains may reach. The default: public addresses, whose certificates the system trusts.
#[derive(Debug, Clone, Default)]
pub struct DrainPolicy {
    /// Networks beside the public ones.
    pub allow: Vec<IpNet>,
    /// Certificates beside the system's.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Socket for T {}

/// Connects to receivers. It is the only way out, so that every address is checked: the very one that is connected to.
#[derive(Debug)]
pub(super) struct Connector {
    allow: Vec<IpNet>,
    tls: Arc<ClientConfig>,
}

impl DrainPolicy {
    /// Whether a drain may go to a URL, as far as that can be said without looking its host up.
    #[must_use]
    pub fn admits(&self, url: &DrainUrl) -> bool {
        match url.host() {
            DrainHost::Address(ip) => is_reachable(&self.allow, ip),
            DrainHost::Name(name) => {
                let is_local = name == "localhost" || name.ends_with(".localhost");
                !is_local || self.allow.iter().any(|net| net.contains(&std::net::IpAddr::from([127, 0, 0, 1])))
            }
        }
    }
}

impl Connector {
    /// # Errors
    /// The system has no certificates that can be read.
    pub(super) fn new(policy: &DrainPolicy) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Verifier::new_with_extra_roots(policy.extra_roots.clone(), Arc::clone(&provider))?;
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self { allow: policy.allow.clone(), tls: Arc::new(tls) })
    }

    pub(super) async fn connect(&self, url: &DrainUrl) -> Result<Box<dyn Socket>, DrainError> {
        let stream = self.connect_tcp(url).await?;
        let _ = stream.set_nodelay(true);
        if !url.is_tls() {
            return Ok(Box::new(stream));
        }
        let name = match url.host() {
            DrainHost::Name(name) => ServerName::try_from(name).map_err(|_| DrainError::Unresolvable)?,
            DrainHost::Address(ip) => ServerName::from(ip),
        };
        let connecting = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream);
        match timeout(HANDSHAKE_WITHIN, connecting).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(DrainError::of_handshake(error)),
            Err(_) => Err(DrainError::Connect(io::ErrorKind::TimedOut.into())),
        }
    }

    async fn connect_tcp(&self, url: &DrainUrl) -> Result<TcpStream, DrainError> {
        let addresses: Vec<SocketAddr> = match url.host() {
            DrainHost::Address(ip) => vec![(ip, url.port()).into()],
            DrainHost::Name(name) => {
                let found = timeout(CONNECT_WITHIN, lookup_host((name, url.port()))).await;
                found.map_err(|_| DrainError::Unresolvable)?.map_err(|_| DrainError::Unresolvable)?.collect()
            }
        };
        let mut last = DrainError::NotPublic;
        for address in addresses.into_iter().filter(|address| is_reachable(&self.allow, address.ip())) {
            match timeout(CONNECT_WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = DrainError::Connect(error),
                Err(_) => last = DrainError::Connect(io::ErrorKind::TimedOut.into()),
            }
        }
        Err(last)
    }
}

fn is_reachable(allow: &[IpNet], ip: std::net::IpAddr) -> bool {
    is_public(ip) || allow.iter().any(|net| net.contains(&ip.to_canonical()))
}
