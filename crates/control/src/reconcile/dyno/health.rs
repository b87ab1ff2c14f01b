//! Whether a web dyno takes requests.

use std::{net::SocketAddr, time::Duration};

use http_body_util::Empty;
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tokio_util::task::AbortOnDropHandle;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// From the request to the head of the answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Without a path, a port that takes a connection will do; with one, a GET of it must answer 2xx or 3xx.
pub(super) async fn answers(address: SocketAddr, path: Option<&str>) -> bool {
    let Ok(Ok(stream)) = timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await else {
        return false;
    };
    match path {
        None => true,
        Some(path) => timeout(ANSWER_TIMEOUT, get(stream, address, path)).await.unwrap_or(false),
    }
}

async fn get(stream: TcpStream, address: SocketAddr, path: &str) -> bool {
    let request = Request::get(path)
        .header("Host", address.to_string())
        .header("User-Agent", "paas-health")
        .header("Connection", "close")
        .body(Empty::<Bytes>::new());
    let (Ok(request), Ok((mut sender, connection))) = (request, http1::handshake(TokioIo::new(stream)).await) else {
        return false;
    };
    let driver = AbortOnDropHandle::new(tokio::spawn(connection));
    let answer = sender.send_request(request).await;
    drop(driver);
    answer.is_ok_and(|answer| answer.status().is_success() || answer.status().is_redirection())
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// An address that answers one request with this.
    async fn serves(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).await.unwrap();
            if request[..read].starts_with(b"GET /up HTTP/1.1\r\n") {
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn a_path_is_healthy_when_it_answers_with_success_or_a_redirection() {
        for (answer, healthy) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true),
            ("HTTP/1.0 204 No Content\r\n\r\n", true),
            ("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", true),
            ("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", false),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", false),
            ("nonsense\r\n\r\n", false),
            ("", false),
        ] {
            assert_eq!(answers(serves(answer).await, Some("/up")).await, healthy, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn without_a_path_a_connection_will_do() {
        assert!(answers(serves("").await, None).await);
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert!(!answers(closed, None).await);
    }
}
