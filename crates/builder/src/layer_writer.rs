use std::io::{self, Write};

use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

/// Writes the tar of a layer, of at most so many bytes, and hashes it on the way.
pub(crate) struct LayerWriter<W> {
    output: W,
    left: u64,
    /// `None`: nobody wants to know.
    tar: Option<Sha256>,
    /// The tar again, as if every file were of 1970.
    content: Sha256,
}

/// What a tar hashes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Digests {
    /// `sha256:…`
    pub diff_id: Option<String>,
    /// The same for layers that hold the same files, of whatever time: hexadecimal.
    pub content: String,
}

impl<W: Write> LayerWriter<W> {
    pub(crate) fn new(output: W, limit: u64) -> Self {
        Self { output, left: limit, tar: Some(Sha256::new()), content: Sha256::new() }
    }

    /// The diff ID stays unknown.
    pub(crate) fn without_diff_id(self) -> Self {
        Self { tar: None, ..self }
    }

    /// A header, with GNU's extra entries before it for a name or a target that does not fit: byte for byte, where the
    /// tar crate's own way would normalise them.
    pub(crate) fn head(&mut self, mut header: Header, name: &[u8], target: &[u8]) -> io::Result<()> {
        for (kind, long) in [(EntryType::GNULongLink, target), (EntryType::GNULongName, name)] {
            if long.len() > 100 {
                let mut extra = Header::new_gnu();
                extra.set_entry_type(kind);
                extra.set_size(long.len() as u64 + 1);
                put(&mut extra.as_old_mut().name, b"././@LongLink");
                extra.set_cksum();
                self.write_all(extra.as_bytes())?;
                self.write_all(long)?;
                self.write_all(&[0])?;
                self.pad(long.len() as u64 + 1)?;
            }
        }
        put(&mut header.as_old_mut().name, name);
        put(&mut header.as_old_mut().linkname, target);
        header.set_cksum();
        self.pass_on(header.as_bytes())?;
        header.set_mtime(0);
        header.set_cksum();
        self.content.update(header.as_bytes());
        Ok(())
    }

    /// Fills up the last block of a file of this size.
    pub(crate) fn pad(&mut self, size: u64) -> io::Result<()> {
        let over = (size % 512) as usize;
        if over == 0 { Ok(()) } else { self.write_all(&[0; 512][over..]) }
    }

    /// Bytes that it still takes.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(crate) fn finish(self) -> Digests {
        Digests {
            diff_id: self.tar.map(|hash| format!("sha256:{}", hex::encode(hash.finalize()))),
            content: hex::encode(self.content.finalize()),
        }
    }

    /// To the output, and to its hash.
    fn pass_on(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        self.output.write_all(bytes)?;
        if let Some(hash) = &mut self.tar {
            hash.update(bytes);
        }
        Ok(())
    }
}

impl<W: Write> Write for LayerWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pass_on(bytes)?;
        self.content.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

fn put(field: &mut [u8], value: &[u8]) {
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_that_does_not_end_is_ended() {
        let mut writer = LayerWriter::new(io::sink(), 10);
        writer.write_all(&[0; 10]).unwrap();
        assert_eq!(writer.write_all(&[0]).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn times_alone_make_no_other_content() {
        let digests = |mtime: u64, mode: u32, content: &[u8]| {
            let mut header = Header::new_gnu();
            header.set_mtime(mtime);
            header.set_mode(mode);
            header.set_size(content.len() as u64);
            let mut writer = LayerWriter::new(io::sink(), 1 << 20);
            writer.head(header, &[b'n'; 200], b"").unwrap();
            writer.write_all(content).unwrap();
            writer.finish()
        };
        let (first, later) = (digests(1, 0o644, b"x"), digests(2, 0o644, b"x"));
        assert_eq!(first.content, later.content);
        assert_ne!(first.diff_id, later.diff_id);
        assert_ne!(first.content, digests(1, 0o755, b"x").content);
        assert_ne!(first.content, digests(1, 0o644, b"y").content);
    }
}
