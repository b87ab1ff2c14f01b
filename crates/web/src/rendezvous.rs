//! Joining a client's terminal to a one-off dyno, or to a root shell on a host (Heroku: `heroku run`, rendezvous).
//!
//! ```text
//! client                              server
//! SECRET or SECRET\r\n        ──▶
//!                             ◀──     rendezvous\r\n     (a piece of its own: the client drops all of it)
//! standard input              ──▶
//!                             ◀──     output, until the process has ended; then the end of the stream
//! ```
//!
//! Without a terminal the byte 0x04 from the client means the end of standard input. A client that goes away, or is idle
//! for an hour, has its dyno's processes hung up.

use std::{io, time::Duration};

use paas_control::{
    Control, OpError,
    ops::{
        attach::{self, AttachedStreams},
        dynos::ATTACH_PREFIX,
        shells,
    },
};
use paas_platform as wire;
use secrecy::SecretString;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::Notify,
    time::timeout,
};

use crate::error::causes;

/// 256 bits in base64, without padding.
const RANDOM_LENGTH: usize = 43;
const SECRET_WITHIN: Duration = Duration::from_secs(30);
/// Without input or output for this long, the client counts as gone (Heroku: one-off dynos, timeout).
const IDLE: Duration = Duration::from_secs(60 * 60);
/// After the last byte of output, the client has this long to hang up. Closing on what it still sends could destroy
/// output that it has not read.
const FAREWELL: Duration = Duration::from_secs(5);
/// What a terminal sends for the end of input.
const END_OF_INPUT: u8 = 0x04;

/// Serves one connection, whose first bytes are the secret. TLS, if any, is inside `stream`.
pub async fn serve(control: Control, mut stream: impl AsyncRead + AsyncWrite + Unpin + Send) {
    if let Err(error) = talk(&control, &mut stream).await {
        tracing::debug!(error = %error, "a rendezvous connection broke off");
    }
}

/// `rendezvous://HOST:PORT/SECRET` on the address of the API.
pub(crate) fn url(public_url: &str, secret: &str) -> wire::Secret {
    let (scheme, authority) = public_url.split_once("://").unwrap_or(("https", public_url));
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|c| c.is_ascii_digit()));
    let port = match (has_port, scheme) {
        (true, _) => "",
        (false, "http") => ":80",
        (false, _) => ":443",
    };
    wire::Secret::new(format!("rendezvous://{authority}{port}/{secret}"))
}

async fn talk(control: &Control, stream: &mut (impl AsyncRead + AsyncWrite + Unpin + Send)) -> io::Result<()> {
    let Ok(read) = timeout(SECRET_WITHIN, read_secret(stream)).await else { return Ok(()) };
    let Some(secret) = read? else { return Ok(()) };
    stream.write_all(b"rendezvous\r\n").await?;
    stream.flush().await?;
    // Not given up when the client goes: what was begun here has to be hung up properly below.
    match attach::attach(control, &secret).await {
        Ok(mut attachment) => {
            if !relay(&mut attachment.streams, attachment.tty, stream).await? {
                attachment.hang_up(control).await;
            }
            Ok(())
        }
        Err(no_dyno @ OpError::NotFound { .. }) => shell(control, &secret, no_dyno, stream).await,
        Err(error) => refuse(&error, stream).await,
    }
}

async fn shell(
    control: &Control,
    secret: &SecretString,
    no_dyno: OpError,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin + Send),
) -> io::Result<()> {
    let mut attachment = match shells::attach(control, secret).await {
        Ok(attachment) => attachment,
        Err(OpError::NotFound { .. }) => return refuse(&no_dyno, stream).await,
        Err(error) => return refuse(&error, stream).await,
    };
    let (id, tty) = (attachment.id, attachment.tty);
    let relayed = tokio::select! {
        relayed = relay(&mut attachment.streams, tty, stream) => relayed.map(drop),
        () = shells::keep(control, id) => Ok(()),
    };
    // Also when the client is gone: nobody else knows that the shell is to go.
    if let Err(error) = attachment.end(control).await {
        tracing::error!(error = causes(&error), "a root shell stays until its host's loop removes it");
    }
    relayed
}

