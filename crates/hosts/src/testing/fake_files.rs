//! The file system of a fake container: what was put into it.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use bytes::Bytes;
use tar::{Archive, Builder, EntryType, Header};

/// By absolute path, without a trailing slash.
#[derive(Default)]
pub(super) struct FakeFiles(BTreeMap<String, (Header, Bytes)>);

impl FakeFiles {
    pub(super) fn write(&mut self, path: &str, contents: Bytes) {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(contents.len() as u64);
        self.0.insert(joined("", path), (header, contents));
    }

    pub(super) fn unpack(&mut self, directory: &str, tar: &[u8]) -> io::Result<()> {
        for entry in Archive::new(tar).entries()? {
            let mut entry = entry?;
            let path = joined(directory, &entry.path()?.to_string_lossy());
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents)?;
            self.0.insert(path, (entry.header().clone(), contents.into()));
        }
        Ok(())
    }

    /// A tar of `path` and all below it. `None`: there is nothing.
    pub(super) fn pack(&self, path: &str) -> io::Result<Option<Bytes>> {
        let root = joined("", path);
        let parent = root.rfind('/').map_or(0, |slash| slash + 1);
        let below = format!("{root}/");
        let mut tar = Builder::new(Vec::new());
        let mut found = false;
        for (path, (header, contents)) in self.0.iter().filter(|(path, _)| **path == root || path.starts_with(&below)) {
            found = true;
            tar.append_data(&mut header.clone(), path.get(parent..).unwrap_or_default(), contents.as_ref())?;
        }
        Ok(if found { Some(tar.into_inner()?.into()) } else { None })
    }

    pub(super) fn size(&self) -> u64 {
        self.0.values().map(|(_, contents)| contents.len() as u64).sum()
    }
}

fn joined(directory: &str, path: &str) -> String {
    let parts = directory.split('/').chain(path.split('/')).filter(|part| !part.is_empty() && *part != ".");
    parts.flat_map(|part| ["/", part]).collect()
}
