//! A directory of a container that does nothing more, or a slug that was made elsewhere, as a layer: the tar, written anew so that only what
//! a slug may hold is in it, whatever the build or the client put there.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
    path::{Component, Path},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use paas_hosts::ByteStream;
use paas_model::SlugLayer;
use tar::{Archive, EntryType, Header};
use tokio::sync::mpsc;

use crate::{
    BuilderError, Registry,
    bridge::{bridge, in_background},
    folders::Folders,
    gzip::GzipWriter,
    layer_writer::{Digests, LayerWriter},
    names::{MAX_FILES, Names},
    secrets::Secrets,
    tar_entries::{TarEntries, TarEntry},
};

/// What is written anew, and how.
#[derive(Debug, Clone)]
pub(crate) struct Repack {
    /// What every path begins with: `app`, or `app/node_modules`.
    pub root: String,
    pub from: From,
    pub budget: Budget,
    /// Files with one of these are told of.
    pub secrets: Secrets,
    /// In seconds: files that are newer get this time, so that the same build makes the same layer another day.
    pub newest: Option<u64>,
    /// Whether no other layer of the slug follows. Those before have no end of their own, so that all of them, one after the
    /// other, are one archive.
    pub is_last: bool,
    /// What earlier layers of the slug have: `app/node_modules`. Nothing of this one may lie in there.
    pub taken: Vec<String>,
}

/// What a slug may still have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Bytes.
    pub compressed: u64,
    /// Bytes of the tar: files of zeros by the terabyte would keep a build reading for days.
    pub unpacked: u64,
    pub files: usize,
}

impl Budget {
    /// Of a slug with at most so many compressed bytes.
    pub(crate) fn of_slug(compressed: u64) -> Self {
        Self { compressed, unpacked: compressed.saturating_mul(EXPANSION), files: MAX_FILES }
    }

    /// What is left of it. `None`: it does not suffice.
    pub(crate) fn less(self, layer: &Layer) -> Option<Self> {
        Some(Self {
            compressed: self.compressed.checked_sub(layer.slug.size)?,
            unpacked: self.unpacked.checked_sub(layer.unpacked)?,
            files: self.files.checked_sub(layer.files)?,
        })
    }
}

/// What the tar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The engine's, of one directory, whose name is taken off. What no layer can hold is left out: the build has run.
    Container,
    /// A client's, of which only what is under the root counts. It is taken as it is, or not at all.
    Archive,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    Layer(Box<Layer>),
    /// The archive is none, or holds what no slug may.
    Refused {
        why: String,
    },
    /// Over the limit; the registry has nothing of it. `size` is what it would have had.
    TooLarge {
        size: u64,
    },
}

/// A layer that the registry has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layer {
    pub slug: SlugLayer,
    /// How long the registry took after the layer's last byte was made.
    pub upload: Duration,
    /// Files that no layer can hold, as the user should hear of them; some of them, at most.
    pub left_out: Vec<String>,
    /// Files that hold the value of a config var, and its name; some of them, at most.
    pub secrets: Vec<(String, String)>,
    pub folders: Folders,
    /// Bytes of the tar.
    pub unpacked: u64,
    /// All that is no directory.
    pub files: usize,
}

/// The account that dynos run as; every file of a slug is theirs.
const OWNER: u64 = 1000;

/// An unpacked slug may be this many times its compressed limit.
pub(crate) const EXPANSION: u64 = 16;

/// Names of files left out that are worth listing.
const LISTED: usize = 10;

/// Bytes of a file that are read at a time.
const PIECE: usize = 64 << 10;

/// Longest path, as Linux has it.
const MAX_PATH: usize = 4096;

/// Most symbolic links of an archive, and bytes of their names: they are kept in memory.
const MAX_LINKS: usize = 100_000;
const MAX_LINK_BYTES: usize = 16 << 20;

