use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{HeaderMap, Request, Response};
use hyper::{
    body::Incoming,
    client::conn::http1::{Builder, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::timeout,
};

use crate::body::RequestBody;

/// Connections to one dyno that wait for a request, by router thread: a connection lives on the runtime that made it.
#[derive(Debug)]
pub(crate) struct Pool {
    shelves: Box<[Mutex<Vec<Idle>>]>,
}

/// An HTTP/1.1 connection to a dyno. It carries one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: SendRequest<RequestBody>,
    received: Arc<AtomicU64>,
    /// It has carried a request before, so it may be dead without anybody having noticed.
    pub(crate) used: bool,
    /// How long the dyno will keep it without a request, where its last response said so.
    kept: Option<Duration>,
}

/// Bytes that came from the dyno since a request was sent: its head, its body, its framing.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    counter: Arc<AtomicU64>,
    before: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectError {
    Refused,
    TimedOut,
    /// Nothing that the dyno did: this process has no socket left.
    Local,
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum SendError {
    /// The connection was closed before anything of the request was written; here it is again.
    Unsent(Box<Request<RequestBody>>),
    /// The connection was closed without a byte of a response.
    NoResponse,
    /// Not HTTP, or cut off within the response's head.
    Malformed,
}

#[derive(Debug)]
struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(threads: usize) -> Self {
        Self { shelves: (0..threads).map(|_| Mutex::default()).collect() }
    }

    /// The connection of this thread that was used last and still stands.
    pub(crate) fn take(&self, thread: usize, max_age: Duration) -> Option<Connection> {
        let mut shelf = lock(self.shelves.get(thread)?);
        shelf.retain(|idle| idle.is_alive(max_age));
        // One that is alive and not ready still sends the rest of a request that was answered early.
        let at = shelf.iter().rposition(|idle| idle.connection.sender.is_ready())?;
        Some(shelf.remove(at).connection)
    }

    pub(crate) fn put(&self, thread: usize, mut connection: Connection) {
        if let Some(shelf) = self.shelves.get(thread)
            && !connection.sender.is_closed()
            && connection.kept != Some(Duration::ZERO)
        {
            connection.used = true;
            lock(shelf).push(Idle { connection, since: Instant::now() });
        }
    }

    /// Closes what has waited for too long.
    pub(crate) fn sweep(&self, max_age: Duration) {
        for shelf in &self.shelves {
            lock(shelf).retain(|idle| idle.is_alive(max_age));
        }
    }

    pub(crate) fn clear(&self) {
        for shelf in &self.shelves {
            lock(shelf).clear();
        }
    }
}

impl Idle {
    fn is_alive(&self, max_age: Duration) -> bool {
        let max_age = self.connection.kept.map_or(max_age, |kept| kept.min(max_age));
        !self.connection.sender.is_closed() && self.since.elapsed() < max_age
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr, limit: Duration) -> Result<Self, ConnectError> {
        let stream = match timeout(limit, TcpStream::connect(address)).await {
            Err(_) => return Err(ConnectError::TimedOut),
            Ok(Err(error)) => return Err(ConnectError::from(error.kind())),
            Ok(Ok(stream)) => stream,
        };
        // Only an optimisation, on a socket that may be closed again by now.
        let _ = stream.set_nodelay(true);
        let received = Arc::<AtomicU64>::default();
        let counted = Counted { stream, received: Arc::clone(&received) };
        let (sender, connection) =
            Builder::new().handshake(TokioIo::new(counted)).await.map_err(|_| ConnectError::Refused)?;
        tokio::spawn(async move {
            // What goes wrong here is also told to the request that it goes wrong for.
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%address, %error, "a connection to a dyno broke");
            }
        });
        Ok(Self { sender, received, used: false, kept: None })
    }

    /// Starts counting from here.
    pub(crate) fn received(&self) -> Received {
        Received { counter: Arc::clone(&self.received), before: self.received.load(Relaxed) }
    }

    pub(crate) async fn send(&mut self, request: Request<RequestBody>) -> Result<Response<Incoming>, SendError> {
        let received = self.received();
        let response =
            self.sender.try_send_request(request).await.map_err(|mut failed| match failed.take_message() {
                Some(request) => SendError::Unsent(Box::new(request)),
                None if failed.error().is_parse() || received.bytes() > 0 => SendError::Malformed,
                None => SendError::NoResponse,
            })?;
        self.kept = keep_alive(response.headers());
        Ok(response)
    }
}

impl Received {
    pub(crate) fn bytes(&self) -> u64 {
        self.counter.load(Relaxed) - self.before
    }
}

impl From<io::ErrorKind> for ConnectError {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::TimedOut => Self::TimedOut,
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable => Self::Refused,
            _ => Self::Local,
        }
    }
}

/// A socket that counts what it receives.
#[derive(Debug)]
struct Counted {
    stream: TcpStream,
    received: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.received.fetch_add((buffer.filled().len() - before) as u64, Relaxed);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// `Keep-Alive: timeout=5` (Node.js, gunicorn, Apache): a request sent later than that meets a connection that is being
/// closed. A second less, because the dyno started counting earlier.
fn keep_alive(headers: &HeaderMap) -> Option<Duration> {
    let parameters = headers.get("keep-alive")?.to_str().ok()?;
    let seconds = parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("timeout="))?;
    Some(Duration::from_secs(seconds.parse::<u64>().ok()?.saturating_sub(1)))
}

fn lock(shelf: &Mutex<Vec<Idle>>) -> MutexGuard<'_, Vec<Idle>> {
    // Nothing panics while a shelf is locked; if it did, the shelf would still be whole.
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}
