//! What Heroku's CLI takes for the API: a port of loopback behind which the server is, wherever that may be.
//!
//! The CLI is given a secret of this one run and never the token; the forwarder puts the token in its place on the way to
//! the server. So neither a command that asks Heroku after all nor another user of this machine gets hold of it.

use std::{fmt::Write as _, io, sync::Arc, time::Duration};

use paas_platform::Secret;
use rustls::{ClientConfig, crypto::aws_lc_rs};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::{context::Context, error::Error, rendezvous, server_url::ServerUrl};

#[derive(Debug)]
pub(super) struct Forwarder {
    listener: TcpListener,
    secret: Secret,
    upstream: Arc<Upstream>,
}

#[derive(Debug)]
struct Upstream {
    server: ServerUrl,
    token: Secret,
    secret: Secret,
    tls: Arc<ClientConfig>,
}

/// More than the server takes: the refusal is its own.
const HEAD_LIMIT: usize = 64 * 1024;
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// Of headers that are not passed on as they came. A connection carries one request: the next one is checked again.
const REPLACED: [&str; 3] = ["authorization", "connection", "host"];

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Forwarder {
    pub(super) async fn bind(context: &Context) -> Result<Self, Error> {
        let secret = secret()?;
        let upstream = Upstream {
            server: context.server.clone(),
            token: context.token()?.clone(),
            secret: secret.clone(),
            tls: Arc::new(rendezvous::tls(context.ca_pem()?.as_deref())?),
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        Ok(Self { listener, secret, upstream: Arc::new(upstream) })
    }

    pub(super) fn origin(&self) -> Result<String, Error> {
        Ok(format!("http://{}", self.listener.local_addr()?))
    }

    /// What opens it, in place of a token.
    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Forwards until it is dropped.
    pub(super) async fn serve(self) -> io::Result<std::convert::Infallible> {
        loop {
            let (client, _) = self.listener.accept().await?;
            let upstream = Arc::clone(&self.upstream);
            // The client sees a connection that broke, and says so.
            tokio::spawn(async move { upstream.forward(client).await });
        }
    }
}

impl Upstream {
    async fn forward(&self, mut client: TcpStream) -> io::Result<()> {
        let Some((head, rest)) = read_head(&mut client).await? else {
            return refuse(&mut client, "400 Bad Request", "bad_request", "That was no HTTP request.").await;
        };
        let Some(head) = self.rewrite(&head) else {
            let message = "This address is for one run of `paas heroku` alone.";
            return refuse(&mut client, "401 Unauthorized", "unauthorized", message).await;
        };
        let mut server = match timeout(CONNECT_WITHIN, self.connect()).await.map_err(io::Error::from).flatten() {
            Ok(server) => server,
            Err(error) => {
                let message = format!("Could not connect to {}: {error}.", self.server);
                return refuse(&mut client, "502 Bad Gateway", "bad_gateway", &message).await;
            }
        };
        server.write_all(head.as_bytes()).await?;
        server.write_all(&rest).await?;
        server.flush().await?;
        copy_bidirectional(&mut client, &mut server).await.map(drop)
    }

    /// The request's head as the server is to see it. `None`: the secret is not in it.
    fn rewrite(&self, head: &str) -> Option<String> {
        let expected = format!("Bearer {}", self.secret.expose());
        let mut lines = head.split("\r\n");
        let mut rewritten = format!("{}\r\n", lines.next()?);
        let mut opened = false;
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            let name = name.to_ascii_lowercase();
            opened |= name == "authorization" && value.trim() == expected;
            if !REPLACED.contains(&name.as_str()) {
                rewritten += line;
                rewritten += "\r\n";
            }
        }
        let host = self.server.host_and_port();
        let token = self.token.expose();
        write!(rewritten, "host: {host}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n").ok()?;
        opened.then_some(rewritten)
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let host = self.server.host().trim_matches(['[', ']']).to_owned();
        let tcp = TcpStream::connect((host.as_str(), self.server.port())).await?;
        tcp.set_nodelay(true)?;
        if !self.server.is_https() {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        Ok(Box::new(TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp).await?))
    }
}

/// The head of a request with its empty line, and what came after it. `None`: it is too long, or no text.
async fn read_head(client: &mut TcpStream) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut received = Vec::new();
    while received.len() < HEAD_LIMIT {
        if client.read_buf(&mut received).await? == 0 {
            return Ok(None);
        }
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = received.split_off(end + 4);
            return Ok(String::from_utf8(received).ok().map(|head| (head, rest)));
        }
    }
    Ok(None)
}

async fn refuse(client: &mut TcpStream, status: &str, id: &str, message: &str) -> io::Result<()> {
    let body = serde_json::json!({ "id": id, "message": message }).to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    client.write_all(head.as_bytes()).await?;
    client.write_all(body.as_bytes()).await?;
    client.shutdown().await
}

fn secret() -> Result<Secret, Error> {
    let mut bytes = [0; 32];
    let random = aws_lc_rs::default_provider().secure_random.fill(&mut bytes);
    random.map_err(|_error| io::Error::other("the system gives no random numbers"))?;
    let mut text = String::with_capacity(64);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(Secret::new(text))
}