impl Repack {
    /// Reads the engine's tar, and stores the layer as it is made: reading, hashing, compressing and sending overlap,
    /// and nothing touches the disk.
    ///
    /// # Errors
    /// [`BuilderError::Registry`], [`BuilderError::Engine`], or [`BuilderError::Io`] for a tar that is none.
    pub(crate) async fn store(
        self,
        tar: ByteStream,
        registry: &Registry,
        repository: &str,
    ) -> Result<Stored, BuilderError> {
        let (reader, feed) = bridge(tar, BuilderError::engine("read a build's result"));
        self.store_from(|| reader, feed, registry, repository).await
    }

    /// The same with what the tar is read from, which is opened where it may block, and the future that feeds it.
    pub(crate) async fn store_from<R: Read>(
        self,
        open: impl FnOnce() -> R + Send + 'static,
        feed: impl Future<Output = Result<(), BuilderError>> + Send,
        registry: &Registry,
        repository: &str,
    ) -> Result<Stored, BuilderError> {
        let (limit, from) = (self.budget.compressed, self.from);
        let (sender, compressed) = mpsc::channel::<io::Result<Bytes>>(4);
        let size = Arc::new(AtomicU64::new(0));
        let counted = size.clone();
        let work = in_background(move || {
            let sink = sender.clone();
            let mut gzip = GzipWriter::new(move |bytes| {
                let total = counted.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
                // Past the limit the upload has ended; the rest is only counted, to say by how much it is too large.
                sink.blocking_send(Ok(bytes)).is_ok() || total > limit
            });
            let result = self.run(open(), self.writer(&mut gzip)).and_then(|written| gzip.finish().map(|()| written));
            if result.is_err() {
                // The upload must fail too, or the registry would take half a layer for a whole one.
                drop(sender.blocking_send(Err(io::ErrorKind::UnexpectedEof.into())));
            }
            result
        });
        let upload = registry.put_blob(repository, tokio_stream::wrappers::ReceiverStream::new(compressed), limit);
        let work = async { (work.await, Instant::now()) };
        let (fed, (worked, made), uploaded) = tokio::join!(feed, work, upload);
        let upload = made.elapsed();
        fed?;
        let io = |source| BuilderError::Io { what: "the build's result", source };
        match (worked, uploaded) {
            (Err(error), _) if error.kind() == io::ErrorKind::FileTooLarge => {
                Ok(Stored::TooLarge { size: limit.saturating_mul(EXPANSION) })
            }
            (Ok(written), Ok(blob)) => Ok(Stored::Layer(Box::new(Layer {
                slug: SlugLayer {
                    digest: blob.digest,
                    diff_id: written.digests.diff_id.unwrap_or_default(),
                    size: blob.size,
                    content: written.digests.content,
                    tree: None,
                },
                upload,
                left_out: written.left_out,
                secrets: written.secrets,
                folders: written.folders,
                unpacked: written.unpacked,
                files: written.files,
            }))),
            (Ok(_), Err(BuilderError::BlobTooLarge { .. })) => {
                Ok(Stored::TooLarge { size: size.load(Ordering::Relaxed) })
            }
            (_, Err(error @ BuilderError::Registry { .. })) | (Ok(_), Err(error)) => Err(error),
            (Err(error), _) if from == From::Archive || error.kind() == io::ErrorKind::QuotaExceeded => {
                Ok(Stored::Refused { why: error.to_string() })
            }
            (Err(error), _) => Err(io(error)),
        }
    }

