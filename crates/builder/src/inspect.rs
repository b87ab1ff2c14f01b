//! What is in a slug, read from its layer in the registry as it streams by. Nothing is unpacked, and what is remembered is
//! bounded: the layer is ours, but what is in it is an app's.

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    io::{self, Read},
};

use flate2::read::MultiGzDecoder;
use paas_model::{AppId, SlugLayer};
use sha2::{Digest, Sha256};
use tar::{Archive, EntryType};
use tokio::sync::Semaphore;

use crate::{
    Builder, BuilderError, FolderSize, InputError,
    bridge::bridge,
    folders::Folders,
    layer::EXPANSION,
    tar_entries::{TarEntries, TarEntry},
};

/// The files of a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlugContents {
    /// By path, directories left out.
    pub files: Vec<SlugFile>,
    /// The largest first, each followed by the largest in it.
    pub folders: Vec<FolderSize>,
    /// Unpacked.
    pub bytes: u64,
}

/// One file, as it lies in `/app`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlugFile {
    /// Below `/app`. What is no text in it is replaced.
    pub path: String,
    pub facts: FileFacts,
}

/// What can be said of a file without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFacts {
    pub kind: FileKind,
    /// Permissions: `0o644`.
    pub mode: u32,
    /// Bytes of its content; links have none.
    pub size: u64,
    /// What a link points at.
    pub target: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    File,
    Symlink,
    /// Another name of a file.
    Link,
}

/// How one slug differs from another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlugDiff {
    /// By path.
    pub files: Vec<FileChange>,
    /// How many are the same in both.
    pub unchanged: u64,
    /// Unpacked bytes of each.
    pub bytes: [u64; 2],
}

/// A file that is in one of two slugs, or is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    pub path: String,
    /// `None`: it was added.
    pub from: Option<FileFacts>,
    /// `None`: it was removed.
    pub to: Option<FileFacts>,
}

/// Most files that are remembered, and most bytes of their names and what they link to.
const MAX_FILES: usize = 200_000;
const MAX_NAME_BYTES: usize = 32 << 20;

/// How many slugs are read side by side: each takes a thread, and memory.
static READERS: Semaphore = Semaphore::const_new(4);

impl Builder {
    /// What is in a slug.
    ///
    /// # Errors
    /// [`InputError::Refused`] for a slug with too many files to list; [`BuilderError::NotFound`] inside of
    /// [`InputError::Infrastructure`] when the registry does not have a layer any more.
    pub async fn slug_contents(&self, app: AppId, slug: &[SlugLayer]) -> Result<SlugContents, InputError> {
        let read = self.read(app, slug, Content::Skipped).await?;
        let files = read.files.into_iter().map(|(path, (facts, _))| SlugFile { path: text(&path), facts }).collect();
        Ok(SlugContents { files, folders: read.folders.by_size(), bytes: read.folders.total().1 })
    }

    /// How one slug differs from another: by type, permissions, size and content of
    /// each file. Times are not looked at.
    ///
    /// # Errors
    /// As [`Self::slug_contents`].
    pub async fn slug_diff(&self, app: AppId, from: &[SlugLayer], to: &[SlugLayer]) -> Result<SlugDiff, InputError> {
        if from.iter().map(|layer| &layer.digest).eq(to.iter().map(|layer| &layer.digest)) {
            let same = self.read(app, from, Content::Skipped).await?;
            let (files, bytes) = same.folders.total();
            return Ok(SlugDiff { files: Vec::new(), unchanged: files, bytes: [bytes, bytes] });
        }
        let (from, to) = tokio::try_join!(self.read(app, from, Content::Hashed), self.read(app, to, Content::Hashed))?;
        let bytes = [from.folders.total().1, to.folders.total().1];
        let (files, unchanged) = merge(from.files, to.files);
        Ok(SlugDiff { files, unchanged, bytes })
    }

