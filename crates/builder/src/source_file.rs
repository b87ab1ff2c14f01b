//! Single files of a source, without unpacking the rest.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use tar::{Archive, EntryType};

use crate::{
    Builder, BuilderError, InputError,
    bridge::bridge,
    layer::as_path,
    sandbox::SOURCES,
    tar_entries::{TarEntries, TarEntry},
};

/// Some files of a source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceFiles {
    /// The one directory that holds everything, which is taken for the tree. `None`: there is no such one.
    pub root: Option<PathBuf>,
    /// By the paths that were asked for.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Builder {
    /// Those of `names` (paths within the tree) that there are, of at most `limit` bytes each. As builds do, it takes the one
    /// directory that holds everything for the tree.
    ///
    /// # Errors
    /// [`InputError::Refused`] for an archive that is none, or a file over the limit.
    pub async fn read_source_files(
        &self,
        digest: &str,
        names: &[&str],
        limit: u64,
    ) -> Result<BTreeMap<String, Vec<u8>>, InputError> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Ok(self.find_source_files(digest, names, limit).await?.files)
    }

    /// The same, with where the tree is.
    pub(crate) async fn find_source_files(
        &self,
        digest: &str,
        names: Vec<String>,
        limit: u64,
    ) -> Result<SourceFiles, InputError> {
        let (_, bytes) = self.registry.get_blob(SOURCES, digest).await?;
        let (reader, feed) = bridge(bytes, BuilderError::io("a source"));
        let unpacked = self.config.limits.source_bytes;
        let find = move || find(MultiGzDecoder::new(reader).take(unpacked), &names, limit);
        let (fed, found) = tokio::join!(feed, tokio::task::spawn_blocking(find));
        fed?;
        let found = found.unwrap_or_else(|panicked| Err(io::Error::other(panicked)));
        found.map_err(|error| InputError::Refused(format!("the source is no gzipped tar archive ({error})")))?
    }
}

fn find(input: impl Read, names: &[String], limit: u64) -> io::Result<Result<SourceFiles, InputError>> {
    let (mut found, mut nested, mut tops) = (BTreeMap::new(), BTreeMap::new(), Tops::default());
    let mut archive = Archive::new(input);
    for entry in TarEntries::of(&mut archive)? {
        let TarEntry { path, mut entry, .. } = entry?;
        let path = plain(as_path(&path));
        tops.see(&path, entry.header().entry_type() == EntryType::Directory);
        if entry.header().entry_type() != EntryType::Regular {
            continue;
        }
        let below: PathBuf = path.components().skip(1).collect();
        let (into, name) = match names.iter().find(|name| path == Path::new(name)) {
            Some(name) => (&mut found, name),
            None => match names.iter().find(|name| below == Path::new(name)) {
                Some(name) => (&mut nested, name),
                None => continue,
            },
        };
        if entry.size() > limit {
            return Ok(Err(InputError::Refused(format!("{name} is larger than {} KB", limit >> 10))));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content)?;
        into.insert(name.clone(), content);
    }
    let root = tops.the_one_directory();
    Ok(Ok(SourceFiles { files: if root.is_some() { nested } else { found }, root }))
}

/// What lies at the top of the tree.
#[derive(Default)]
struct Tops {
    first: Option<PathBuf>,
    is_directory: bool,
    others: bool,
}

impl Tops {
    fn see(&mut self, path: &Path, is_directory: bool) {
        let Some(top) = path.components().next() else { return };
        let top = Path::new(top.as_os_str());
        let below = path != top;
        match &self.first {
            None => (self.first, self.is_directory) = (Some(top.to_owned()), below || is_directory),
            Some(first) => self.others |= first != top,
        }
    }

    fn the_one_directory(self) -> Option<PathBuf> {
        self.first.filter(|_| self.is_directory && !self.others)
    }
}

/// Without `./` before it.
pub(crate) fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tar_entries::tests::raw;

    fn tar(files: &[(&str, &str)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        tar.into_inner().unwrap()
    }

    fn found(files: &[(&str, &str)]) -> Option<String> {
        let mut found = find(tar(files).as_slice(), &["app.json".to_owned()], 100).unwrap().unwrap();
        found.files.remove("app.json").map(|content| String::from_utf8(content).unwrap())
    }

    #[test]
    fn a_file_is_found_at_the_top_and_in_the_one_directory_there_is() {
        assert_eq!(found(&[("a", ""), ("./app.json", "{}")]).as_deref(), Some("{}"));
        assert_eq!(found(&[("x-main/a", ""), ("x-main/app.json", "{}")]).as_deref(), Some("{}"));
        assert_eq!(found(&[("x/app.json", "{}"), ("y/a", "")]), None);
        assert_eq!(found(&[("x/y/app.json", "{}")]), None);
        assert_eq!(found(&[("x/app.json", "{\"x\":1}"), ("app.json", "{}")]).as_deref(), Some("{}"));
    }

    #[test]
    fn paths_are_within_the_tree() {
        let names = ["a/Dockerfile", "Dockerfile", "none"].map(str::to_owned);
        let files = [("x/a/Dockerfile", "1"), ("x/Dockerfile", "2"), ("x/b", "")];
        let found = find(tar(&files).as_slice(), &names, 100).unwrap().unwrap();
        assert_eq!(found.root.as_deref(), Some(Path::new("x")));
        let expected = [("Dockerfile", "2"), ("a/Dockerfile", "1")];
        assert_eq!(found.files, expected.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec())).into());
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let files = [("app.json", &*" ".repeat(101))];
        let refused = find(tar(&files).as_slice(), &["app.json".to_owned()], 100).unwrap();
        assert!(matches!(refused, Err(InputError::Refused(_))));
    }

    #[test]
    fn a_name_without_end_is_not_read() {
        let endless = raw(EntryType::GNULongName, "x", &vec![b'n'; 1 << 20]);
        let error = find(endless.as_slice(), &["app.json".to_owned()], 100).unwrap_err();
        assert_eq!(error.to_string(), "it has a name, or an extended header, of more than 64 KB");
    }
}
