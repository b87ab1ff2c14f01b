//! From what is asynchronous to what blocks.

use std::io::{self, Read};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;

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