    async fn read(&self, app: AppId, slug: &[SlugLayer], content: Content) -> Result<Listing, InputError> {
        let _turn = READERS.acquire().await.map_err(|closed| InputError::Refused(closed.to_string()))?;
        let mut listing = Listing::default();
        for layer in slug {
            listing = self.read_layer(app, &layer.digest, content, listing).await?;
        }
        Ok(listing)
    }

    /// Adds to the listing what is in one layer.
    async fn read_layer(
        &self,
        app: AppId,
        digest: &str,
        content: Content,
        mut listing: Listing,
    ) -> Result<Listing, InputError> {
        let (_, blob) = self.registry.get_blob(&format!("apps/{app}"), digest).await?;
        let (reader, feed) = bridge(blob, BuilderError::io("a slug's layer"));
        let most = self.config.limits.slug_bytes.saturating_mul(EXPANSION);
        let work = tokio::task::spawn_blocking(move || {
            listing.add(MultiGzDecoder::new(reader).take(most), content).map(|()| listing)
        });
        let (fed, listed) = tokio::join!(feed, work);
        fed?;
        match listed.unwrap_or_else(|panicked| Err(io::Error::other(panicked))) {
            Ok(listed) => Ok(listed),
            Err(error) if matches!(error.get_ref(), Some(inner) if inner.is::<TooMany>()) => {
                Err(InputError::Refused(error.to_string()))
            }
            Err(source) => Err(BuilderError::Io { what: "a slug's layer", source }.into()),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Skipped,
    Hashed,
}

/// Files by their path below the app, with the hash of their content where it was asked for.
#[derive(Debug, Default)]
struct Listing {
    files: BTreeMap<Vec<u8>, (FileFacts, [u8; 32])>,
    name_bytes: usize,
    folders: Folders,
}

#[derive(Debug, thiserror::Error)]
#[error("it has more than {MAX_FILES} files, or very long names, which are too many to list")]
struct TooMany;

impl Listing {
    fn add(&mut self, tar: impl Read, content: Content) -> io::Result<()> {
        let mut archive = Archive::new(tar);
        for entry in TarEntries::of(&mut archive)? {
            let TarEntry { path, target, mut entry } = entry?;
            let kind = match entry.header().entry_type() {
                EntryType::Regular | EntryType::Continuous => FileKind::File,
                EntryType::Symlink => FileKind::Symlink,
                EntryType::Link => FileKind::Link,
                _ => continue,
            };
            let path = below_root(&path).to_vec();
            let mode = entry.header().mode()? & 0o777;
            let (size, hash) = match (kind, content) {
                (FileKind::File, Content::Hashed) => (entry.size(), hash(&mut entry)?),
                (FileKind::File, Content::Skipped) => (entry.size(), [0; 32]),
                (FileKind::Symlink | FileKind::Link, _) => (0, [0; 32]),
            };
            let target = match kind {
                FileKind::File => None,
                FileKind::Symlink => Some(text(&target)),
                FileKind::Link => Some(text(below_root(&target))),
            };
            self.name_bytes += path.len() + target.as_ref().map_or(0, String::len);
            self.folders.count(&path, size);
            self.files.insert(path, (FileFacts { kind, mode, size, target }, hash));
            if self.files.len() > MAX_FILES || self.name_bytes > MAX_NAME_BYTES {
                return Err(io::Error::other(TooMany));
            }
        }
        Ok(())
    }
}

fn hash(content: &mut impl Read) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        match content.read(&mut piece)? {
            0 => return Ok(hash.finalize().into()),
            read => hash.update(&piece[..read]),
        }
    }
}

type Files = BTreeMap<Vec<u8>, (FileFacts, [u8; 32])>;