    /// Looks what the layer would be, and makes none, if it has this content.
    ///
    /// # Errors
    /// As [`Self::store`]. A tar that is too large, or has too many files, is none that anybody knows.
    pub(crate) async fn look(self, tar: ByteStream, known: &[SlugLayer]) -> Result<Option<Layer>, BuilderError> {
        let (reader, feed) = bridge(tar, BuilderError::engine("read a build's result"));
        let work = in_background(move || self.run(reader, self.writer(io::sink()).without_diff_id()));
        let (fed, worked) = tokio::join!(feed, work);
        fed?;
        let written = match worked {
            Err(error) if matches!(error.kind(), io::ErrorKind::FileTooLarge | io::ErrorKind::QuotaExceeded) => {
                return Ok(None);
            }
            worked => worked.map_err(BuilderError::io("the build's result"))?,
        };
        let same = known.iter().find(|layer| layer.content == written.digests.content);
        Ok(same.map(|same| Layer {
            slug: same.clone(),
            upload: Duration::ZERO,
            left_out: written.left_out,
            secrets: written.secrets,
            folders: written.folders,
            unpacked: written.unpacked,
            files: written.files,
        }))
    }

    fn writer<W: Write>(&self, output: W) -> LayerWriter<W> {
        LayerWriter::new(output, self.budget.unpacked)
    }

    fn run(&self, input: impl Read, output: LayerWriter<impl Write>) -> io::Result<Written> {
        let mut writer = Rewriter {
            root: &self.root,
            from: self.from,
            newest: self.newest.unwrap_or(u64::MAX),
            links: BTreeSet::new(),
            link_bytes: 0,
            files: Names::at_most(self.budget.files),
            taken: &self.taken,
            is_empty: true,
            output,
            left_out: vec![],
            secrets: &self.secrets,
            found: vec![],
            folders: Folders::default(),
        };
        let mut archive = Archive::new(input);
        for entry in TarEntries::of(&mut archive)? {
            writer.entry(entry?)?;
        }
        if self.from == From::Archive && writer.is_empty {
            return Err(invalid(format!("it holds nothing under ./{}", self.root)));
        }
        if self.is_last {
            writer.output.write_all(&[0; 1024])?;
        }
        Ok(Written {
            unpacked: self.budget.unpacked - writer.output.left(),
            files: writer.files.count(),
            digests: writer.output.finish(),
            left_out: writer.left_out,
            secrets: writer.found,
            folders: writer.folders,
        })
    }
}

/// What [`Layer`] says of a tar.
struct Written {
    digests: Digests,
    unpacked: u64,
    files: usize,
    left_out: Vec<String>,
    secrets: Vec<(String, String)>,
    folders: Folders,
}

struct Rewriter<'a, W> {
    root: &'a str,
    taken: &'a [String],
    from: From,
    newest: u64,
    /// Names of the symbolic links of an archive: nothing may lie under one, or it would land elsewhere.
    links: BTreeSet<Vec<u8>>,
    link_bytes: usize,
    /// What is in the layer and no directory. Engines refuse layers with files below one, and with hard links to what is not
    /// there.
    files: Names,
    /// Nothing under the root yet.
    is_empty: bool,
    output: LayerWriter<W>,
    left_out: Vec<String>,
    secrets: &'a Secrets,
    found: Vec<(String, String)>,
    folders: Folders,
}

