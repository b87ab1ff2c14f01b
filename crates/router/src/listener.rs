use std::{
    io,
    net::{SocketAddr, TcpListener as StdListener},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ProtocolVersion;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{RouterConfig, RouterError, access::Edge, proxy::Proxy};

const BACKLOG: u32 = 4_096;
/// Heroku: HTTP request limits, number of headers.
const MAX_HEADERS: usize = 1_000;
const TLS_HANDSHAKE: Duration = Duration::from_secs(10);
/// Before accepting again after the process ran out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bound sockets, one per address and router thread (`SO_REUSEPORT`: the kernel spreads connections over them).
#[derive(Debug)]
pub struct Listeners {
    pub(crate) threads: Vec<ThreadListeners>,
    http: Vec<SocketAddr>,
    https: Vec<SocketAddr>,
}

#[derive(Debug, Default)]
pub(crate) struct ThreadListeners {
    pub(crate) http: Vec<StdListener>,
    pub(crate) https: Vec<StdListener>,
}

impl Listeners {
    /// Binds every address for each of `threads` router threads (at least one). Port 0 takes a free port. Call it within a
    /// runtime.
    ///
    /// # Errors
    /// [`RouterError::Listen`], also when another process listens there, even one that would share.
    pub fn bind(http: &[SocketAddr], https: &[SocketAddr], threads: usize) -> Result<Self, RouterError> {
        let threads = threads.max(1);
        let mut sets: Vec<_> = (0..threads).map(|_| ThreadListeners::default()).collect();
        let mut bound = [Vec::new(), Vec::new()];
        for (secure, addresses) in [(false, http), (true, https)] {
            for address in addresses {
                let failed = |source| RouterError::Listen { address: *address, source };
                let sockets = bind_all(*address, threads).map_err(failed)?;
                bound[usize::from(secure)].push(sockets[0].local_addr().map_err(failed)?);
                for (set, socket) in sets.iter_mut().zip(sockets) {
                    if secure { set.https.push(socket) } else { set.http.push(socket) }
                }
            }
        }
        let [http, https] = bound;
        Ok(Self { threads: sets, http, https })
    }

    /// The addresses that plain HTTP is served on.
    #[must_use]
    pub fn http(&self) -> &[SocketAddr] {
        &self.http
    }

    #[must_use]
    pub fn https(&self) -> &[SocketAddr] {
        &self.https
    }
}

/// Accepts until `stop`.
pub(crate) async fn accept(
    listener: StdListener,
    secure: bool,
    proxy: Arc<Proxy>,
    config: Arc<RouterConfig>,
    stop: CancellationToken,
) {
    let listener = match listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener)) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "a listener cannot be served"),
    };
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                let connection =
                    serve_connection(stream, peer, secure, Arc::clone(&proxy), Arc::clone(&config), stop.clone());
                proxy.tasks.spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    secure: bool,
    proxy: Arc<Proxy>,
    config: Arc<RouterConfig>,
    stop: CancellationToken,
) {
    let Ok(local) = stream.local_addr() else { return };
    // Only an optimisation, on a socket that may be closed again by now.
    let _ = stream.set_nodelay(true);
    let mut edge = Edge { tls: None, port: local.port(), peer: peer.ip().to_canonical() };
    let stream = Patient { stream, limit: config.timeouts.idle, stalled: None };
    if !secure {
        return serve_stream(stream, edge, proxy, stop).await;
    }
    let Some(tls) = &proxy.tls else { return };
    let acceptor = TlsAcceptor::from(tls.config());
    match timeout(TLS_HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => {
            let version = stream.get_ref().1.protocol_version();
            edge.tls = Some(match version {
                Some(ProtocolVersion::TLSv1_3) => "tls1.3",
                Some(ProtocolVersion::TLSv1_2) => "tls1.2",
                _ => "unknown",
            });
            serve_stream(stream, edge, proxy, stop).await;
        }
        Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn serve_stream(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    edge: Edge,
    proxy: Arc<Proxy>,
    stop: CancellationToken,
) {
    let keep_alive = proxy.timeouts.keep_alive;
    let service = service_fn(move |request| {
        let proxy = Arc::clone(&proxy);
        async move { proxy.handle(request, edge).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(keep_alive)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %edge.peer, %error, "a client connection broke");
    }
}

fn bind_all(address: SocketAddr, threads: usize) -> io::Result<Vec<StdListener>> {
    // Sockets that share a port would also share it with a second server of the same user, and each would get half of the
    // connections. This one shares with nobody, so it tells.
    open(address, false)?;
    let mut address = address;
    let mut sockets = Vec::with_capacity(threads);
    for _ in 0..threads {
        let listener = open(address, true)?.listen(BACKLOG)?;
        address = listener.local_addr()?;
        sockets.push(listener.into_std()?);
    }
    Ok(sockets)
}

fn open(address: SocketAddr, shared: bool) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(shared)?;
    socket.bind(address)?;
    Ok(socket)
}

/// A client's socket that gives up on a client which takes nothing for too long: hyper has timers for reading only.
#[derive(Debug)]
struct Patient {
    stream: TcpStream,
    limit: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Patient {
    fn watch<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let limit = self.limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Patient {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Patient {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.watch(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
