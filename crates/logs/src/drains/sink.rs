use std::{io, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use paas_model::{DrainTransport, DrainUrl, LogLine};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    DrainError,
    connect::{Connector, Socket},
    frame,
};

/// A receiver that takes longer has not taken the batch.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// What is still busy with the last batch is of no use for the next.
const READY_WITHIN: Duration = Duration::from_secs(1);
/// Of an answer nothing but its status counts.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Receivers tell by it who sends: they know Heroku's.
const USER_AGENT: &str = "Logplex/v73";

/// A connection to a receiver.
pub(super) enum Sink {
    Syslog(Box<dyn Socket>),
    Http(SendRequest<Full<Bytes>>),
}

/// What a receiver did with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken,
    /// It will not take this batch later either.
    Refused(StatusCode),
}

impl Sink {
    pub(super) async fn open(connector: &Connector, url: &DrainUrl) -> Result<Self, DrainError> {
        let socket = connector.connect(url).await?;
        match url.transport() {
            DrainTransport::Syslog => Ok(Self::Syslog(socket)),
            DrainTransport::Http => {
                let (sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
                // Ends with the sender, or with the connection.
                tokio::spawn(async move { drop(connection.await) });
                Ok(Self::Http(sender))
            }
        }
    }

    /// Whether it can be used again: a receiver may have closed it meanwhile.
    pub(super) async fn is_open(&mut self) -> bool {
        match self {
            Self::Http(sender) => timeout(READY_WITHIN, sender.ready()).await.is_ok_and(|ready| ready.is_ok()),
            Self::Syslog(socket) => {
                // A receiver says nothing; what can be read at once is the end.
                let mut byte = [0];
                match timeout(Duration::ZERO, socket.read(&mut byte)).await {
                    Ok(Ok(0) | Err(_)) => false,
                    Ok(Ok(_)) | Err(_) => true,
                }
            }
        }
    }

    /// # Errors
    /// Nobody knows whether the receiver has the batch.
    pub(super) async fn send(&mut self, url: &DrainUrl, token: &str, lines: &[LogLine]) -> Result<Verdict, DrainError> {
        let sending = async {
            match self {
                Self::Syslog(socket) => {
                    let frames: String = lines.iter().map(|line| frame::syslog(line, token)).collect();
                    socket.write_all(frames.as_bytes()).await.map_err(DrainError::Broken)?;
                    socket.flush().await.map_err(DrainError::Broken)?;
                    Ok(Verdict::Taken)
                }
                Self::Http(sender) => post(sender, url, token, lines).await,
            }
        };
        timeout(ANSWER_WITHIN, sending)
            .await
            .unwrap_or_else(|_| Err(DrainError::Broken(io::ErrorKind::TimedOut.into())))
    }
}

async fn post(
    sender: &mut SendRequest<Full<Bytes>>,
    url: &DrainUrl,
    token: &str,
    lines: &[LogLine],
) -> Result<Verdict, DrainError> {
    let body: String = lines.iter().map(frame::http).collect();
    let mut request = Request::post(url.target())
        .header(header::HOST, url.authority())
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONTENT_TYPE, "application/logplex-1")
        .header("logplex-msg-count", lines.len())
        // The same for the same lines, so that a receiver can tell a batch that comes again.
        .header("logplex-frame-id", hex::encode_upper(&Sha256::digest(format!("{token}{body}"))[..16]))
        .header("logplex-drain-token", token);
    if let Some((user, password)) = url.credentials() {
        let value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        request = request.header(header::AUTHORIZATION, value.map_err(|_| DrainError::Unresolvable)?);
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|_| DrainError::Unresolvable)?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    // Read to its end, or the connection cannot be used again.
    let _ = Limited::new(response.into_body(), MAX_ANSWER_BYTES).collect().await;
    match status {
        status if status.is_success() => Ok(Verdict::Taken),
        StatusCode::TOO_MANY_REQUESTS => Err(DrainError::Status(status)),
        status if status.is_client_error() => Ok(Verdict::Refused(status)),
        status => Err(DrainError::Status(status)),
    }
}
