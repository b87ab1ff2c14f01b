//! gzip on every core. Pieces of the input are deflated side by side, each up to a byte boundary, and put one after
//! another: one ordinary gzip member, which any reader takes (pigz does the same).

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use bytes::Bytes;
use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use crate::bridge::go_last;

/// Bytes of input in one piece. What matches across pieces is lost; at this size that is under a percent.
const PIECE: usize = 1 << 20;

/// No name, no time: the same input gives the same bytes.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Compresses what is written to it and hands the result to `sink`, in order, from a thread of its own.
#[derive(Debug)]
pub(crate) struct GzipWriter {
    piece: Vec<u8>,
    checksum: Crc,
    pieces: Option<SyncSender<Piece>>,
    order: Option<SyncSender<Receiver<Vec<u8>>>>,
    workers: Vec<JoinHandle<()>>,
    collector: Option<JoinHandle<bool>>,
}

struct Piece {
    bytes: Vec<u8>,
    last: bool,
    done: SyncSender<Vec<u8>>,
}

impl GzipWriter {
    /// `sink` gives `false` when nobody wants the rest.
    pub(crate) fn new(sink: impl FnMut(Bytes) -> bool + Send + 'static) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from).min(8);
        let (pieces, work) = sync_channel::<Piece>(cores);
        let work = std::sync::Arc::new(std::sync::Mutex::new(work));
        let workers = (0..cores)
            .map(|_| {
                let work = work.clone();
                thread::spawn(move || {
                    go_last();
                    deflate_all(&work);
                })
            })
            .collect();
        let (order, ordered) = sync_channel(cores * 2);
        let collector = thread::spawn(move || collect(&ordered, sink));
        Self {
            piece: Vec::with_capacity(PIECE),
            checksum: Crc::new(),
            pieces: Some(pieces),
            order: Some(order),
            workers,
            collector: Some(collector),
        }
    }

    /// Ends the member. Nothing is complete before this returns.
    ///
    /// # Errors
    /// When the sink did not want it all.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.send(true)?;
        let mut trailer = self.checksum.sum().to_le_bytes().to_vec();
        trailer.extend(self.checksum.amount().to_le_bytes());
        let (done, result) = sync_channel(1);
        // The channel holds one message, so this cannot block, and its receiver is right here.
        done.send(trailer).map_err(|_| broken())?;
        self.order.as_ref().ok_or_else(broken)?.send(result).map_err(|_| broken())?;
        (self.order, self.pieces) = (None, None);
        for worker in self.workers.drain(..) {
            worker.join().map_err(|_| broken())?;
        }
        match self.collector.take().map(JoinHandle::join) {
            Some(Ok(true)) => Ok(()),
            _ => Err(broken()),
        }
    }

    fn send(&mut self, last: bool) -> io::Result<()> {
        let bytes = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        let (done, result) = sync_channel(1);
        self.order.as_ref().ok_or_else(broken)?.send(result).map_err(|_| broken())?;
        self.pieces.as_ref().ok_or_else(broken)?.send(Piece { bytes, last, done }).map_err(|_| broken())
    }
}

impl Write for GzipWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        self.checksum.update(&bytes[..taken]);
        if self.piece.len() == PIECE {
            self.send(false)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn deflate_all(work: &std::sync::Mutex<Receiver<Piece>>) {
    loop {
        let next = match work.lock() {
            Ok(work) => work.recv(),
            Err(_) => return,
        };
        let Ok(piece) = next else { return };
        let Some(bytes) = deflate(&piece.bytes, piece.last) else { return };
        // Nobody waits for it any more once the sink has closed.
        drop(piece.done.send(bytes));
    }
}

/// `None` cannot happen with an output that grows; it ends the stream as broken rather than writing a wrong one.
fn deflate(bytes: &[u8], last: bool) -> Option<Vec<u8>> {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(bytes.len() / 2 + 1024);
    let flush = if last { FlushCompress::Finish } else { FlushCompress::Sync };
    loop {
        let taken = usize::try_from(compress.total_in()).ok()?;
        let status = compress.compress_vec(&bytes[taken..], &mut out, flush).ok()?;
        let all_taken = compress.total_in() == bytes.len() as u64;
        match status {
            Status::StreamEnd => return Some(out),
            // Room left over after a sync flush: everything is out.
            Status::Ok | Status::BufError if !last && all_taken && out.len() < out.capacity() => return Some(out),
            Status::Ok | Status::BufError => out.reserve(out.capacity().max(1024)),
        }
    }
}

/// Whether the sink took everything.
fn collect(ordered: &Receiver<Receiver<Vec<u8>>>, mut sink: impl FnMut(Bytes) -> bool) -> bool {
    if !sink(Bytes::from_static(&HEADER)) {
        return false;
    }
    ordered.iter().all(|result| result.recv().is_ok_and(|bytes| bytes.is_empty() || sink(bytes.into())))
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the compressed stream was not wanted to its end")
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read,
        sync::{Arc, Mutex},
    };

    use super::*;

    fn gzip(input: &[u8]) -> Vec<u8> {
        let out = Arc::new(Mutex::new(Vec::new()));
        let into = out.clone();
        let mut writer = GzipWriter::new(move |bytes| {
            into.lock().unwrap().extend_from_slice(&bytes);
            true
        });
        writer.write_all(input).unwrap();
        writer.finish().unwrap();
        Arc::try_unwrap(out).unwrap().into_inner().unwrap()
    }

    fn gunzip(input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        // One member only: this reader stops at the end of the first.
        flate2::bufread::GzDecoder::new(input).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn any_length_comes_back_from_one_member() {
        let noise: Vec<u8> = (0..3 * PIECE as u32 + 17).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, noise.len()] {
            assert!(gunzip(&gzip(&noise[..length])) == noise[..length], "{length} bytes");
        }
        let same = vec![b'a'; 2 * PIECE];
        assert!(gunzip(&gzip(&same)) == same);
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let text = "the quick brown fox\n".repeat(200_000);
        assert!(gzip(text.as_bytes()) == gzip(text.as_bytes()));
    }

    #[test]
    fn a_sink_that_has_enough_ends_the_writer() {
        let mut writer = GzipWriter::new(|_| false);
        let written = (0..1_000).try_for_each(|_| writer.write_all(&[0; PIECE]));
        assert!(written.is_err() || writer.finish().is_err());
    }
}