impl<W: Write> Rewriter<'_, W> {
    fn entry(&mut self, TarEntry { path, target, mut entry }: TarEntry<'_, impl Read>) -> io::Result<()> {
        if self.from == From::Archive && !self.counts(&path) {
            return Ok(());
        }
        let Some(name) = self.name(&path) else { return self.leave_out(&path, "its path leaves the app") };
        if name.len().max(target.len()) > MAX_PATH {
            return self.leave_out(&path, "its path, or what it links to, is longer than 4096 bytes");
        }
        let kind = entry.header().entry_type();
        if self.from == From::Archive {
            if name == self.root.as_bytes() && kind != EntryType::Directory {
                return self.leave_out(&path, "it is no directory");
            }
            if prefixes(&name).any(|prefix| self.links.contains(prefix)) {
                return self.leave_out(&path, "it lies under a symbolic link");
            }
            if kind == EntryType::Symlink {
                self.link_bytes += name.len();
                self.links.insert(name.clone());
                if self.links.len() > MAX_LINKS || self.link_bytes > MAX_LINK_BYTES {
                    return Err(invalid(format!("it has more than {MAX_LINKS} symbolic links, or too long ones")));
                }
            }
            self.is_empty &= name == self.root.as_bytes();
        }
        if self.from == From::Container && name == self.root.as_bytes() && kind != EntryType::Directory {
            return self.leave_out(&path, "it is no directory");
        }
        let mut outer = prefixes(&name).chain([&name[..]]);
        if outer.any(|prefix| self.taken.iter().any(|taken| taken.as_bytes() == prefix)) {
            return self.leave_out(&path, "it came back after the build had ended");
        }
        if base_name(&name).starts_with(b".wh.") {
            // In a layer, such a name deletes another file instead of being one.
            return self.leave_out(&path, "image layers give names that begin with .wh. another meaning");
        }
        if prefixes(&name).any(|prefix| self.files.contains(prefix)) {
            return self.leave_out(&path, "it lies under a file");
        }
        let mode = entry.header().mode().unwrap_or(0o644) & 0o777;
        let mut header = Header::new_gnu();
        header.set_uid(OWNER);
        header.set_gid(OWNER);
        // In whole seconds. Not one for all: web servers make ETags of it, which must change with the file.
        header.set_mtime(entry.header().mtime().unwrap_or(0).min(self.newest));
        match kind {
            EntryType::Regular | EntryType::Continuous => {
                let size = entry.size();
                header.set_entry_type(EntryType::Regular);
                header.set_mode(mode | 0o400);
                header.set_size(size);
                self.files.insert(&name)?;
                self.count(&name, size);
                self.output.head(header, &name, b"")?;
                let copied = self.copy(&mut entry, &name)?;
                if copied != size {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                self.output.pad(size)
            }
            EntryType::Directory => {
                header.set_entry_type(EntryType::Directory);
                header.set_mode(mode | 0o700);
                header.set_size(0);
                self.files.remove(&name);
                self.output.head(header, &[&name[..], b"/"].concat(), b"")
            }
            // Where it points is the dyno's business: nothing here ever follows it.
            EntryType::Symlink => {
                header.set_entry_type(EntryType::Symlink);
                header.set_mode(0o777);
                header.set_size(0);
                self.files.insert(&name)?;
                self.count(&name, 0);
                self.output.head(header, &name, &target)
            }
            EntryType::Link => {
                let Some(target) = self.name(&target) else { return self.leave_out(&path, "it links out of the app") };
                if prefixes(&target).any(|prefix| self.links.contains(prefix)) {
                    return self.leave_out(&path, "it links through a symbolic link");
                }
                if !self.files.contains(&target) {
                    return self.leave_out(&path, "it links to what is not in the slug");
                }
                self.files.insert(&name)?;
                self.count(&name, 0);
                header.set_entry_type(EntryType::Link);
                header.set_mode(mode | 0o400);
                header.set_size(0);
                self.output.head(header, &name, &target)
            }
            _ => self.leave_out(&path, "it is neither a file, a directory nor a link"),
        }
    }

    fn count(&mut self, name: &[u8], bytes: u64) {
        self.folders.count(name.get("app/".len()..).unwrap_or_default(), bytes);
    }

    /// Writes a file's content, and looks for config vars in it.
    fn copy(&mut self, content: &mut impl Read, name: &[u8]) -> io::Result<u64> {
        if self.secrets.is_empty() || self.found.len() >= LISTED {
            return io::copy(content, &mut self.output);
        }
        // The end of each piece is looked at again with the next one: a value may begin there.
        let (secrets, overlap) = (self.secrets, self.secrets.longest() - 1);
        let (mut piece, mut kept, mut copied, mut found) = (vec![0; overlap + PIECE], 0, 0, None);
        loop {
            let read = content.read(&mut piece[kept..])?;
            if read == 0 {
                break;
            }
            let end = kept + read;
            self.output.write_all(&piece[kept..end])?;
            copied += read as u64;
            found = found.or_else(|| secrets.first_in(&piece[..end]));
            kept = overlap.min(end);
            piece.copy_within(end - kept..end, 0);
        }
        if let Some(secret) = found {
            self.found.push((in_the_app(name), secret.to_owned()));
        }
        Ok(copied)
    }

    /// Whether an archive's entry is under the root, or nowhere that it may be.
    fn counts(&self, path: &[u8]) -> bool {
        match as_path(path).components().find(|part| *part != Component::CurDir) {
            Some(Component::Normal(top)) => top == self.root,
            Some(_) => true,
            None => false,
        }
    }

    /// `build_1a2b3c4d/lib/x`, or an archive's `./app/lib/x`, as `app/lib/x`. `None`: it does not stay inside.
    fn name(&self, path: &[u8]) -> Option<Vec<u8>> {
        use std::os::unix::ffi::OsStringExt;
        let mut parts = as_path(path).components();
        if self.from == From::Archive && parts.clone().next() == Some(Component::CurDir) {
            parts.next();
        }
        let Some(Component::Normal(top)) = parts.next() else { return None };
        // An archive's top is the root itself; the engine's is whatever the directory is called.
        if self.from == From::Archive && top != self.root {
            return None;
        }
        let mut name = std::path::PathBuf::from(self.root);
        for part in parts {
            match part {
                Component::Normal(part) => name.push(part),
                Component::CurDir => {}
                _ => return None,
            }
        }
        Some(name.into_os_string().into_vec())
    }

    fn leave_out(&mut self, path: &[u8], why: &str) -> io::Result<()> {
        if self.from == From::Archive {
            let name: String = String::from_utf8_lossy(path).chars().take(200).collect();
            return Err(invalid(format!("{} cannot be in a slug: {why}", name.escape_debug())));
        }
        if self.left_out.len() < LISTED {
            let name = self.name(path).unwrap_or_else(|| path.to_owned());
            self.left_out.push(format!("{} was left out: {why}", in_the_app(&name)));
        }
        Ok(())
    }
}

