use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional},
    time::sleep,
};

use crate::{access::Outcome, errors::Failure};

/// How finely idleness is measured: a tunnel is closed after the idle time and at most this part of it.
const LOOKS_PER_IDLE_TIME: u32 = 8;

/// After a 101: bytes both ways until both sides have ended, or none has moved for `idle` (Heroku: H15).
pub(crate) async fn run(client: OnUpgrade, dyno: OnUpgrade, idle: Duration) -> Outcome {
    let (Ok(client), Ok(dyno)) = tokio::join!(client, dyno) else {
        return Outcome::Failed(Failure::ClientInterrupted);
    };
    let moved = Arc::<AtomicBool>::default();
    let mut client = Watched { stream: TokioIo::new(client), moved: Arc::clone(&moved) };
    let mut dyno = Watched { stream: TokioIo::new(dyno), moved: Arc::clone(&moved) };
    tokio::select! {
        // Either side may end a tunnel in any way it likes: a reset is an end, too.
        _ = copy_bidirectional(&mut client, &mut dyno) => Outcome::Complete,
        () = stillness(&moved, idle) => Outcome::Failed(Failure::IdleConnection),
    }
}

async fn stillness(moved: &AtomicBool, idle: Duration) {
    let mut still = 0;
    while still <= LOOKS_PER_IDLE_TIME {
        sleep(idle / LOOKS_PER_IDLE_TIME).await;
        still = if moved.swap(false, Relaxed) { 0 } else { still + 1 };
    }
}

/// A side of the tunnel that tells when something came in.
struct Watched<T> {
    stream: T,
    moved: Arc<AtomicBool>,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if polled.is_ready() {
            self.moved.store(true, Relaxed);
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
