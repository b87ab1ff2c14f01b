//! The engine's log, cut into entries.
//!
//! With a terminal the log is bytes, `STAMP text\n` and again. Without one each entry is a frame: an eight-byte header
//! (stream, three zeros, length in big endian), then `STAMP text`. The engine cuts lines at 16 KiB, and gives all parts
//! of one line the stamp of the first; two streams that print at once can be stamped in one order and written in the
//! other. Both break "strictly increasing", which followers resume by, so such an entry is moved to a nanosecond after
//! the one before. That gives the same times in every reading that begins [`OVERLAP`] earlier.

use bytes::{Buf, Bytes, BytesMut};
use chrono::{DateTime, TimeDelta, Utc};

use crate::LogChunk;

/// How much of what a follower has already seen is read again when it resumes.
pub(super) const OVERLAP: TimeDelta = TimeDelta::seconds(1);

/// `2026-01-02T03:04:05.123456789Z` and a space.
const STAMP_BYTES: usize = 31;
const FRAME_HEADER_BYTES: usize = 8;
/// The engine's own messages, instead of the container's output.
const ENGINE_STREAM: u8 = 3;
/// Where the engine cuts a line.
const PART_BYTES: usize = 16 << 10;
/// No entry is longer: a part of 16 KiB, each byte of which may become three in the engine's JSON.
const ENTRY_BYTES: usize = 4 * PART_BYTES;

/// Bytes in, entries out.
pub(super) struct LogEntries {
    terminal: bool,
    buffer: BytesMut,
    previous: Option<DateTime<Utc>>,
    after: Option<DateTime<Utc>>,
}

