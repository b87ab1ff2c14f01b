//! The server's own addresses: HTTP and rendezvous connections on one port, with TLS or, on loopback, without.
//!
//! A rendezvous connection (Heroku: `heroku run`) sends its secret as the very first bytes and is a raw stream from then
//! on. Our secrets begin with `rendezvous-`, which no HTTP request does, so the first bytes tell the two apart.

use std::{net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use paas_control::ops::dynos::ATTACH_PREFIX;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use crate::replay::{Replay, Stream};

/// What a rendezvous connection begins with.
const RENDEZVOUS_PREFIX: &[u8] = ATTACH_PREFIX.as_bytes();
/// From the connection to the first byte of a request, and from one byte of a request's head to its end.
const FIRST_BYTES_TIMEOUT: Duration = Duration::from_secs(60);
/// A pause after the system refused a connection (too many open files): it passes, a busy loop would not help it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long requests in flight may take after the server was told to stop.
const FINISH_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) type Rendezvous = Arc<dyn Fn(Stream) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What answers, whatever address a connection came in by.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) http: Router,
    pub(crate) rendezvous: Rendezvous,
}

/// Serves until `shutdown`; then accepts nothing more, and ends when what is in flight has ended or
/// ten seconds have passed. `tls`: `None` is plain text.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    endpoint: Endpoint,
    shutdown: CancellationToken,
) {
    let connections = TaskTracker::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((socket, peer)) => {
                let connection = connection(socket, peer, tls.clone(), endpoint.clone(), shutdown.clone());
                connections.spawn(connection);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if timeout(FINISH_TIMEOUT, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections were cut: they did not end in time");
    }
}

async fn connection(
    socket: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    endpoint: Endpoint,
    shutdown: CancellationToken,
) {
    // Only a matter of speed.
    let _ = socket.set_nodelay(true);
    let open = async {
        let stream: Stream = match tls {
            Some(tls) => Box::pin(tls.accept(socket).await?),
            None => Box::pin(socket),
        };
        peek(stream).await
    };
    match shutdown.run_until_cancelled(timeout(FIRST_BYTES_TIMEOUT, open)).await {
        Some(Ok(Ok(Some(Opened::Http(stream))))) => http(stream, peer, endpoint.http, shutdown).await,
        Some(Ok(Ok(Some(Opened::Rendezvous(stream))))) => (endpoint.rendezvous)(stream).await,
        Some(Ok(Ok(None)) | Err(_)) | None => {}
        Some(Ok(Err(error))) => tracing::debug!(%error, %peer, "a connection ended before its first request"),
    }
}

enum Opened {
    Http(Stream),
    Rendezvous(Stream),
}

/// Reads until the first bytes tell which protocol this is, and puts them back. `None`: it was closed before.
async fn peek(mut stream: Stream) -> std::io::Result<Option<Opened>> {
    let mut first = [0; RENDEZVOUS_PREFIX.len()];
    let mut filled = 0;
    while filled < first.len() && RENDEZVOUS_PREFIX.starts_with(&first[..filled]) {
        match stream.read(&mut first[filled..]).await? {
            0 => return Ok(None),
            read => filled += read,
        }
    }
    let is_rendezvous = &first[..filled] == RENDEZVOUS_PREFIX;
    let whole: Stream = Box::pin(Replay::new(first[..filled].to_vec(), stream));
    Ok(Some(if is_rendezvous { Opened::Rendezvous(whole) } else { Opened::Http(whole) }))
}

async fn http(stream: Stream, peer: SocketAddr, router: Router, shutdown: CancellationToken) {
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(FIRST_BYTES_TIMEOUT);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // Clients go away in the middle of things every day.
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::AsyncWriteExt,
        sync::{Notify, mpsc},
    };

    use super::*;

    struct Fixture {
        address: SocketAddr,
        shutdown: CancellationToken,
        server: tokio::task::JoinHandle<()>,
        slow_may_end: Arc<Notify>,
        in_slow: mpsc::Receiver<()>,
    }

    async fn start() -> Fixture {
        let slow_may_end = Arc::new(Notify::new());
        let (entered, in_slow) = mpsc::channel(1);
        let gate = Arc::clone(&slow_may_end);
        let slow = get(move || {
            let (gate, entered) = (Arc::clone(&gate), entered.clone());
            async move {
                entered.send(()).await.unwrap();
                gate.notified().await;
                "slow"
            }
        });
        let http = Router::new().route("/", get(|| async { "hello" })).route("/slow", slow);
        let rendezvous: Rendezvous = Arc::new(|mut stream| {
            Box::pin(async move {
                let mut secret = [0; "rendezvous-abc\r\n".len()];
                stream.read_exact(&mut secret).await.unwrap();
                stream.write_all(b"got ").await.unwrap();
                stream.write_all(&secret).await.unwrap();
                stream.shutdown().await.unwrap();
            })
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let server = tokio::spawn(serve(listener, None, Endpoint { http, rendezvous }, shutdown.clone()));
        Fixture { address, shutdown, server, slow_may_end, in_slow }
    }

    /// Sends the pieces one by one, and reads until the server closes.
    async fn send(address: SocketAddr, pieces: &[&str]) -> String {
        let mut socket = TcpStream::connect(address).await.unwrap();
        for piece in pieces {
            socket.write_all(piece.as_bytes()).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn get_of(path: &str) -> String {
        format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    }

    #[tokio::test]
    async fn a_request_is_answered_whatever_pieces_it_arrives_in() {
        let server = start().await;
        assert!(send(server.address, &[&get_of("/")]).await.ends_with("hello"));
        assert!(send(server.address, &["G", &get_of("/")[1..]]).await.ends_with("hello"));
    }

    /// Heroku's CLI sends a list of ids that grows to 7 KiB.
    #[tokio::test]
    async fn a_request_may_have_a_head_of_16_kib() {
        let server = start().await;
        let ids = format!("GET / HTTP/1.1\r\nRequest-Id: {}", "a".repeat(16 << 10));
        assert!(send(server.address, &[&get_of("/").replacen("GET / HTTP/1.1", &ids, 1)]).await.ends_with("hello"));
    }

    #[tokio::test]
    async fn a_rendezvous_secret_opens_a_raw_stream_with_the_secret_still_in_it() {
        let server = start().await;
        assert_eq!(send(server.address, &["rendez", "vous-abc\r\n"]).await, "got rendezvous-abc\r\n");
    }

    #[tokio::test]
    async fn a_method_that_only_begins_like_one_is_a_request() {
        let server = start().await;
        assert!(
            send(server.address, &["rendezvou / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"])
                .await
                .starts_with("HTTP/1.1 ")
        );
    }

    #[tokio::test]
    async fn stopping_finishes_what_is_in_flight_and_takes_nothing_new() {
        let mut server = start().await;
        let address = server.address;
        let slow = tokio::spawn(async move { send(address, &[&get_of("/slow")]).await });
        server.in_slow.recv().await.unwrap();
        server.shutdown.cancel();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        server.slow_may_end.notify_one();
        assert!(slow.await.unwrap().ends_with("slow"));
        server.server.await.unwrap();
    }
}
