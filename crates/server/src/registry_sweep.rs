//! Frees the embedded registry's disk of blobs that nothing names, while it runs.
//!
//! The registry's own collector is of no use here: it takes every blob that no manifest names, and caches, sources and the
//! layers of builds under way have none; and it must run alone. So the store is swept from outside, by the one process that
//! owns it. A blob is named by a row (`paas_db::registry_blobs`), or by a manifest of any repository. One that is not, and that
//! nobody has uploaded or mounted for a day, is condemned: moved out of the store by one rename. A client that has just found
//! it there, and says so only now, is seen by a second look, and the blob moves back. What stays condemned is removed at a
//! later turn.
//!
//! The registry writes a repository's link anew whenever a blob is uploaded or mounted that it has already, so the youngest
//! link tells when somebody last wanted it; the blob's own file does not. It has no cache of blobs (`registry.rs` configures
//! none): what is gone is gone at once, and may be uploaded again.
//!
//! Killed between any two steps, the next turn goes on from what is on the disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use paas_db::registry_blobs::BlobKind;

use crate::registry_store::{Repositories, Store, entries, modified};

/// Where condemned blobs wait, under the registry's directory: `HEX.SECONDS`.
const CONDEMNED: &str = "condemned";

/// A file's time may be a little behind the clock.
const CLOCKS: Duration = Duration::from_secs(2);

/// What is known of blobs from elsewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// By the hexadecimal digits of their digests.
    pub(crate) blobs: BTreeMap<String, BlobKind>,
    /// Manifests that slugs have, likewise.
    pub(crate) images: BTreeSet<String>,
    /// Repositories of slugs that do not tell their manifest: none of theirs is unwanted.
    pub(crate) untold: BTreeSet<String>,
    /// Ids of apps.
    pub(crate) apps: BTreeSet<String>,
}

/// How long things stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ages {
    /// After somebody last uploaded, mounted or named it. Longer than any build takes.
    pub(crate) unused: Duration,
    /// After it was condemned. Longer than any client takes from finding a blob to saying so.
    pub(crate) condemned: Duration,
}

/// What a sweep found and did. Sizes are bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    pub(crate) kinds: BTreeMap<String, u64>,
    /// Of what nothing names, condemned or not yet.
    pub(crate) unused: u64,
    pub(crate) condemned: usize,
    pub(crate) restored: usize,
    pub(crate) removed: usize,
    pub(crate) removed_bytes: u64,
    /// Images of apps that no row names, a day old: `apps/ID` and the digest.
    pub(crate) orphans: Vec<(String, String)>,
}

/// The registry's store and what goes with it.
#[derive(Debug, Clone)]
pub(crate) struct Sweeper {
    store: Store,
    condemned: PathBuf,
    ages: Ages,
}

impl Sweeper {
    /// `directory`: the registry's.
    pub(crate) fn new(directory: &Path, ages: Ages) -> Self {
        Self { store: Store::new(&directory.join("blobs")), condemned: directory.join(CONDEMNED), ages }
    }

    /// Counts what there is, and condemns what nothing wants. `wanted` was read before the call. [`Sweeper::look_again`] is due.
    ///
    /// # Errors
    /// Something cannot be read: nothing was condemned. Or something cannot be moved: the rest waits.
    pub(crate) fn condemn(&self, wanted: &Wanted, now: SystemTime) -> Result<Swept> {
        let repositories = self.store.repositories()?;
        let mut swept = Swept { orphans: self.orphans(wanted, &repositories, now), ..Swept::default() };
        for (hex, blob) in self.store.blobs()? {
            let is_named = wanted.blobs.contains_key(&hex) || repositories.named.contains(&hex);
            *swept.kinds.entry(kind(&hex, wanted, &repositories, is_named).to_owned()).or_default() += blob.size;
            if is_named {
                continue;
            }
            swept.unused += blob.size;
            let last = repositories.linked.get(&hex).copied().unwrap_or(blob.written).max(blob.written);
            if self.is_over(last, now, self.ages.unused) {
                self.move_away(&hex, now)?;
                swept.condemned += 1;
            }
        }
        swept.unused += self.waiting()?.iter().map(|condemned| condemned.size).sum::<u64>();
        Ok(swept)
    }

    /// Moves back what somebody has come to want, and removes what has been condemned long enough. `wanted` was read before the
    /// call, and after the one of [`Sweeper::condemn`].
    ///
    /// # Errors
    /// Something cannot be read: nothing was removed. Or something cannot be moved or removed: the rest waits.
    pub(crate) fn look_again(&self, wanted: &Wanted, now: SystemTime) -> Result<Swept> {
        let repositories = self.store.repositories()?;
        let mut swept = Swept::default();
        for condemned in self.waiting()? {
            let Condemned { hex, since, path, size } = &condemned;
            let is_younger = |written: SystemTime| written + CLOCKS >= *since;
            let linked = repositories.linked.get(hex).copied().is_some_and(is_younger);
            if wanted.blobs.contains_key(hex) || repositories.named.contains(hex) || linked {
                swept.restored += usize::from(self.move_back(&condemned)?);
            } else if self.is_over(*since, now, self.ages.condemned) {
                // First what says that a repository has it.
                for link in repositories.links.get(hex).into_iter().flatten() {
                    if modified(link)?.is_some_and(|written| !is_younger(written)) {
                        fs::remove_file(link).with_context(|| format!("removing {}", link.display()))?;
                    }
                }
                fs::remove_dir_all(path).with_context(|| format!("removing {}", path.display()))?;
                swept.removed += 1;
                swept.removed_bytes += size;
            }
        }
        self.remove_empty(&repositories, now);
        self.remove_repositories(wanted, &repositories, now)?;
        Ok(swept)
    }

