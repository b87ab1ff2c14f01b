use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    io,
};

/// Most files of a slug.
pub(crate) const MAX_FILES: usize = 2_000_000;

/// Names, as eight bytes each: a slug may have very many, and long ones. With keys of this process, so that nobody can make
/// two that are taken for one.
#[derive(Default)]
pub(crate) struct Names {
    hashes: HashSet<u64>,
    most: usize,
    keys: RandomState,
}

impl Names {
    /// Of which there may be so many.
    pub(crate) fn at_most(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    pub(crate) fn count(&self) -> usize {
        self.hashes.len()
    }

    /// # Errors
    /// [`io::ErrorKind::QuotaExceeded`]: there are too many.
    pub(crate) fn insert(&mut self, name: &[u8]) -> io::Result<()> {
        self.hashes.insert(self.keys.hash_one(name));
        match self.hashes.len() <= self.most {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::QuotaExceeded, format!("it has more than {MAX_FILES} files"))),
        }
    }

    pub(crate) fn remove(&mut self, name: &[u8]) {
        self.hashes.remove(&self.keys.hash_one(name));
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.hashes.contains(&self.keys.hash_one(name))
    }
}