/// What differs, by path, and how many do not.
fn merge(from: Files, to: Files) -> (Vec<FileChange>, u64) {
    let (mut from, mut to) = (from.into_iter().peekable(), to.into_iter().peekable());
    let (mut changes, mut unchanged) = (Vec::new(), 0);
    loop {
        let order = match (from.peek(), to.peek()) {
            (None, None) => return (changes, unchanged),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((old, _)), Some((new, _))) => old.cmp(new),
        };
        let old = order.is_le().then(|| from.next()).flatten();
        let new = order.is_ge().then(|| to.next()).flatten();
        if old.as_ref().map(|(_, file)| file) == new.as_ref().map(|(_, file)| file) {
            unchanged += 1;
        } else if let Some((path, _)) = new.as_ref().or(old.as_ref()) {
            let path = text(path);
            let facts = |file: Option<(_, (FileFacts, _))>| file.map(|(_, (facts, _))| facts);
            changes.push(FileChange { path, from: facts(old), to: facts(new) });
        }
    }
}

/// `app/lib/x` is `lib/x`.
fn below_root(path: &[u8]) -> &[u8] {
    let slash = path.iter().position(|byte| *byte == b'/');
    slash.map_or(path, |slash| &path[slash + 1..])
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar_entries::tests::raw;

    fn list(entries: &[Vec<u8>], content: Content) -> io::Result<Listing> {
        let mut listing = Listing::default();
        listing.add(entries.concat().as_slice(), content).map(|()| listing)
    }

    fn listing(entries: &[Vec<u8>]) -> Listing {
        list(entries, Content::Hashed).unwrap()
    }

    fn link(kind: EntryType, name: &str, target: &str) -> Vec<u8> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path(name).unwrap();
        header.set_link_name(target).unwrap();
        header.set_mode(0o777);
        header.set_size(0);
        header.set_cksum();
        header.as_bytes().to_vec()
    }

    fn executable(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = raw(EntryType::Regular, name, content);
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes().copy_from_slice(&bytes[..512]);
        header.set_mode(0o755);
        header.set_cksum();
        bytes[..512].copy_from_slice(header.as_bytes());
        bytes
    }

    #[test]
    fn two_slugs_differ_by_what_was_added_removed_and_changed() {
        let file = |name: &str, content: &str| raw(EntryType::Regular, name, content.as_bytes());
        let from = listing(&[
            raw(EntryType::Directory, "app/", b""),
            file("app/same", "same"),
            file("app/gone", "x"),
            file("app/content", "one"),
            file("app/mode", "m"),
            link(EntryType::Symlink, "app/target", "same"),
            file("app/kind", ""),
        ]);
        let to = listing(&[
            raw(EntryType::Directory, "app/lib/", b""),
            file("app/content", "two"),
            executable("app/mode", b"m"),
            link(EntryType::Symlink, "app/target", "content"),
            link(EntryType::Link, "app/kind", "app/same"),
            file("app/lib/new", "x"),
            file("app/same", "same"),
        ]);
        let (changes, unchanged) = merge(from.files, to.files);
        let shown: Vec<_> =
            changes.iter().map(|change| (change.path.as_str(), change.from.is_some(), change.to.is_some())).collect();
        let expected = [
            ("content", true, true),
            ("gone", true, false),
            ("kind", true, true),
            ("lib/new", false, true),
            ("mode", true, true),
            ("target", true, true),
        ];
        assert_eq!((shown.as_slice(), unchanged), (expected.as_slice(), 1));
        let to = |at: usize| changes[at].to.clone().unwrap();
        assert_eq!((to(2).kind, to(2).target.as_deref()), (FileKind::Link, Some("same")));
        assert_eq!((to(4).mode, to(5).target.as_deref()), (0o755, Some("content")));
    }

    #[test]
    fn what_is_listed_has_an_end() {
        let files: Vec<_> =
            (0..=MAX_FILES).map(|number| raw(EntryType::Regular, &format!("app/{number}"), b"")).collect();
        assert!(list(&files[..MAX_FILES], Content::Skipped).is_ok());
        let error = list(&files, Content::Skipped).unwrap_err();
        assert!(error.to_string().starts_with("it has more than 200000 files"), "{error}");
    }
}