/// `None`: it cannot be one of ours.
async fn read_secret(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SecretString>> {
    let mut bytes = vec![0; ATTACH_PREFIX.len() + RANDOM_LENGTH];
    stream.read_exact(&mut bytes).await?;
    let text = String::from_utf8(bytes).ok().filter(|text| text.starts_with(ATTACH_PREFIX));
    Ok(text.map(SecretString::from))
}

async fn refuse(error: &OpError, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    if matches!(error, OpError::Unavailable(..) | OpError::Internal(_)) {
        tracing::error!(error = causes(error), "a client could not be attached to its dyno");
    }
    stream.write_all(format!(" !    {error}\r\n").as_bytes()).await?;
    stream.shutdown().await
}

/// False: the client has gone before the process ended.
async fn relay(
    streams: &mut AttachedStreams,
    tty: bool,
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin + Send),
) -> io::Result<bool> {
    let (mut from_client, mut to_client) = tokio::io::split(stream);
    let activity = Notify::new();
    let output = pump(&mut streams.output, &mut to_client, &activity);
    let input = feed(&mut from_client, &mut streams.input, tty, &activity);
    let client_is_here = tokio::select! {
        // Both at once: what the process has said is what counts.
        biased;
        ended = output => ended == Ended::Source,
        () = input => false,
        () = idle(&activity) => false,
    };
    if client_is_here {
        to_client.shutdown().await?;
        let _ = timeout(FAREWELL, drain(&mut from_client)).await;
    }
    Ok(client_is_here)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Source,
    Sink,
}

/// Copies output to the client, piece by piece as it comes.
async fn pump(
    source: &mut (impl AsyncRead + Unpin + ?Sized),
    sink: &mut (impl AsyncWrite + Unpin),
    activity: &Notify,
) -> Ended {
    let mut buffer = vec![0; 16 << 10];
    loop {
        // A stream from the engine that breaks is the end of the output, too.
        let length = source.read(&mut buffer).await.unwrap_or(0);
        if length == 0 {
            return Ended::Source;
        }
        activity.notify_one();
        let written = async {
            sink.write_all(&buffer[..length]).await?;
            sink.flush().await
        };
        if written.await.is_err() {
            return Ended::Sink;
        }
    }
}

/// Copies input to the process, and returns when the client has gone.
async fn feed(
    source: &mut (impl AsyncRead + Unpin),
    sink: &mut (impl AsyncWrite + Unpin + ?Sized),
    tty: bool,
    activity: &Notify,
) {
    let mut buffer = vec![0; 16 << 10];
    let (mut open, mut line_end) = (true, &b"\r\n"[..]);
    loop {
        let length = source.read(&mut buffer).await.unwrap_or(0);
        if length == 0 {
            return;
        }
        activity.notify_one();
        let read = without_line_end(&buffer[..length], &mut line_end);
        let end = if tty { None } else { read.iter().position(|byte| *byte == END_OF_INPUT) };
        if open {
            // A process that does not read its input any more still has output to give.
            let text = &read[..end.unwrap_or(read.len())];
            open = sink.write_all(text).await.is_ok() && sink.flush().await.is_ok();
        }
        if open && end.is_some() {
            open = false;
            let _ = sink.shutdown().await;
        }
    }
}

/// Takes the line end off that most clients send behind the secret, in however many pieces it comes. `left`: what of it
/// may still come.
fn without_line_end<'a>(mut read: &'a [u8], left: &mut &'static [u8]) -> &'a [u8] {
    while let (Some((first, rest)), Some((want, more))) = (read.split_first(), left.split_first()) {
        if first != want {
            *left = &[];
            break;
        }
        (read, *left) = (rest, more);
    }
    read
}

async fn idle(activity: &Notify) {
    while timeout(IDLE, activity.notified()).await.is_ok() {}
}

async fn drain(source: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 1024];
    while source.read(&mut buffer).await.is_ok_and(|length| length > 0) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attach_url_always_has_a_port() {
        for (server, want) in [
            ("https://localhost:5443", "rendezvous://localhost:5443/s"),
            ("https://paas.example.com", "rendezvous://paas.example.com:443/s"),
            ("https://[::1]", "rendezvous://[::1]:443/s"),
            ("http://127.0.0.1", "rendezvous://127.0.0.1:80/s"),
        ] {
            assert_eq!(url(server, "s").expose(), want);
        }
    }

    #[tokio::test]
    async fn without_a_terminal_0x04_ends_the_input() {
        let (mut source, mut sink) = (&b"one\x04two"[..], Vec::new());
        feed(&mut source, &mut sink, false, &Notify::new()).await;
        assert_eq!(sink, b"one");
    }

    #[test]
    fn the_line_end_behind_the_secret_is_no_input() {
        for (pieces, want) in [
            (vec!["\r\nls"], "ls"),
            (vec!["\r", "\n", "\r\n"], "\r\n"),
            (vec!["ls", "\r\n"], "ls\r\n"),
            (vec!["\n"], "\n"),
        ] {
            let mut left = &b"\r\n"[..];
            let input: Vec<u8> =
                pieces.iter().flat_map(|piece| without_line_end(piece.as_bytes(), &mut left).to_vec()).collect();
            assert_eq!(input, want.as_bytes(), "{pieces:?}");
        }
    }

    #[tokio::test]
    async fn with_a_terminal_0x04_is_a_byte_like_any_other() {
        let (mut source, mut sink) = (&b"one\x04two"[..], Vec::new());
        feed(&mut source, &mut sink, true, &Notify::new()).await;
        assert_eq!(sink, b"one\x04two");
    }
}
