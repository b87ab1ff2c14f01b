//! Standard output and error of an attached container, out of the engine's frames and into one stream.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

const HEADER_BYTES: usize = 8;

/// Takes the frame headers out as it is read; holds no payload.
pub(super) struct Demux<R> {
    inner: R,
    header: [u8; HEADER_BYTES],
    header_read: usize,
    /// Bytes of the current frame that are still to come.
    payload_left: usize,
}

impl<R> Demux<R> {
    pub(super) const fn new(inner: R) -> Self {
        Self { inner, header: [0; HEADER_BYTES], header_read: 0, payload_left: 0 }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Demux<R> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.payload_left == 0 {
            let mut header = ReadBuf::new(&mut this.header[this.header_read..]);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut header))?;
            let read = header.filled().len();
            if read == 0 {
                // Between frames the container has ended; within one the connection broke.
                let whole = this.header_read == 0;
                return Poll::Ready(if whole { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) });
            }
            this.header_read += read;
            if this.header_read == HEADER_BYTES {
                let [.., a, b, c, d] = this.header;
                this.payload_left = u32::from_be_bytes([a, b, c, d]) as usize;
                this.header_read = 0;
            }
        }
        let wanted = this.payload_left.min(out.remaining());
        let mut payload = ReadBuf::new(out.initialize_unfilled_to(wanted));
        ready!(Pin::new(&mut this.inner).poll_read(cx, &mut payload))?;
        let read = payload.filled().len();
        if read == 0 && wanted > 0 {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        out.advance(read);
        this.payload_left -= read;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::Demux;

    #[tokio::test]
    async fn frames_of_both_streams_become_one() {
        let bytes = b"\x01\0\0\0\0\0\0\x03one\x02\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\x03two";
        let mut text = String::new();
        Demux::new(&bytes[..]).read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "onetwo");
    }

    #[tokio::test]
    async fn a_frame_that_breaks_off_is_an_error() {
        for bytes in [&b"\x01\0\0\0\0\0\0\x03on"[..], &b"\x01\0\0"[..]] {
            Demux::new(bytes).read_to_end(&mut Vec::new()).await.unwrap_err();
        }
    }
}
