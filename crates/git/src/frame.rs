//! What a hook and the server say to each other: the hook sends `Push`, then `Source` as often as it takes, then
//! `SourceEnd`; the server answers with `Text` at any time after that, and last with `Accept` or `Reject`.

use std::io::{self, Read, Write};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::PushedCommit;

/// On the wire: a byte for the kind, the payload's length as u32 in big endian, the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// [`Announcement`] as JSON.
    Push(Bytes),
    /// A piece of the tar+gzip.
    Source(Bytes),
    /// The source is whole. A connection that ends without it brought none.
    SourceEnd,
    /// For the pusher, as it is.
    Text(Bytes),
    /// The ref may move.
    Accept,
    Reject,
}

/// What a hook wants, and by what right.
#[derive(Serialize, Deserialize)]
pub(crate) struct Announcement {
    /// Made for this push.
    pub secret: String,
    pub commit: PushedCommit,
}

/// Larger frames are nobody's of ours.
const MAX_PAYLOAD: usize = 1 << 20;

impl Frame {
    pub(crate) fn write_to(&self, socket: &mut impl Write) -> io::Result<()> {
        let (head, payload) = self.parts();
        socket.write_all(&head)?;
        socket.write_all(payload)
    }

    pub(crate) fn read_from(socket: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; 5];
        socket.read_exact(&mut head)?;
        let mut payload = vec![0; payload_length(head)?];
        socket.read_exact(&mut payload)?;
        Self::of(head[0], payload)
    }

    pub(crate) async fn send(&self, socket: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let (head, payload) = self.parts();
        socket.write_all(&head).await?;
        socket.write_all(payload).await
    }

    pub(crate) async fn receive(socket: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut head = [0; 5];
        socket.read_exact(&mut head).await?;
        let mut payload = vec![0; payload_length(head)?];
        socket.read_exact(&mut payload).await?;
        Self::of(head[0], payload)
    }

    fn parts(&self) -> ([u8; 5], &[u8]) {
        let (kind, payload): (u8, &[u8]) = match self {
            Self::Push(json) => (b'P', json),
            Self::Source(piece) => (b'S', piece),
            Self::SourceEnd => (b'E', &[]),
            Self::Text(text) => (b'T', text),
            Self::Accept => (b'A', &[]),
            Self::Reject => (b'R', &[]),
        };
        debug_assert!(payload.len() <= MAX_PAYLOAD, "frames are cut before they get here");
        let [a, b, c, d] = (payload.len() as u32).to_be_bytes();
        ([kind, a, b, c, d], payload)
    }

    fn of(kind: u8, payload: Vec<u8>) -> io::Result<Self> {
        match kind {
            b'P' => Ok(Self::Push(payload.into())),
            b'S' => Ok(Self::Source(payload.into())),
            b'E' => Ok(Self::SourceEnd),
            b'T' => Ok(Self::Text(payload.into())),
            b'A' => Ok(Self::Accept),
            b'R' => Ok(Self::Reject),
            other => Err(invalid(&format!("frame of unknown kind {other}"))),
        }
    }
}

impl Announcement {
    pub(crate) fn to_frame(&self) -> io::Result<Frame> {
        Ok(Frame::Push(serde_json::to_vec(self)?.into()))
    }

    pub(crate) fn from_frame(frame: &Frame) -> io::Result<Self> {
        match frame {
            Frame::Push(json) => Ok(serde_json::from_slice(json)?),
            _ => Err(invalid("a hook announces its push first")),
        }
    }
}

fn payload_length([_, a, b, c, d]: [u8; 5]) -> io::Result<usize> {
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    if length > MAX_PAYLOAD { Err(invalid("frame too large")) } else { Ok(length) }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn either_side_reads_what_the_other_writes() {
        let frames = [
            Frame::Push(Bytes::from_static(b"{}")),
            Frame::Source(Bytes::from(vec![7; 70_000])),
            Frame::SourceEnd,
            Frame::Text(Bytes::from_static("…\n".as_bytes())),
            Frame::Accept,
            Frame::Reject,
        ];
        let mut wire = Vec::new();
        for frame in &frames {
            frame.write_to(&mut wire).unwrap();
        }
        let mut sent = Vec::new();
        for frame in &frames {
            frame.send(&mut sent).await.unwrap();
        }
        assert_eq!(wire, sent);
        let (mut blocking, mut waiting) = (wire.as_slice(), wire.as_slice());
        for frame in &frames {
            assert_eq!(&Frame::read_from(&mut blocking).unwrap(), frame);
            assert_eq!(&Frame::receive(&mut waiting).await.unwrap(), frame);
        }
        assert_eq!(Frame::read_from(&mut blocking).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for wire in [&b"S\xff\xff\xff\xff"[..], b"?\0\0\0\0", b"S\0\0\0\x05abc"] {
            assert!(Frame::read_from(&mut &*wire).is_err());
        }
    }
}