impl LogEntries {
    pub(super) fn new(terminal: bool, after: Option<DateTime<Utc>>) -> Self {
        Self { terminal, buffer: BytesMut::new(), previous: None, after }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole entry. `ended`: no more bytes come, so what is left is whole.
    ///
    /// # Errors
    /// What the engine said instead of a log.
    pub(super) fn next(&mut self, ended: bool) -> Result<Option<LogChunk>, String> {
        loop {
            let entry = if self.terminal { self.next_line(ended) } else { self.next_frame()? };
            let Some(mut entry) = entry else { return Ok(None) };
            let Some(stamp) = stamp(&entry) else {
                return Err(String::from_utf8_lossy(&entry).into_owned());
            };
            entry.advance(STAMP_BYTES);
            let at = match self.previous {
                Some(previous) if stamp <= previous => previous + TimeDelta::nanoseconds(1),
                _ => stamp,
            };
            self.previous = Some(at);
            if self.after.is_none_or(|after| at > after) {
                return Ok(Some(LogChunk { at, bytes: entry }));
            }
        }
    }

    fn next_frame(&mut self) -> Result<Option<Bytes>, String> {
        let Some(&[stream, _, _, _, a, b, c, d]) = self.buffer.first_chunk::<FRAME_HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > STAMP_BYTES + ENTRY_BYTES {
            return Err(format!("a log entry of {length} bytes"));
        }
        if self.buffer.len() < FRAME_HEADER_BYTES + length {
            return Ok(None);
        }
        self.buffer.advance(FRAME_HEADER_BYTES);
        let entry = self.buffer.split_to(length).freeze();
        if stream == ENGINE_STREAM { Err(String::from_utf8_lossy(&entry).into_owned()) } else { Ok(Some(entry)) }
    }

    /// Up to a new line; or to the next stamp, where the engine has cut a long line and left no mark.
    fn next_line(&mut self, ended: bool) -> Option<Bytes> {
        let shortest_part = STAMP_BYTES + PART_BYTES;
        let line = self.buffer.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let searched = line.unwrap_or(self.buffer.len());
        let part = (shortest_part..searched.saturating_sub(STAMP_BYTES - 1))
            .find(|&at| self.buffer.get(at..).is_some_and(|rest| stamp(rest).is_some()));
        let rest = || (ended || searched > STAMP_BYTES + ENTRY_BYTES).then_some(searched);
        let end = part.or(line).or_else(rest).filter(|&end| end > 0)?;
        Some(self.buffer.split_to(end).freeze())
    }
}

fn stamp(entry: &[u8]) -> Option<DateTime<Utc>> {
    let (stamp, _) = entry.split_at_checked(STAMP_BYTES)?;
    let stamp = stamp.strip_suffix(b"Z ")?;
    if stamp.get(10) != Some(&b'T') {
        return None;
    }
    let text = std::str::from_utf8(entry.get(..STAMP_BYTES - 1)?).ok()?;
    Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "2026-01-02T03:04:05.000000001Z ";
    const SECOND: &str = "2026-01-02T03:04:05.000000900Z ";

    fn frame(stream: u8, entry: &str) -> Vec<u8> {
        let mut bytes = vec![stream, 0, 0, 0];
        bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(entry.as_bytes());
        bytes
    }

    fn read(entries: &mut LogEntries) -> Vec<(u32, String)> {
        let mut read = Vec::new();
        while let Some(chunk) = entries.next(true).unwrap() {
            read.push((chunk.at.timestamp_subsec_nanos(), String::from_utf8(chunk.bytes.to_vec()).unwrap()));
        }
        read
    }

    #[test]
    fn frames_are_put_together_from_any_pieces() {
        let bytes = [frame(1, &format!("{FIRST}out\n")), frame(2, &format!("{SECOND}err\n"))].concat();
        let mut entries = LogEntries::new(false, None);
        let mut read = Vec::new();
        for byte in bytes {
            entries.push(&[byte]);
            read.extend(entries.next(false).unwrap().map(|chunk| chunk.bytes));
        }
        assert_eq!(read, [Bytes::from("out\n"), Bytes::from("err\n")]);
    }

    #[test]
    fn entries_of_one_stamp_get_increasing_times() {
        let mut entries = LogEntries::new(false, None);
        for part in ["a", "b", "c\n"] {
            entries.push(&frame(1, &format!("{FIRST}{part}")));
        }
        entries.push(&frame(1, &format!("{SECOND}d\n")));
        assert_eq!(
            read(&mut entries),
            [(1, "a".to_owned()), (2, "b".to_owned()), (3, "c\n".to_owned()), (900, "d\n".to_owned())]
        );
    }

    #[test]
    fn resuming_in_the_middle_of_a_line_gives_its_other_parts() {
        let after = DateTime::parse_from_rfc3339("2026-01-02T03:04:05.000000002Z").unwrap().to_utc();
        let mut entries = LogEntries::new(false, Some(after));
        for part in ["a", "b", "c\n"] {
            entries.push(&frame(1, &format!("{FIRST}{part}")));
        }
        assert_eq!(read(&mut entries), [(3, "c\n".to_owned())]);
    }

    #[test]
    fn a_terminals_lines_keep_their_carriage_returns_and_any_first_byte() {
        let mut entries = LogEntries::new(true, None);
        entries.push(format!("{FIRST}\u{1}one\r\n{SECOND}two").as_bytes());
        assert_eq!(read(&mut entries), [(1, "\u{1}one\r\n".to_owned()), (900, "two".to_owned())]);
    }

    #[test]
    fn a_terminals_long_line_is_cut_where_the_engine_has_cut_it() {
        let long = "x".repeat(PART_BYTES);
        let mut entries = LogEntries::new(true, None);
        entries.push(format!("{FIRST}{long}{FIRST}end\r\n").as_bytes());
        assert_eq!(read(&mut entries), [(1, long), (2, "end\r\n".to_owned())]);
    }

    #[test]
    fn what_the_engine_says_is_an_error() {
        let mut entries = LogEntries::new(false, None);
        entries.push(&frame(ENGINE_STREAM, "Error grabbing logs: gone"));
        assert_eq!(entries.next(false), Err("Error grabbing logs: gone".to_owned()));
    }
}
