//! The embedded registry's files, as CNCF distribution lays them out below `docker/registry/v2`:
//!
//! | path | what |
//! |---|---|
//! | `blobs/sha256/ab/abcd…/data` | a blob, or a manifest |
//! | `repositories/NAME/_layers/sha256/abcd…/link` | the repository has this blob; written anew whenever one is uploaded or mounted |
//! | `repositories/NAME/_manifests/revisions/sha256/abcd…/link` | the repository has this manifest |
//! | `repositories/NAME/_uploads/…` | what is being uploaded; the registry itself removes what was given up |

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};
use serde_json::Value;

/// Below the registry's storage directory.
const ROOT: &str = "docker/registry/v2";
/// A manifest is never larger: the registry itself takes none.
const MAX_MANIFEST: u64 = 4 << 20;

/// The files.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    root: PathBuf,
}

/// A blob's file, by its digest's hexadecimal digits.
#[derive(Debug, Clone)]
pub(crate) struct StoredBlob {
    pub(crate) size: u64,
    pub(crate) written: SystemTime,
}

/// What repositories say.
#[derive(Debug, Default)]
pub(crate) struct Repositories {
    /// Digests of manifests, and of what they name; only the hexadecimal digits.
    pub(crate) named: BTreeSet<String>,
    /// When a repository last said that it has the blob.
    pub(crate) linked: BTreeMap<String, SystemTime>,
    pub(crate) links: BTreeMap<String, Vec<PathBuf>>,
    /// `apps/ID` and so on, each with its manifests and when they were written.
    pub(crate) manifests: BTreeMap<String, Vec<(String, SystemTime)>>,
    /// Digests of what the manifests of the stacks name.
    pub(crate) stacks: BTreeSet<String>,
}

impl Store {
    pub(crate) fn new(storage: &Path) -> Self {
        Self { root: storage.join(ROOT) }
    }

    pub(crate) fn blob(&self, hex: &str) -> PathBuf {
        self.root.join("blobs/sha256").join(hex.get(..2).unwrap_or_default()).join(hex)
    }

    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        self.root.join("repositories").join(name)
    }

    /// # Errors
    /// Whatever the file system says.
    pub(crate) fn blobs(&self) -> Result<BTreeMap<String, StoredBlob>> {
        let mut blobs = BTreeMap::new();
        for (_, prefix) in entries(&self.root.join("blobs/sha256"))? {
            for (hex, path) in entries(&prefix)? {
                // One that is being moved there has no data yet.
                let Some(about) = there(fs::metadata(path.join("data")), &path)? else { continue };
                let written = about.modified().with_context(|| format!("looking at {}", path.display()))?;
                blobs.insert(hex, StoredBlob { size: about.len(), written });
            }
        }
        Ok(blobs)
    }

    /// # Errors
    /// Whatever the file system says; a manifest that cannot be read. Nothing may be removed then.
    pub(crate) fn repositories(&self) -> Result<Repositories> {
        let mut found = Repositories::default();
        self.look_into(&self.root.join("repositories"), "", &mut found)?;
        Ok(found)
    }

    fn look_into(&self, directory: &Path, name: &str, found: &mut Repositories) -> Result<()> {
        for (entry, path) in entries(directory)? {
            match entry.as_str() {
                "_layers" => layers(&path, found)?,
                "_manifests" => self.manifests(&path, name, found)?,
                "_uploads" => {}
                below => {
                    let name = if name.is_empty() { below.to_owned() } else { format!("{name}/{below}") };
                    self.look_into(&path, &name, found)?;
                }
            }
        }
        Ok(())
    }

    fn manifests(&self, directory: &Path, repository: &str, found: &mut Repositories) -> Result<()> {
        for (hex, path) in entries(&directory.join("revisions/sha256"))? {
            let Some(written) = modified(&path.join("link"))? else { continue };
            found.manifests.entry(repository.to_owned()).or_default().push((hex.clone(), written));
            let mut named = self.named_by(&hex)?;
            named.insert(hex);
            if repository.starts_with("stacks/") {
                found.stacks.extend(named.iter().cloned());
            }
            found.named.append(&mut named);
        }
        Ok(())
    }

    /// Digests in a manifest. One without its data names nothing: it cannot be pulled anyway.
    fn named_by(&self, hex: &str) -> Result<BTreeSet<String>> {
        let path = self.blob(hex).join("data");
        let Some(about) = there(fs::metadata(&path), &path)? else { return Ok(BTreeSet::new()) };
        anyhow::ensure!(about.len() <= MAX_MANIFEST, "{} is too large for a manifest", path.display());
        let Some(bytes) = there(fs::read(&path), &path)? else { return Ok(BTreeSet::new()) };
        let manifest: Value = serde_json::from_slice(&bytes).with_context(|| format!("reading {}", path.display()))?;
        let mut named = BTreeSet::new();
        digests(&manifest, &mut named);
        Ok(named)
    }
}

/// Every digest anywhere in the manifest, of whatever kind it is: too many keep a blob too long, too few break an image.
fn digests(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            if let Some(hex) = text.strip_prefix("sha256:") {
                found.insert(hex.to_owned());
            }
        }
        Value::Array(items) => items.iter().for_each(|item| digests(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| digests(field, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn layers(directory: &Path, found: &mut Repositories) -> Result<()> {
    for (hex, path) in entries(&directory.join("sha256"))? {
        let link = path.join("link");
        let Some(written) = modified(&link)? else {
            found.links.entry(hex).or_default().push(link);
            continue;
        };
        let latest = found.linked.entry(hex.clone()).or_insert(written);
        *latest = written.max(*latest);
        found.links.entry(hex).or_default().push(link);
    }
    Ok(())
}

/// Names and paths of what is in a directory; nothing when it is not there (any more).
pub(crate) fn entries(directory: &Path) -> Result<Vec<(String, PathBuf)>> {
    let Some(listed) = there(fs::read_dir(directory), directory)? else { return Ok(Vec::new()) };
    let mut entries = Vec::new();
    for entry in listed {
        let entry = entry.with_context(|| format!("listing {}", directory.display()))?;
        entries.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
    }
    Ok(entries)
}

pub(crate) fn modified(path: &Path) -> Result<Option<SystemTime>> {
    there(fs::metadata(path).and_then(|about| about.modified()), path)
}

/// `None`: it is not there.
pub(crate) fn there<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("looking at {}", path.display())),
    }
}
