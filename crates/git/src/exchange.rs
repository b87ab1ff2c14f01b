use std::{io, pin::Pin, process::ExitStatus, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    sync::{OwnedSemaphorePermit, mpsc},
};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::io::ReaderStream;

/// A request's body, decompressed, as it comes.
pub(crate) type Input = Pin<Box<dyn AsyncBufRead + Send>>;

/// What happens to git when its client is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnHangUp {
    Kill,
    /// Its output is read and thrown away until it ends by itself.
    Finish,
}

/// One run of git between a request's body and its response's.
pub(crate) struct Exchange {
    pub command: Command,
    /// Answered before anything that git prints.
    pub preamble: String,
    pub input: Input,
    pub on_hang_up: OnHangUp,
    /// Given back when all is over.
    pub permit: OwnedSemaphorePermit,
}

const PIECE: usize = 64 * 1024;
/// A client that neither sends nor takes a byte for this long is gone.
const PATIENCE: Duration = Duration::from_secs(300);
/// When git has read enough (a pack over the limit), this much more is taken from the client and thrown away, so that it
/// gets to read why.
const MAX_UNREAD: usize = 256 << 20;
/// Of what git complains to the log.
const MAX_COMPLAINT: u64 = 4 * 1024;

impl Exchange {
    /// Starts git, and a task that stays with it to its end, whatever becomes of the request. `finish` runs when git has
    /// ended, and before the client is told so.
    ///
    /// # Errors
    /// When git cannot be started.
    pub(crate) fn start(mut self, finish: impl Future<Output = ()> + Send + 'static) -> io::Result<Body> {
        let mut child = self.command.spawn()?;
        let (sender, receiver) = mpsc::channel(4);
        let stdin = child.stdin.take();
        tokio::spawn(async move {
            let answer = async {
                if !self.preamble.is_empty() {
                    // A client that is gone already is noticed at the next piece.
                    let _ = sender.send(Ok(Bytes::from(self.preamble))).await;
                }
                attend(child, &sender, self.on_hang_up).await;
                finish.await;
                drop(sender);
            };
            tokio::join!(feed(self.input, stdin), answer);
            drop(self.permit);
        });
        Ok(Body::from_stream(ReceiverStream::new(receiver)))
    }
}

/// Reads all that git says and waits until it has ended, so that nothing of it is left.
async fn attend(mut child: Child, sender: &mpsc::Sender<io::Result<Bytes>>, on_hang_up: OnHangUp) {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let forwarded = async {
        let heard = forward(stdout, sender, on_hang_up).await;
        if !heard && on_hang_up == OnHangUp::Kill {
            // It may have ended by itself meanwhile.
            let _ = child.start_kill();
        }
        heard
    };
    let (heard, complaint) = tokio::join!(forwarded, complaint(stderr));
    match child.wait().await {
        Ok(status) if status.success() || !heard => {}
        Ok(status) => report(status, &complaint),
        Err(error) => tracing::error!(%error, "git could not be waited for"),
    }
}

/// False: the client did not take all of it.
async fn forward(stdout: Option<ChildStdout>, sender: &mpsc::Sender<io::Result<Bytes>>, on_hang_up: OnHangUp) -> bool {
    let Some(stdout) = stdout else { return true };
    let mut pieces = ReaderStream::with_capacity(stdout, PIECE);
    let mut heard = true;
    while let Some(Ok(piece)) = pieces.next().await {
        heard = heard && sender.send_timeout(Ok(piece), PATIENCE).await.is_ok();
        if !heard && on_hang_up == OnHangUp::Kill {
            break;
        }
    }
    heard
}

async fn complaint(stderr: Option<ChildStderr>) -> String {
    let Some(mut stderr) = stderr else { return String::new() };
    let mut complaint = Vec::new();
    // What cannot be read is not worth more than what could.
    let _ = (&mut stderr).take(MAX_COMPLAINT).read_to_end(&mut complaint).await;
    let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&complaint).into_owned()
}

/// Copies the body to git, as fast as git reads and no faster.
async fn feed(mut input: Input, mut stdin: Option<ChildStdin>) {
    let mut unread = 0;
    while unread < MAX_UNREAD {
        let piece = match tokio::time::timeout(PATIENCE, input.fill_buf()).await {
            Ok(Ok(piece)) if !piece.is_empty() => piece,
            // The end; or a client that is gone or sends nonsense, which git finds out by the missing rest.
            _ => return,
        };
        let length = piece.len();
        match &mut stdin {
            Some(pipe) => {
                if pipe.write_all(piece).await.is_err() {
                    stdin = None;
                }
            }
            None => unread += length,
        }
        input.consume(length);
    }
}

fn report(status: ExitStatus, complaint: &str) {
    tracing::warn!(%status, complaint = complaint.trim_end(), "git ended badly; its client was told");
}
