use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::secrets::Secrets;

/// What a build tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildEvent {
    /// One line for the user, without its newline, as it is to be shown. No NUL bytes, valid UTF-8.
    Output(String),
    /// A stage has ended.
    Stage { name: &'static str, took: Duration },
}

/// A longer line is cut into lines of this many bytes.
const LINE_BYTES: usize = 16 * 1024;

/// The lines of one build: the buildpacks' as they are, up to a limit, and the platform's between them.
#[derive(Debug)]
pub(crate) struct Transcript {
    events: mpsc::Sender<BuildEvent>,
    partial: Vec<u8>,
    /// Bytes of buildpack output that may still be shown. `None`: the limit was reached, and the user knows.
    left: Option<u64>,
    /// They are not shown.
    secrets: Secrets,
}

impl Transcript {
    pub(crate) fn new(events: mpsc::Sender<BuildEvent>, output_bytes: u64, secrets: Secrets) -> Self {
        Self { events, partial: Vec::new(), left: Some(output_bytes), secrets }
    }

    /// A line of the platform's own. It is shown whatever the limit.
    pub(crate) async fn line(&self, line: impl Into<String>) {
        self.send(BuildEvent::Output(line.into())).await;
    }

    /// Lines of the platform's own.
    pub(crate) async fn text(&self, text: &str) {
        for line in text.lines() {
            self.line(line).await;
        }
    }

    pub(crate) async fn stage(&self, name: &'static str, since: Instant) {
        self.took(name, since.elapsed()).await;
    }

    pub(crate) async fn took(&self, name: &'static str, took: Duration) {
        self.send(BuildEvent::Stage { name, took }).await;
    }

    /// What the container printed. The last line waits for its newline.
    pub(crate) async fn output(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(&bytes[..end]);
            bytes = &bytes[end + 1..];
            self.flush(true).await;
        }
        self.partial.extend_from_slice(bytes);
        // With what follows, so that it is known whether a secret is there where the line is cut.
        while self.partial.len() >= LINE_BYTES + self.secrets.longest() {
            let rest = self.partial.split_off(self.secrets.cut(&self.partial, LINE_BYTES));
            self.flush(true).await;
            self.partial = rest;
        }
    }

    /// Whether some of the output was left out, its end with it.
    pub(crate) fn is_cut(&self) -> bool {
        self.left.is_none()
    }

    /// The container will print no more.
    pub(crate) async fn end_output(&mut self) {
        self.flush(false).await;
    }

    async fn flush(&mut self, even_empty: bool) {
        let line = std::mem::take(&mut self.partial);
        if line.is_empty() && !even_empty {
            return;
        }
        let Some(left) = self.left else { return };
        let line = self.secrets.masked(line.strip_suffix(b"\r").unwrap_or(&line));
        match left.checked_sub(line.len() as u64 + 1) {
            Some(left) => {
                self.left = Some(left);
                // A NUL has no place in text columns, nor on a terminal.
                self.line(String::from_utf8_lossy(&line).replace('\0', "\u{fffd}")).await;
            }
            None => {
                self.left = None;
                self.line(" !     The output of this build is too long. The rest of it is left out.").await;
            }
        }
    }

    /// A build goes on when nobody listens any more.
    async fn send(&self, event: BuildEvent) {
        drop(self.events.send(event).await);
    }
}

/// `36.3M`, `72M`, `667B`: at most one decimal (Heroku: the `Done:` line of a push).
pub(crate) fn human_size(bytes: u64) -> String {
    let mut tenths = bytes.saturating_mul(10);
    let mut unit = 'B';
    for next in ['K', 'M', 'G'] {
        if tenths < 10_240 {
            break;
        }
        tenths = (tenths + 512) / 1024;
        unit = next;
    }
    match tenths % 10 {
        0 => format!("{}{unit}", tenths / 10),
        tenth => format!("{}.{tenth}{unit}", tenths / 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(limit: u64, chunks: &[&[u8]]) -> Vec<String> {
        let (events, mut received) = mpsc::channel(1_000);
        let mut transcript = Transcript::new(events, limit, Secrets::default());
        for chunk in chunks {
            transcript.output(chunk).await;
        }
        transcript.end_output().await;
        drop(transcript);
        let mut lines = vec![];
        while let Some(event) = received.recv().await {
            match event {
                BuildEvent::Output(line) => lines.push(line),
                BuildEvent::Stage { .. } => unreachable!("nothing ended a stage"),
            }
        }
        lines
    }

    #[tokio::test]
    async fn chunks_become_lines_and_the_last_needs_no_newline() {
        assert_eq!(lines(99, &[b"a", b"b\n\nc\r\n", b"d"]).await, ["ab", "", "c", "d"]);
    }

    #[tokio::test]
    async fn what_is_not_text_is_replaced() {
        assert_eq!(lines(99, &[b"a\0b\xff\n"]).await, ["a\u{fffd}b\u{fffd}"]);
    }

    #[tokio::test]
    async fn past_the_limit_one_line_says_so() {
        let out = lines(10, &[b"12345\n", b"6789\nmore\n", b"more\n"]).await;
        assert_eq!(out, ["12345", " !     The output of this build is too long. The rest of it is left out."]);
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut() {
        let out = lines(u64::MAX, &[&[b'x'; LINE_BYTES], &[b'x'; LINE_BYTES], b"\n"]).await;
        assert_eq!(out.iter().map(String::len).collect::<Vec<_>>(), [LINE_BYTES, LINE_BYTES, 0]);
    }

    #[test]
    fn sizes_are_written_as_heroku_writes_them() {
        for (bytes, text) in [
            (0, "0B"),
            (667, "667B"),
            (1_023, "1023B"),
            (1_024, "1K"),
            (38_063_309, "36.3M"),
            (75_497_472, "72M"),
            (524_288_000, "500M"),
            (3_221_225_472, "3G"),
        ] {
            assert_eq!(human_size(bytes), text);
        }
    }
}
