//! Opens connections to one engine.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bollard::BollardRequest;
use futures::{FutureExt, future::BoxFuture};
use hyper::Uri;
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tower::Service;

use super::answer_limit::AnswerLimit;
use crate::{EngineError, HostEndpoint};

/// A machine that is there answers in milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes its work, which a machine under load is slow with.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// A machine that vanished sends no end of its connections. What is sent and not acknowledged for so long, or not asked
/// for by a probe, ends them.
const SILENCE: Duration = Duration::from_secs(15);
const PROBE_AFTER: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

/// Sends requests over kept connections.
pub(super) type Client = hyper_util::client::legacy::Client<Dialer, Body>;
pub(super) type Body = <BollardRequest as HasBody>::Body;

/// Names the body of bollard's requests, which bollard does not export.
pub(super) trait HasBody {
    type Body;
}

impl<B> HasBody for hyper::Request<B> {
    type Body = B;
}

/// One engine's address, and how to prove who is there.
#[derive(Clone)]
pub(super) enum Dialer {
    Unix(Arc<str>),
    Tls { address: SocketAddr, server_name: ServerName<'static>, connector: TlsConnector },
}

impl Dialer {
    /// # Errors
    /// [`EngineError::InvalidEndpoint`] for a name that is none; [`EngineError::NoTls`] when there is none for a TCP
    /// endpoint: without it anybody could be the engine, and anybody its client.
    pub(super) fn new(endpoint: &HostEndpoint, tls: Option<&Arc<ClientConfig>>) -> Result<Self, EngineError> {
        match endpoint {
            HostEndpoint::Unix(path) => Ok(Self::Unix(path.as_str().into())),
            HostEndpoint::Tcp { address, server_name } => {
                let config = tls.ok_or_else(|| EngineError::NoTls(endpoint.to_string()))?;
                let server_name = ServerName::try_from(server_name.clone())
                    .map_err(|_| EngineError::InvalidEndpoint(endpoint.to_string()))?;
                Ok(Self::Tls { address: *address, server_name, connector: Arc::clone(config).into() })
            }
        }
    }

    async fn dial(self) -> io::Result<TokioIo<Link>> {
        let link: Pin<Box<dyn Duplex>> = match self {
            Self::Unix(path) => Box::pin(UnixStream::connect(&*path).await?),
            Self::Tls { address, server_name, connector } => {
                let stream = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await??;
                notice_silence(&stream)?;
                Box::pin(timeout(HANDSHAKE_TIMEOUT, connector.connect(server_name, stream)).await??)
            }
        };
        Ok(TokioIo::new(Link { stream: link, limit: AnswerLimit::new() }))
    }
}

fn notice_silence(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let probes = TcpKeepalive::new().with_time(PROBE_AFTER).with_interval(PROBE_EVERY).with_retries(PROBES);
    socket.set_tcp_keepalive(&probes)?;
    socket.set_tcp_user_timeout(Some(SILENCE))
}

/// What hyper's client asks for connections; the URI's host says nothing, the dialer is of one engine.
impl Service<Uri> for Dialer {
    type Response = TokioIo<Link>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<Link>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        self.clone().dial().boxed()
    }
}

/// A connection to an engine.
pub(super) struct Link {
    stream: Pin<Box<dyn Duplex>>,
    limit: AnswerLimit,
}

trait Duplex: AsyncRead + AsyncWrite + Send {}

impl<S: AsyncRead + AsyncWrite + Send> Duplex for S {}

impl Connection for Link {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.limit.clone())
    }
}

impl AsyncRead for Link {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = out.filled().len();
        ready!(self.stream.as_mut().poll_read(cx, out))?;
        Poll::Ready(self.limit.spend(out.filled().len() - before))
    }
}

impl AsyncWrite for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.limit.renew();
        self.stream.as_mut().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(cx)
    }
}
