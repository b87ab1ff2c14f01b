//! Keeps the embedded registry's disk in view, and has it swept: the loop of the one process that owns the registry.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result};
use paas_db::{Db, registry_blobs, registry_garbage, registry_usage};
use paas_model::AppId;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    ca::Authority,
    files::{Readers, read_if_there, write_whole},
    registry_store::modified,
    registry_sweep::{Ages, Sweeper, Swept, Wanted},
};

/// Under the registry's directory: the installation whose rows say what is kept. Another one's would say that of nothing.
const OWNER: &str = "owner";
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// From condemning to the second look: longer than a client takes from finding a blob to saying so, mostly.
const SECOND_LOOK: Duration = Duration::from_secs(2);
const AGES: Ages = Ages { unused: Duration::from_secs(24 * 60 * 60), condemned: Duration::from_secs(10 * 60) };

/// The registry in a directory, as this process collects it.
#[derive(Debug, Clone)]
pub(crate) struct Collector {
    directory: PathBuf,
    /// As image names begin: `127.0.0.1:5050`.
    host: String,
    owner: String,
    db: Db,
    sweeper: Sweeper,
}

impl Collector {
    pub(crate) fn new(directory: PathBuf, host: String, authority: &Authority, db: Db) -> Self {
        let owner = hex::encode(Sha256::digest(authority.pem()));
        let sweeper = Sweeper::new(&directory, AGES);
        Self { directory, host, owner, db, sweeper }
    }

    /// Until `stop`. `every`: from one sweep to the next.
    pub(crate) async fn run(self, every: Duration, stop: CancellationToken) {
        let mut due = Instant::now();
        loop {
            if let Err(error) = self.look().await {
                tracing::debug!(error = format!("{error:#}"), "the registry's disk was not noted");
            }
            if due <= Instant::now() {
                due = Instant::now() + every;
                // Not broken off: its steps are short.
                match self.turn(SystemTime::now(), SECOND_LOOK).await {
                    Ok(Some(swept)) if swept.removed + swept.restored > 0 => tracing::info!(
                        removed = swept.removed,
                        bytes = swept.removed_bytes,
                        restored = swept.restored,
                        "the image registry's store was swept"
                    ),
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(error = format!("{error:#}"), "the image registry's store was not swept");
                    }
                }
            }
            if stop.run_until_cancelled(sleep(LOOK_EVERY.min(every))).await.is_none() {
                return;
            }
        }
    }

    /// Notes how full the disk is.
    ///
    /// # Errors
    /// The disk cannot be looked at, or the database does not answer.
    pub(crate) async fn look(&self) -> Result<()> {
        let disk = rustix::fs::statvfs(&self.directory).context("looking at the registry's disk")?;
        let bytes = |blocks: u64| i64::try_from(blocks.saturating_mul(disk.f_frsize)).unwrap_or(i64::MAX);
        Ok(registry_usage::set_disk(self.db.pool(), bytes(disk.f_blocks), bytes(disk.f_bavail)).await?)
    }

    /// One sweep. `None`: the store is not this installation's to sweep, or not yet.
    ///
    /// # Errors
    /// As [`Sweeper::condemn`] and [`Sweeper::look_again`]; the database does not answer.
    pub(crate) async fn turn(&self, now: SystemTime, second_look: Duration) -> Result<Option<Swept>> {
        let wanted = self.wanted().await?;
        let (sweeper, may_condemn) = (self.sweeper.clone(), self.is_ours(now)?);
        if !may_condemn {
            return Ok(None);
        }
        let mut swept = blocking(move || sweeper.condemn(&wanted, now)).await?;
        for (repository, hex) in &swept.orphans {
            let app = repository.strip_prefix("apps/").and_then(|id| id.parse::<AppId>().ok());
            let Some(app) = app else { continue };
            let image = format!("{}/{repository}@sha256:{hex}", self.host);
            registry_garbage::add(self.db.pool(), app, &image).await?;
        }
        if swept.condemned > 0 {
            sleep(second_look).await;
        }
        let (sweeper, wanted) = (self.sweeper.clone(), self.wanted().await?);
        let again = blocking(move || sweeper.look_again(&wanted, now)).await?;
        swept.restored = again.restored;
        swept.removed = again.removed;
        swept.removed_bytes = again.removed_bytes;
        swept.unused = swept.unused.saturating_sub(again.removed_bytes);
        let unused = i64::try_from(swept.unused).unwrap_or(i64::MAX);
        registry_usage::set_kinds(self.db.pool(), &swept.kinds, unused).await?;
        Ok(Some(swept))
    }

    async fn wanted(&self) -> Result<Wanted> {
        let mut wanted = Wanted::default();
        for (digest, kind) in registry_blobs::named(self.db.pool()).await? {
            wanted.blobs.insert(digest.trim_start_matches("sha256:").to_owned(), kind);
        }
        for image in registry_blobs::images(self.db.pool()).await? {
            if let Some((_, hex)) = image.rsplit_once("@sha256:") {
                wanted.images.insert(hex.to_owned());
            } else {
                // By a tag: of its repository nothing can be told.
                wanted.untold.extend(repository(&image));
            }
        }
        wanted.apps = registry_blobs::apps(self.db.pool()).await?.iter().map(ToString::to_string).collect();
        Ok(wanted)
    }

    /// Whether this installation's rows have been the ones for so long that what they do not name is unwanted.
    fn is_ours(&self, now: SystemTime) -> Result<bool> {
        let path = self.directory.join(OWNER);
        match read_if_there(&path)? {
            None => {
                write_whole(&path, self.owner.as_bytes(), Readers::Owner)?;
                Ok(false)
            }
            Some(owner) if owner.trim() == self.owner => {
                let since = modified(&path)?.and_then(|since| now.duration_since(since).ok());
                Ok(since.is_some_and(|since| since >= AGES.unused))
            }
            Some(_) => {
                tracing::error!(
                    file = %path.display(),
                    "nothing is collected in the image registry: it was filled with another database. Start paasd with that \
                     one's DATABASE_URL; if this database is the right one, delete the file"
                );
                Ok(false)
            }
        }
    }
}

/// `apps/ID` of `HOST/apps/ID:TAG`.
fn repository(image: &str) -> Option<String> {
    let (_, path) = image.split_once('/')?;
    Some(path.split(':').next()?.to_owned())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("sweeping the registry's store")?
}

#[cfg(test)]
mod tests;
