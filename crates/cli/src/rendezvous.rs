//! An attached one-off dyno (Heroku: "One-off dynos", rendezvous): TLS to the host and port of
//! `rendezvous://HOST:PORT/SECRET`; the client writes `SECRET\r\n`, the server `rendezvous\r\n`; from there on bytes pass as
//! they are, both ways, until the server closes. There is no message for a change of the window's size.

use std::{
    io::{self, Read},
    sync::Arc,
    time::{Duration, Instant},
};

use paas_platform::Secret;
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, ReadHalf, WriteHalf},
    net::TcpStream,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use url::Url;

use crate::error::Error;

/// A connection over which the server has said hello. What it sent since is in the reader's buffer.
#[derive(Debug)]
pub(crate) struct Session {
    reader: BufReader<ReadHalf<TlsStream<TcpStream>>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
}

/// Why a session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The server closed the connection: the command has ended, or the connection broke.
    Closed,
    /// We got this signal.
    Signal(u8),
    /// Four times Ctrl-C within a second: the command does not react, and its user wants out.
    Forced,
}

/// The byte that means "end of input" to a dyno without a pty.
const END_OF_INPUT: u8 = 0x04;
const CTRL_C: u8 = 0x03;
const HELLO: &[u8] = b"rendezvous\r\n";
/// Starting a dyno may mean pulling its image first.
const HELLO_WITHIN: Duration = Duration::from_secs(120);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// `ca_pem`: trust these alone; `None`: the system's roots.
pub(crate) async fn connect(url: &Secret, ca_pem: Option<&[u8]>) -> Result<Session, Error> {
    let invalid = || Error::mistake("The server gave no usable address to attach to.", "is it of this version?");
    let url = Url::parse(url.expose()).ok().filter(|url| url.scheme() == "rendezvous").ok_or_else(invalid)?;
    let (host, port) = url.host_str().zip(url.port()).ok_or_else(invalid)?;
    let host = host.trim_matches(['[', ']']).to_owned();
    let secret = url[url::Position::BeforePath..].trim_start_matches('/').to_owned();
    let address = format!("{host}:{port}");
    let fail = |source| Error::Attach { address: address.clone(), source };
    // Never the secret itself: the address is shown.
    let session = open(&host, port, &secret, ca_pem);
    session.await.map_err(fail)
}

/// Copies stdin to the dyno and the dyno to stdout until one of them, or a signal, ends it. `tty`: stdin is in raw mode and
/// the dyno has a pty; without one the end of stdin is passed on.
pub(crate) async fn pump(session: Session, tty: bool) -> Result<Ended, Error> {
    let Session { reader, writer } = session;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // All at once: a dyno that waits for us to read must not keep us from writing, nor the other way round.
    tokio::select! {
        received = receive(reader) => received.map(|()| Ended::Closed),
        ended = send(writer, tty) => Ok(ended),
        _ = terminate.recv() => Ok(Ended::Signal(15)),
        _ = hang_up.recv() => Ok(Ended::Signal(1)),
        _ = interrupt.recv() => Ok(Ended::Signal(2)),
    }
}

async fn open(host: &str, port: u16, secret: &str, ca_pem: Option<&[u8]>) -> io::Result<Session> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let connector = TlsConnector::from(Arc::new(tls(ca_pem)?));
    let connected = async {
        let tcp = TcpStream::connect((host, port)).await?;
        tcp.set_nodelay(true)?;
        connector.connect(name, tcp).await
    };
    let stream = timeout(CONNECT_WITHIN, connected).await??;
    let (reader, mut writer) = tokio::io::split(stream);
    let mut reader = BufReader::new(reader);
    writer.write_all(format!("{secret}\r\n").as_bytes()).await?;
    writer.flush().await?;
    let mut hello = Vec::new();
    let mut first = (&mut reader).take(HELLO.len() as u64);
    timeout(HELLO_WITHIN, first.read_until(b'\n', &mut hello)).await??;
    match hello == HELLO {
        true => Ok(Session { reader, writer }),
        false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection at once")),
    }
}

/// The check of a server's certificate. `ca_pem`: trust these alone; `None`: the system's roots.
pub(crate) fn tls(ca_pem: Option<&[u8]>) -> io::Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(io::Error::other)?;
    let builder = match ca_pem {
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(io::Error::other)?).map_err(io::Error::other)?;
            }
            builder.with_root_certificates(roots)
        }
        None => builder.with_platform_verifier().map_err(io::Error::other)?,
    };
    Ok(builder.with_no_client_auth())
}

async fn receive(mut reader: BufReader<ReadHalf<TlsStream<TcpStream>>>) -> Result<(), Error> {
    let mut stdout = tokio::io::stdout();
    loop {
        // A server that is killed does not say goodbye; whether the command ended is asked of the API afterwards.
        let received = reader.fill_buf().await.unwrap_or_default();
        if received.is_empty() {
            return Ok(());
        }
        stdout.write_all(received).await?;
        stdout.flush().await?;
        let count = received.len();
        reader.consume(count);
    }
}

/// Ends only when the user forces it: a dyno may go on for long after its input has ended.
async fn send(mut writer: WriteHalf<TlsStream<TcpStream>>, tty: bool) -> Ended {
    let mut input = read_stdin();
    let mut interrupts = Interrupts::default();
    while let Some(bytes) = input.recv().await {
        if tty && interrupts.too_many(&bytes, Instant::now()) {
            return Ended::Forced;
        }
        if write(&mut writer, &bytes).await.is_err() {
            // The reading side learns how it ended.
            return std::future::pending().await;
        }
    }
    if !tty {
        let _ = write(&mut writer, &[END_OF_INPUT]).await;
    }
    std::future::pending().await
}

async fn write(writer: &mut WriteHalf<TlsStream<TcpStream>>, bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

/// Reads stdin on a thread of its own, which dies with the process: such a read cannot be called off.
fn read_stdin() -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel(4);
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = stdin.read(&mut buffer) {
            if sender.blocking_send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The last presses of Ctrl-C.
#[derive(Debug, Default)]
struct Interrupts(Vec<Instant>);

impl Interrupts {
    const LIMIT: usize = 4;

    fn too_many(&mut self, input: &[u8], now: Instant) -> bool {
        self.0.extend(input.iter().filter(|byte| **byte == CTRL_C).map(|_| now));
        self.0.retain(|pressed| now.duration_since(*pressed) < Duration::from_secs(1));
        self.0.len() >= Self::LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_four_interrupts_within_a_second_force_the_end() {
        let mut interrupts = Interrupts::default();
        let start = Instant::now();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        assert!(!interrupts.too_many(b"\x03", at(0)));
        assert!(!interrupts.too_many(b"a\x03", at(500)));
        assert!(!interrupts.too_many(b"\x03", at(900)));
        assert!(!interrupts.too_many(b"\x03", at(1_200)));
        assert!(interrupts.too_many(b"\x03", at(1_300)));
    }
}