    /// Images of apps that no row names, and that were written long ago: of builds that died, and of apps that were deleted
    /// while they were built.
    fn orphans(&self, wanted: &Wanted, repositories: &Repositories, now: SystemTime) -> Vec<(String, String)> {
        let of_apps = repositories
            .manifests
            .iter()
            .filter(|(name, _)| name.starts_with("apps/") && !wanted.untold.contains(*name));
        let all = of_apps.flat_map(|(name, manifests)| manifests.iter().map(move |manifest| (name, manifest)));
        all.filter(|(_, (hex, written))| !wanted.images.contains(hex) && self.is_over(*written, now, self.ages.unused))
            .map(|(name, (hex, _))| (name.clone(), hex.clone()))
            .collect()
    }

    fn is_over(&self, since: SystemTime, now: SystemTime, age: Duration) -> bool {
        // A clock that was set back makes things young again.
        now.duration_since(since).is_ok_and(|passed| passed >= age)
    }

    fn move_away(&self, hex: &str, now: SystemTime) -> Result<()> {
        fs::create_dir_all(&self.condemned).with_context(|| format!("making {}", self.condemned.display()))?;
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let (from, to) = (self.store.blob(hex), self.condemned.join(format!("{hex}.{seconds}")));
        fs::rename(&from, &to).with_context(|| format!("moving {} to {}", from.display(), to.display()))
    }

    /// False: it was uploaded again, so that this one is of no use.
    fn move_back(&self, condemned: &Condemned) -> Result<bool> {
        let to = self.store.blob(&condemned.hex);
        if to.join("data").exists() {
            let path = &condemned.path;
            fs::remove_dir_all(path).with_context(|| format!("removing {}", path.display()))?;
            return Ok(false);
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        }
        let from = &condemned.path;
        fs::rename(from, &to).with_context(|| format!("moving {} to {}", from.display(), to.display()))?;
        Ok(true)
    }

    fn waiting(&self) -> Result<Vec<Condemned>> {
        let mut waiting = Vec::new();
        for (name, path) in entries(&self.condemned)? {
            let Some((hex, seconds)) = name.split_once('.') else { continue };
            let Ok(seconds) = seconds.parse() else { continue };
            let size = fs::metadata(path.join("data")).map_or(0, |about| about.len());
            let since = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            waiting.push(Condemned { hex: hex.to_owned(), since, path, size });
        }
        Ok(waiting)
    }

    /// Directories of links that were removed long ago. Whoever makes the link anew in the same moment fails, and tries again.
    fn remove_empty(&self, repositories: &Repositories, now: SystemTime) {
        let gone = repositories.links.values().flatten().filter(|link| !link.exists());
        for directory in gone.filter_map(|link| link.parent()) {
            let is_old = modified(directory)
                .is_ok_and(|written| written.is_some_and(|at| self.is_over(at, now, self.ages.unused)));
            if is_old {
                // One that is not empty stays.
                let _ = fs::remove_dir(directory);
            }
        }
    }

    /// Repositories of apps that are gone, once they have no image and nothing was written there for long.
    fn remove_repositories(&self, wanted: &Wanted, found: &Repositories, now: SystemTime) -> Result<()> {
        for (id, path) in entries(&self.store.repository("apps"))? {
            let has_images = found.manifests.contains_key(&format!("apps/{id}"));
            if wanted.apps.contains(&id) || has_images || self.is_young(&path, now)? {
                continue;
            }
            fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
        }
        Ok(())
    }

    fn is_young(&self, path: &Path, now: SystemTime) -> Result<bool> {
        let Some(written) = modified(path)? else { return Ok(false) };
        if !self.is_over(written, now, self.ages.unused) {
            return Ok(true);
        }
        for (_, below) in entries(path)? {
            if self.is_young(&below, now)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// A blob that was moved away.
#[derive(Debug)]
struct Condemned {
    hex: String,
    since: SystemTime,
    path: PathBuf,
    size: u64,
}

/// What a blob's bytes are for, in the API's words.
fn kind(hex: &str, wanted: &Wanted, repositories: &Repositories, is_named: bool) -> &'static str {
    if repositories.stacks.contains(hex) {
        return "stacks";
    }
    match wanted.blobs.get(hex) {
        Some(BlobKind::Slug) => "slugs",
        Some(BlobKind::Cache) => "caches",
        Some(BlobKind::Source) => "sources",
        // Manifests, and configurations of images.
        None if is_named => "other",
        None => "unused",
    }
}
