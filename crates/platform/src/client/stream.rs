use bytes::Bytes;

use super::ClientError;

/// A body that is read while it is written: output of a build or of a release phase.
#[derive(Debug)]
pub struct TextStream {
    response: reqwest::Response,
    server: String,
}

impl TextStream {
    pub(super) fn new(response: reqwest::Response, server: String) -> Self {
        Self { response, server }
    }

    /// The next piece as it arrived, which may end inside a line or a character. `None`: the end.
    ///
    /// # Errors
    /// [`ClientError::Transport`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.response.chunk().await.map_err(|error| ClientError::from_request(&self.server, error))
    }
}

/// Server-sent events: a log session.
#[derive(Debug)]
pub struct EventStream {
    text: TextStream,
    parser: EventParser,
}

/// One event: its `id:`, and its `data:` lines joined by newlines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub id: Option<String>,
    pub data: String,
}

impl EventStream {
    pub(super) fn new(text: TextStream) -> Self {
        Self { text, parser: EventParser::default() }
    }

    /// The next event; `None`: the server has ended the stream.
    ///
    /// # Errors
    /// [`ClientError::Transport`].
    pub async fn next(&mut self) -> Result<Option<Event>, ClientError> {
        loop {
            if let Some(event) = self.parser.next() {
                return Ok(Some(event));
            }
            match self.text.chunk().await? {
                Some(bytes) => self.parser.push(&bytes),
                None => return Ok(None),
            }
        }
    }
}

/// Cuts bytes into events (WHATWG: "Server-sent events", parsing). An event that the end cuts off is no event.
#[derive(Debug, Default)]
struct EventParser {
    buffer: Vec<u8>,
    /// How much of `buffer` is read.
    read: usize,
    id: Option<String>,
    data: Vec<String>,
}

impl EventParser {
    fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.read);
        self.read = 0;
        self.buffer.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<Event> {
        while let Some(line) = self.line() {
            if line.is_empty() {
                if self.data.is_empty() {
                    continue;
                }
                let data = std::mem::take(&mut self.data).join("\n");
                return Some(Event { id: self.id.clone(), data });
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "data" => self.data.push(value.to_owned()),
                "id" => self.id = Some(value.to_owned()),
                // Comments have no field name; we have no use for `event` and `retry`.
                _ => {}
            }
        }
        None
    }

    fn line(&mut self) -> Option<String> {
        let rest = &self.buffer[self.read..];
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        let line = String::from_utf8_lossy(line).into_owned();
        self.read += end + 1;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&str]) -> Vec<(Option<String>, String)> {
        let mut parser = EventParser::default();
        let mut events = Vec::new();
        for piece in pieces {
            parser.push(piece.as_bytes());
            while let Some(event) = parser.next() {
                events.push((event.id, event.data));
            }
        }
        events
    }

    #[test]
    fn events_are_put_together_from_any_pieces() {
        let text = ": keep-alive\n\nid: 1\ndata: a: b\n\nid: 2\r\ndata: c\r\ndata:  d\r\n\r\ndata: cut off";
        let want = [(Some("1".to_owned()), "a: b".to_owned()), (Some("2".to_owned()), "c\n d".to_owned())];
        assert_eq!(events(&[text]), want);
        let bytes: Vec<&str> = text.split_inclusive(|_| true).collect();
        assert_eq!(events(&bytes), want);
    }
}
