use std::mem;

use paas_model::MAX_LINE_BYTES;

/// Turns a stream of bytes, cut anywhere, into log messages: one per line, without its line end. A line over
/// [`MAX_LINE_BYTES`] becomes several messages of that size (Heroku: log limits), cut between characters. What is not
/// UTF-8, and NUL, becomes U+FFFD.
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// The line that has not ended: never longer than one message, with room for `\r\n`.
    rest: Vec<u8>,
}

impl LineSplitter {
    /// The messages that `bytes` completes.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut messages = Vec::new();
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.extend(piece, &mut messages);
            messages.push(self.take_line());
        }
        self.extend(last, &mut messages);
        messages
    }

    /// The last line, where the stream ended without a line end.
    pub fn finish(&mut self) -> Option<String> {
        (!self.rest.is_empty()).then(|| self.take_line())
    }

    /// Adds a part of a line without its line end, giving out every full message of it. One byte over the size is kept
    /// back, because it may be the `\r` of a line that fits.
    fn extend(&mut self, mut piece: &[u8], messages: &mut Vec<String>) {
        while self.rest.len() + piece.len() > MAX_LINE_BYTES + 1 {
            let room = (MAX_LINE_BYTES + 2).saturating_sub(self.rest.len());
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.rest.extend_from_slice(now);
            piece = later;
            let tail = self.rest.split_off(cut(&self.rest));
            messages.push(text(&mem::replace(&mut self.rest, tail)));
        }
        self.rest.extend_from_slice(piece);
    }

    fn take_line(&mut self) -> String {
        let mut line = mem::take(&mut self.rest);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        text(&line)
    }
}

/// Where a full message ends: at the size, or before the character that the size would cut.
fn cut(bytes: &[u8]) -> usize {
    let continues = |at: usize| bytes[at] & 0b1100_0000 == 0b1000_0000;
    // No character has more than three bytes after its first; more than that is not UTF-8 and may be cut anywhere.
    (MAX_LINE_BYTES - 3..=MAX_LINE_BYTES).rev().find(|at| !continues(*at)).unwrap_or(MAX_LINE_BYTES)
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of `bytes`, given in chunks of `size`.
    fn split(bytes: &[u8], size: usize) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut messages: Vec<_> = bytes.chunks(size).flat_map(|chunk| splitter.push(chunk)).collect();
        messages.extend(splitter.finish());
        messages
    }

    #[test]
    fn lines_come_out_whole_however_the_bytes_are_cut() {
        let bytes = "one\ntwo ü €\r\n\nlast".as_bytes();
        for size in 1..=bytes.len() {
            assert_eq!(split(bytes, size), ["one", "two ü €", "", "last"], "chunks of {size}");
        }
    }

    #[test]
    fn a_long_line_becomes_messages_of_the_size() {
        let bytes = [vec![b'x'; 2 * MAX_LINE_BYTES + 5], b"\nnext\n".to_vec()].concat();
        for size in [1, 7, 9_999, 10_000, 10_001, 10_002, bytes.len()] {
            let lengths: Vec<_> = split(&bytes, size).iter().map(String::len).collect();
            assert_eq!(lengths, [MAX_LINE_BYTES, MAX_LINE_BYTES, 5, 4], "chunks of {size}");
        }
    }

    #[test]
    fn a_line_of_just_the_size_is_one_message() {
        for end in ["\n", "\r\n", ""] {
            let bytes = [vec![b'x'; MAX_LINE_BYTES], end.as_bytes().to_vec()].concat();
            for size in [1, 10_000, 10_001, bytes.len()] {
                let lengths: Vec<_> = split(&bytes, size).iter().map(String::len).collect();
                assert_eq!(lengths, [MAX_LINE_BYTES], "{end:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let line = format!("x{}", "€".repeat(MAX_LINE_BYTES));
        let messages = split(line.as_bytes(), 1_000);
        assert!(messages.iter().all(|message| message.len() <= MAX_LINE_BYTES && !message.contains('\u{fffd}')));
        assert_eq!(messages.concat(), line);
    }

    #[test]
    fn what_text_cannot_hold_is_replaced() {
        assert_eq!(split(b"a\0b\n\xff\xfec\n", 3), ["a\u{fffd}b", "\u{fffd}\u{fffd}c"]);
    }

    #[test]
    fn bytes_that_are_no_text_at_all_are_cut_at_the_size() {
        let messages = split(&vec![0x80; 3 * MAX_LINE_BYTES], 4_096);
        assert_eq!(messages.len(), 3);
    }
}
