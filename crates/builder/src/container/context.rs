//! The context of an image's build: a directory of the source, less what `.dockerignore` says, as an uncompressed tar that
//! is made while the engine reads it.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures::{StreamExt, stream};
use paas_hosts::{ByteStream, EngineError};
use tar::{Archive, EntryType, Header};
use tokio::sync::mpsc;

use super::ignored::Ignored;
use crate::{
    Builder, BuilderError,
    bridge::bridge,
    layer::as_path,
    sandbox::SOURCES,
    source_file::plain,
    tar_entries::{TarEntries, TarEntry},
};

/// Where the engine finds the Dockerfile. With the file below, which the engine itself looks into, neither of the two is seen
/// by the build.
pub(super) const DOCKERFILE: &str = ".dockerfile.paas";
const DOCKERIGNORE: &str = ".dockerignore";
const IGNORES_BOTH: &str = ".dockerignore\n.dockerfile.paas\n";

/// Bytes that are sent at a time.
const PIECE: usize = 64 << 10;

/// What becomes the context.
pub(super) struct Context {
    /// The directory of the source that is the tree. `None`: all of it.
    pub root: Option<PathBuf>,
    /// Within the tree; empty for all of it.
    pub directory: PathBuf,
    pub ignored: Ignored,
    /// The Dockerfile, as the engine is to read it.
    pub dockerfile: String,
    /// Most bytes of the source's tar.
    pub limit: u64,
}

/// Why there is no context.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoContext {
    #[error("the source is larger than {} MB when it is unpacked", limit >> 20)]
    TooLarge { limit: u64 },
    #[error("the source is no gzipped tar archive that can be used ({0})")]
    Archive(io::Error),
    #[error("the source cannot be read")]
    Source(#[from] BuilderError),
}

impl Context {
    /// The tar, and what drives it: its end says whether all of the source was in it. It ends early, and well, when nobody
    /// reads the tar any more.
    pub(super) async fn stream(
        self,
        builder: &Builder,
        source: &str,
    ) -> Result<(ByteStream, impl Future<Output = Result<(), NoContext>> + Send + use<>), BuilderError> {
        let (_, bytes) = builder.registry.get_blob(SOURCES, source).await?;
        let (reader, feed) = bridge(bytes, BuilderError::io("a source"));
        let (sender, receiver) = mpsc::channel(16);
        let limit = self.limit;
        let work = tokio::task::spawn_blocking(move || {
            let mut output = Pieces { sender, piece: Vec::with_capacity(PIECE) };
            let written = self.write(reader, &mut output).and_then(|()| output.flush());
            if let Err(error) = &written {
                // The engine must not take a part for the whole.
                let broken =
                    EngineError::Unavailable { endpoint: "the source".to_owned(), source: error.to_string().into() };
                drop(output.sender.blocking_send(Err(broken)));
            }
            written
        });
        let drive = async move {
            let (fed, worked) = tokio::join!(feed, work);
            match worked.unwrap_or_else(|panicked| Err(io::Error::other(panicked))) {
                Ok(()) => Ok(fed?),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Err(NoContext::TooLarge { limit }),
                Err(error) => {
                    fed?;
                    Err(NoContext::Archive(error))
                }
            }
        };
        let tar =
            stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|piece| (piece, receiver)) });
        Ok((tar.boxed(), drive))
    }

    fn write(&self, source: impl Read, output: impl Write) -> io::Result<()> {
        let mut tar = tar::Builder::new(output);
        let mut archive = Archive::new(Limited { input: MultiGzDecoder::new(source), left: self.limit });
        for entry in TarEntries::of(&mut archive)? {
            let TarEntry { path, target, mut entry } = entry?;
            let Some(path) = self.within(as_path(&path)) else { continue };
            let kind = entry.header().entry_type();
            let mut header = Header::new_gnu();
            header.set_mode(entry.header().mode().unwrap_or(0o644) & 0o777);
            header.set_mtime(entry.header().mtime().unwrap_or(0));
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(0);
            header.set_entry_type(kind);
            match kind {
                EntryType::Regular | EntryType::Continuous => {
                    header.set_entry_type(EntryType::Regular);
                    header.set_size(entry.size());
                    tar.append_data(&mut header, &path, &mut entry)?;
                }
                EntryType::Directory => tar.append_data(&mut header, &path, io::empty())?,
                EntryType::Symlink => tar.append_link(&mut header, &path, as_path(&target))?,
                EntryType::Link => {
                    let target = self.within(as_path(&target)).ok_or_else(|| {
                        io::Error::other(format!("{} is a hard link to what the image does not get", path.display()))
                    })?;
                    tar.append_link(&mut header, &path, target)?;
                }
                // Nothing that a source may hold.
                _ => {}
            }
        }
        for (name, text) in [(DOCKERFILE, self.dockerfile.as_str()), (DOCKERIGNORE, IGNORES_BOTH)] {
            let mut header = Header::new_gnu();
            header.set_mode(0o644);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(text.len() as u64);
            tar.append_data(&mut header, name, text.as_bytes())?;
        }
        tar.finish()
    }

    /// The path in the context. `None`: it is not in it.
    fn within(&self, path: &Path) -> Option<PathBuf> {
        if path.components().any(|part| part == std::path::Component::ParentDir) {
            return None;
        }
        let path = plain(path);
        let path = match &self.root {
            Some(root) => path.strip_prefix(root).ok()?,
            None => &path,
        };
        let path = path.strip_prefix(&self.directory).ok()?;
        let is_ours = path == Path::new(DOCKERFILE) || path == Path::new(DOCKERIGNORE);
        let is_gits = self.directory.as_os_str().is_empty() && path.starts_with(".git");
        let is_taken = !path.as_os_str().is_empty() && !is_ours && !is_gits;
        (is_taken && !self.ignored.contains(&path.to_string_lossy())).then(|| path.to_owned())
    }
}

