//! The entries of a tar that a stranger made. Names that are too long for a header come in an entry of their own before it
//! (GNU's `L` and `K`, PAX records), which the tar crate reads into memory however long they are; here they have a limit.

use std::io::{self, Read};

use tar::{Archive, Entries, Entry, EntryType, PaxExtensions};

/// Most bytes of an entry that says something of the next one. A path has 4096 at most, and so has what it links to.
const MAX_EXTENSION: u64 = 64 << 10;
/// Largest size that a header can hold in octal digits; PAX records hold larger ones.
const MAX_SIZE: u64 = 0o777_7777_7777;

/// An iterator over a tar's entries.
pub(crate) struct TarEntries<'a, R: Read>(Entries<'a, R>);

/// A file, directory, link, or whatever else there may be in a tar.
pub(crate) struct TarEntry<'a, R: Read> {
    pub path: Vec<u8>,
    /// What it links to; empty for what is no link.
    pub target: Vec<u8>,
    /// Header and content. Its own idea of the path may be a part of it.
    pub entry: Entry<'a, R>,
}

/// What is said of the entry that comes next.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<u64>,
}

impl<'a, R: Read> TarEntries<'a, R> {
    /// # Errors
    /// [`io::Error`] for an archive that was read from before.
    pub(crate) fn of(archive: &'a mut Archive<R>) -> io::Result<Self> {
        Ok(Self(archive.entries()?.raw(true)))
    }

    fn read(&mut self) -> io::Result<Option<TarEntry<'a, R>>> {
        let mut ahead = Ahead::default();
        loop {
            let Some(mut entry) = self.0.next().transpose()? else { return Ok(None) };
            match entry.header().entry_type() {
                EntryType::GNULongName => ahead.path = Some(text(extension(&mut entry)?)),
                EntryType::GNULongLink => ahead.target = Some(text(extension(&mut entry)?)),
                EntryType::XHeader => ahead.pax(&extension(&mut entry)?)?,
                // Of all that follow: a commit, most often. Nothing that counts here.
                EntryType::XGlobalHeader => drop(extension(&mut entry)?),
                _ => return ahead.entry(entry).map(Some),
            }
        }
    }
}

impl<'a, R: Read> Iterator for TarEntries<'a, R> {
    type Item = io::Result<TarEntry<'a, R>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

impl Ahead {
    fn pax(&mut self, records: &[u8]) -> io::Result<()> {
        for record in PaxExtensions::new(records) {
            let record = record?;
            let value = record.value_bytes();
            match record.key_bytes() {
                b"path" | b"linkpath" if value.contains(&0) => return Err(invalid("a name in it has a NUL byte")),
                // GNU's entries stand above these.
                b"path" => drop(self.path.get_or_insert_with(|| value.to_vec())),
                b"linkpath" => drop(self.target.get_or_insert_with(|| value.to_vec())),
                b"size" => self.size = record.value().ok().and_then(|size| size.parse().ok()),
                _ => {}
            }
        }
        Ok(())
    }

    fn entry<'a, R: Read>(self, entry: Entry<'a, R>) -> io::Result<TarEntry<'a, R>> {
        match self.size {
            Some(size) if size > MAX_SIZE => return Err(io::ErrorKind::FileTooLarge.into()),
            Some(size) if size != entry.size() => return Err(invalid("it says two sizes of one file")),
            _ => {}
        }
        if entry
            .header()
            .as_gnu()
            .is_some_and(|header| header.is_extended() && entry.header().entry_type() == EntryType::GNUSparse)
        {
            return Err(invalid("it has sparse files: make it without tar's option -S"));
        }
        let path = self.path.unwrap_or_else(|| entry.path_bytes().into_owned());
        let target = self.target.unwrap_or_else(|| entry.link_name_bytes().unwrap_or_default().into_owned());
        Ok(TarEntry { path, target, entry })
    }
}

fn extension(entry: &mut Entry<'_, impl Read>) -> io::Result<Vec<u8>> {
    let size = entry.size();
    if size > MAX_EXTENSION {
        return Err(invalid("it has a name, or an extended header, of more than 64 KB"));
    }
    let mut content = Vec::new();
    entry.read_to_end(&mut content)?;
    if content.len() as u64 == size { Ok(content) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Up to its NUL.
fn text(mut content: Vec<u8>) -> Vec<u8> {
    let end = content.iter().position(|byte| *byte == 0).unwrap_or(content.len());
    content.truncate(end);
    content
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One entry as it stands in a tar, with the size that its header says.
    pub(crate) fn raw(kind: EntryType, name: &str, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        let mut bytes = [header.as_bytes().as_slice(), content].concat();
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes
    }

    fn read(entries: &[Vec<u8>]) -> Result<Vec<(String, String, String)>, String> {
        let bytes = entries.concat();
        let mut archive = Archive::new(bytes.as_slice());
        let read = TarEntries::of(&mut archive).unwrap().map(|entry| {
            let TarEntry { path, target, mut entry } = entry?;
            let mut content = String::new();
            entry.read_to_string(&mut content)?;
            Ok((String::from_utf8(path).unwrap(), String::from_utf8(target).unwrap(), content))
        });
        read.collect::<io::Result<_>>().map_err(|error| error.to_string())
    }

    fn pax(key: &str, value: &str) -> Vec<u8> {
        // The length counts its own digits; these are records of 20 to 90 bytes.
        let length = key.len() + value.len() + 5;
        raw(EntryType::XHeader, "x", format!("{length} {key}={value}\n").as_bytes())
    }

    #[test]
    fn a_name_that_does_not_fit_in_a_header_comes_before_it() {
        let long = "n".repeat(200);
        let gnu = |kind, text: &str| raw(kind, "././@LongLink", format!("{text}\0").as_bytes());
        let entries = [
            gnu(EntryType::GNULongName, &long),
            gnu(EntryType::GNULongLink, "target"),
            raw(EntryType::Symlink, "n", b""),
            pax("path", "a name of some length"),
            raw(EntryType::Regular, "n", b"x"),
            raw(EntryType::XGlobalHeader, "pax_global_header", b"52 comment=0\n"),
            raw(EntryType::Regular, "plain", b"y"),
        ];
        let text = |path: &str, target: &str, content: &str| (path.to_owned(), target.to_owned(), content.to_owned());
        let expected = [text(&long, "target", ""), text("a name of some length", "", "x"), text("plain", "", "y")];
        assert_eq!(read(&entries).unwrap(), expected);
    }

    #[test]
    fn a_name_without_end_is_not_read() {
        let kinds = [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader, EntryType::XGlobalHeader];
        for kind in kinds {
            // Only the header: none of what it promises is there to be read.
            let mut promise = raw(kind, "x", &vec![b'n'; (64 << 10) + 1]);
            promise.truncate(512);
            let error = read(&[promise]).unwrap_err();
            assert_eq!(error, "it has a name, or an extended header, of more than 64 KB", "{kind:?}");
        }
    }

    #[test]
    fn what_two_readers_would_read_differently_is_refused() {
        let file = raw(EntryType::Regular, "n", b"x");
        assert!(read(&[pax("path", "a name of\0 some length"), file.clone()]).unwrap_err().contains("NUL byte"));
        assert!(read(&[pax("size", "0000000000000000000512"), file]).unwrap_err().contains("two sizes"));
    }
}