/// A path without its first component, as it can be shown.
fn in_the_app(path: &[u8]) -> String {
    let name: String = String::from_utf8_lossy(path).chars().take(200).collect();
    name.split_once('/').map_or(name.as_str(), |(_, rest)| rest).escape_debug().to_string()
}

pub(crate) fn as_path(path: &[u8]) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(path))
}

/// `app/lib/x` is under `app/lib` and `app`.
fn prefixes(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &name[..at])
}

fn invalid(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar_entries::tests::raw;

    fn repack(from: From) -> Repack {
        let secrets = Secrets::default();
        let budget = Budget::of_slug(1 << 30);
        Repack { root: "app".to_owned(), from, budget, secrets, newest: None, is_last: true, taken: vec![] }
    }

    fn repacked(from: From, entries: &[Vec<u8>]) -> Result<Vec<String>, String> {
        let ran = repack(from).run(entries.concat().as_slice(), repack(from).writer(io::sink()));
        ran.map(|written| written.left_out).map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_found_wherever_it_stands_in_a_file() {
        let config = serde_json::from_str(r#"{"KEY": "0123456789abcdef"}"#).unwrap();
        let secrets = Secrets::warned_of_in_slugs(&config);
        for place in [0, 1, PIECE - 8, PIECE, 3 * PIECE - 1] {
            let content = [&vec![b'.'; place][..], b"0123456789abcdef", &[b'.'; 9]].concat();
            let tar = [raw(EntryType::Regular, "x/a/b", &content), raw(EntryType::Regular, "x/c", b"0123")].concat();
            let repack = Repack { secrets: secrets.clone(), ..repack(From::Container) };
            let mut output = vec![];
            let written = repack.run(tar.as_slice(), repack.writer(&mut output)).unwrap();
            assert_eq!(written.secrets, [("a/b".to_owned(), "KEY".to_owned())], "{place}");
            assert!(output.windows(content.len()).any(|window| window == content), "{place}: nothing is lost");
        }
    }

    #[test]
    fn a_path_that_linux_cannot_have_is_no_part_of_a_slug() {
        let long = |length: usize| {
            let name = format!("app/{}\0", "n".repeat(length - 4));
            [raw(EntryType::GNULongName, "x", name.as_bytes()), raw(EntryType::Regular, "x", b"")]
        };
        assert_eq!(repacked(From::Archive, &long(4096)).unwrap(), Vec::<String>::new());
        let error = repacked(From::Archive, &long(4097)).unwrap_err();
        assert!(error.ends_with("its path, or what it links to, is longer than 4096 bytes"), "{error}");
        assert_eq!(repacked(From::Container, &long(4097)).unwrap().len(), 1);
    }

    #[test]
    fn what_an_engine_cannot_unpack_is_no_part_of_a_slug() {
        let link = |name: &str, target: &str| {
            let mut entry = Header::new_gnu();
            entry.set_entry_type(EntryType::Link);
            entry.set_path(name).unwrap();
            entry.set_link_name(target).unwrap();
            entry.set_size(0);
            entry.set_cksum();
            entry.as_bytes().to_vec()
        };
        let file = |name: &str| raw(EntryType::Regular, name, b"");
        let complaint = |entries: &[Vec<u8>]| repacked(From::Archive, entries).unwrap_err();
        assert!(
            complaint(&[file("app/a"), file("app/a/b")]).ends_with("app/a/b cannot be in a slug: it lies under a file")
        );
        assert!(complaint(&[link("app/b", "app/a")]).ends_with("it links to what is not in the slug"));
        assert!(repacked(From::Archive, &[file("app/a"), link("app/b", "app/a"), link("app/c", "app/b")]).is_ok());
        // Of a build that has run, it is left out: here the name that the file would have had means something else in a layer.
        let left_out = repacked(From::Container, &[file("app/.wh.a"), link("app/b", "app/.wh.a")]).unwrap();
        assert_eq!(left_out.len(), 2, "{left_out:?}");
    }

    #[test]
    fn a_layer_adds_nothing_to_what_another_one_has_and_is_a_directory() {
        let left_out = |repack: Repack, entries: &[Vec<u8>]| {
            repack.run(entries.concat().as_slice(), repack.writer(io::sink())).unwrap().left_out
        };
        let file = |name: &str| raw(EntryType::Regular, name, b"");
        let last = Repack { taken: vec!["app/deps".to_owned()], ..repack(From::Container) };
        assert_eq!(
            left_out(last, &[file("x/deps/a"), file("x/deps"), file("x/deps2/a"), file("x/lib/deps")]),
            ["deps/a", "deps"].map(|name| format!("{name} was left out: it came back after the build had ended"))
        );
        let large = Repack { root: "app/deps".to_owned(), ..repack(From::Container) };
        let link = raw(EntryType::Symlink, "deps", b"");
        assert_eq!(left_out(large.clone(), &[link]), ["deps was left out: it is no directory"]);
        assert_eq!(left_out(large, &[file("deps/.wh.a")]).len(), 1);
    }

    #[test]
    fn links_that_are_remembered_have_an_end() {
        let links =
            |count: usize| (0..count).map(|n| raw(EntryType::Symlink, &format!("app/{n}"), b"")).collect::<Vec<_>>();
        assert!(repacked(From::Archive, &links(MAX_LINKS)).is_ok());
        let error = repacked(From::Archive, &links(MAX_LINKS + 1)).unwrap_err();
        assert!(error.starts_with("it has more than 100000 symbolic links"), "{error}");
    }
}