/// Reads so many bytes, and then fails: names without files are a source's too, and it may have them by the million.
struct Limited<R> {
    input: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.left = self.left.checked_sub(read as u64).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(read)
    }
}

/// What is written, in pieces, for whoever reads them elsewhere.
struct Pieces {
    sender: mpsc::Sender<Result<Bytes, EngineError>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn source(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, content) in files {
            let mut header = Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o4755);
            header.set_uid(7);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        let mut header = Header::new_gnu();
        header.set_size(0);
        header.set_entry_type(EntryType::Symlink);
        tar.append_link(&mut header, "x/web/link", "../../etc/passwd").unwrap();
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn context(limit: u64) -> Context {
        Context {
            root: Some("x".into()),
            directory: "web".into(),
            ignored: Ignored::parse(b"secret*\n"),
            dockerfile: "FROM scratch\n".to_owned(),
            limit,
        }
    }

    #[test]
    fn a_context_is_the_directory_less_what_is_ignored() {
        let files = [
            ("x/top", "1"),
            ("x/web/Dockerfile", "old"),
            ("x/web/secrets.txt", "no"),
            ("x/web/.dockerignore", "no"),
            ("x/web/.dockerfile.paas", "no"),
            ("x/web/a/b", "yes"),
        ];
        let mut tar = Vec::new();
        context(1 << 20).write(source(&files).as_slice(), &mut tar).unwrap();
        let mut found = Vec::new();
        for entry in Archive::new(tar.as_slice()).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = String::new();
            entry.read_to_string(&mut content).unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.mode().unwrap() & 0o7000), (0, 0));
            found.push((entry.path().unwrap().display().to_string(), content));
        }
        let expected = [
            ("Dockerfile", "old"),
            ("a/b", "yes"),
            ("link", ""),
            (".dockerfile.paas", "FROM scratch\n"),
            (".dockerignore", IGNORES_BOTH),
        ];
        assert_eq!(found, expected.map(|(path, content)| (path.to_owned(), content.to_owned())));
    }

    #[test]
    fn a_source_that_is_too_large_is_none() {
        let names: Vec<_> = (0..100).map(|number| (format!("y{number}"), "")).collect();
        let names: Vec<_> = names.iter().map(|(name, content)| (name.as_str(), *content)).collect();
        for files in [&[("y", &*"1".repeat(30_000))][..], &names] {
            let error = context(20_000).write(source(files).as_slice(), &mut Vec::new()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        }
    }
}
