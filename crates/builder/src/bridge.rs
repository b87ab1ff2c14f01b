//! From what is asynchronous to what blocks.

use std::{
    io::{self, Read},
    thread,
};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};

use crate::BuilderError;

/// A blocking reader of an async stream, and the future that feeds it; the latter ends when the reader is dropped.
pub(crate) fn bridge<E: Send>(
    mut stream: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
    failed: impl FnOnce(E) -> BuilderError + Send,
) -> (ChannelReader, impl Future<Output = Result<(), BuilderError>> + Send) {
    let (sender, receiver) = mpsc::channel(16);
    let feed = async move {
        while let Some(piece) = stream.next().await {
            match piece {
                Err(error) => return Err(failed(error)),
                Ok(piece) => {
                    if sender.send(piece).await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    };
    (ChannelReader::new(receiver), feed)
}

/// Runs what computes for long on a thread of its own, behind everything that serves people.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new().name("build".to_owned()).spawn(move || {
        go_last();
        // Whoever waited may be gone.
        drop(done.send(work()));
    })?;
    result.await.unwrap_or_else(|_| Err(io::Error::other("the thread panicked")))
}

/// Of this thread alone. Where it may not be, it only takes more of the processors.
pub(crate) fn go_last() {
    let _ = rustix::process::nice(10);
}

pub(crate) struct ChannelReader {
    receiver: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl ChannelReader {
    pub(crate) fn new(receiver: mpsc::Receiver<Bytes>) -> Self {
        Self { receiver, rest: Bytes::new() }
    }
}

impl Read for ChannelReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.receiver.blocking_recv() {
                Some(bytes) => self.rest = bytes,
                None => return Ok(0),
            }
        }
        let length = into.len().min(self.rest.len());
        into[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}
