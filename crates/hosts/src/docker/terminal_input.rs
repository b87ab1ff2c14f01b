//! Input of a container with a terminal.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::AsyncWrite;

/// Ctrl-D.
const END_OF_TRANSMISSION: u8 = 4;

/// A terminal has no half-closed state: the end of input is a Ctrl-D typed at the start of a line. Closing the
/// direction instead would make the engine drop the rest of the output.
pub(super) struct TerminalInput<W> {
    inner: W,
    /// Whether what was written ends within a line: there the first Ctrl-D only hands the line over, a second one ends.
    within_line: bool,
    ended: bool,
}

impl<W> TerminalInput<W> {
    pub(super) const fn new(inner: W) -> Self {
        Self { inner, within_line: false, ended: false }
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for TerminalInput<W> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, bytes))?;
        if let Some(last) = bytes.get(..written).and_then(<[u8]>::last) {
            this.within_line = !matches!(last, b'\n' | b'\r');
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while !this.ended {
            ready!(Pin::new(&mut this.inner).poll_write(cx, &[END_OF_TRANSMISSION]))?;
            this.ended = !this.within_line;
            this.within_line = false;
        }
        Pin::new(&mut this.inner).poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::TerminalInput;

    #[tokio::test]
    async fn the_end_of_input_is_typed() {
        for (input, typed) in [("", "\u{4}"), ("a\n", "a\n\u{4}"), ("a", "a\u{4}\u{4}")] {
            let mut written = Vec::new();
            let mut terminal = TerminalInput::new(&mut written);
            terminal.write_all(input.as_bytes()).await.unwrap();
            terminal.shutdown().await.unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), typed);
        }
    }
}
