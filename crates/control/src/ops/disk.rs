//! What takes the disks, what the next collection frees, and whether a build may add to them.

use std::{collections::BTreeMap, pin::pin, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use futures::{TryStreamExt, future::join_all};
use paas_db::{host_disks, hosts, hosts::Host, registry_garbage, registry_usage, registry_usage::RegistryUsage, slugs};
use paas_hosts::{ContainerName, Disk, DiskUsage, Engine, EngineError, look_at_disk};
use paas_model::{FreeDisk, HostId};
use tokio::time::timeout;

use crate::{Control, OpError, error::chain, ops::accounts::Owner, ops::shells};

/// A look at a host's disk is good for so long, if there was room then.
const FRESH: TimeDelta = TimeDelta::seconds(60);
/// What the registry's owner says of its disk is good for so long.
const REGISTRY_FRESH: TimeDelta = TimeDelta::minutes(5);
/// A host that takes longer to add up what takes its disk is shown without.
const HOST_DEADLINE: Duration = Duration::from_secs(45);

/// All that is stored.
#[derive(Debug, Clone)]
pub struct DiskReport {
    pub hosts: Vec<HostDisk>,
    /// `None`: the registry is somebody else's, or its owner is not there.
    pub registry: Option<RegistryUsage>,
    /// Images of slugs that are not kept, which the registry has not deleted yet, and why not.
    pub images_to_delete: u32,
    pub delete_error: Option<String>,
    pub database_bytes: u64,
    /// Slugs that the next collection takes, and their bytes in the registry.
    pub slugs_to_collect: u32,
    pub slug_bytes_to_collect: u64,
    pub min_free: FreeDisk,
    pub kept_releases: u32,
}

/// One host.
#[derive(Debug, Clone)]
pub struct HostDisk {
    pub host: Host,
    /// The file system that its engine stores on; `None`: it could not be looked at.
    pub disk: Option<Disk>,
    pub usage: Option<DiskUsage>,
    /// Bytes of images of old releases that it is rid of at the next collection.
    pub unused_image_bytes: u64,
    /// Why something is missing.
    pub error: Option<String>,
}

/// Looks at every host that has joined, and at what is kept elsewhere. Takes as long as the slowest host, at most a minute.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn report(control: &Control, _: &Owner) -> Result<DiskReport, OpError> {
    let pool = control.db.pool();
    let mut joined = hosts::list(pool).await?;
    joined.retain(|host| host.endpoint.is_some());
    let hosts = join_all(joined.into_iter().map(|host| host_disk(control, host))).await;
    let (images_to_delete, delete_error) = registry_garbage::waiting(pool).await?;
    let (slugs_to_collect, slug_bytes_to_collect) = collectable(control).await?;
    Ok(DiskReport {
        hosts,
        registry: registry_usage::find(pool).await?.filter(|usage| is_fresh(usage.looked_at, REGISTRY_FRESH)),
        images_to_delete: u32::try_from(images_to_delete).unwrap_or(u32::MAX),
        delete_error,
        database_bytes: u64::try_from(registry_usage::database_bytes(pool).await?).unwrap_or(0),
        slugs_to_collect,
        slug_bytes_to_collect,
        min_free: control.settings.min_free_disk,
        kept_releases: control.settings.retention.releases,
    })
}

async fn host_disk(control: &Control, host: Host) -> HostDisk {
    let mut shown = HostDisk { host, disk: None, usage: None, unused_image_bytes: 0, error: None };
    let looked = timeout(HOST_DEADLINE, look(control, &mut shown)).await;
    shown.error = match looked {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(chain(&error)),
        Err(_) => Some(format!("no answer within {} seconds", HOST_DEADLINE.as_secs())),
    };
    shown
}

async fn look(control: &Control, shown: &mut HostDisk) -> Result<(), OpError> {
    let engine = control.engine(shown.host.id).await?;
    shown.disk = measure(control, shown.host.id, &*engine).await?;
    let usage = engine.disk_usage().await?;
    let keep = paas_db::dynos::images_kept(control.db.pool(), shown.host.id, crate::reconcile::NEWEST_IMAGES).await?;
    let apps = format!("{}/apps/", control.registry.host());
    let unused = usage.images.iter().filter(|image| {
        let is_ours = image.names.iter().any(|name| name.starts_with(&apps));
        is_ours && !image.is_used && !image.names.iter().any(|name| keep.contains(name))
    });
    shown.unused_image_bytes = unused.map(|image| image.own_bytes).sum();
    shown.usage = Some(usage);
    Ok(())
}

/// What the policy does not keep, and nobody has collected yet.
async fn collectable(control: &Control) -> Result<(u32, u64), OpError> {
    let (retention, now) = (control.settings.retention, Utc::now());
    let (mut layers, mut count) = (BTreeMap::new(), 0);
    let mut kept = pin!(slugs::kept_by_all(control.db.pool()));
    while let Some(slug) = kept.try_next().await? {
        let is_kept = retention.keeps(&slug.uses, now);
        count += u32::from(!is_kept);
        // A layer that a kept slug has too is not freed.
        for layer in slug.layers {
            layers.entry(layer.digest).or_insert((layer.size, false)).1 |= is_kept;
        }
    }
    let freed = layers.values().filter(|(_, is_kept)| !is_kept).map(|(size, _)| *size);
    Ok((count, freed.sum()))
}

/// Looks at the disk of a host, and notes what it saw.
async fn measure(control: &Control, host: HostId, engine: &dyn Engine) -> Result<Option<Disk>, OpError> {
    let disk = match engine.disk().await? {
        Some(disk) => Some(disk),
        None => look_from_inside(control, host, engine).await?,
    };
    if let Some(Disk { bytes, free_bytes }) = disk {
        host_disks::set(control.db.pool(), host, as_stored(bytes), as_stored(free_bytes)).await?;
    }
    Ok(disk)
}

async fn look_from_inside(control: &Control, host: HostId, engine: &dyn Engine) -> Result<Option<Disk>, OpError> {
    let image = shells::stack_image(control).await?;
    let name = ContainerName(format!("disk-{host}"));
    match look_at_disk(engine, &name, &image).await {
        Err(EngineError::ImageNotFound(_)) => {
            engine.pull(&image).await?;
            Ok(look_at_disk(engine, &name, &image).await?)
        }
        looked => Ok(looked?),
    }
}

/// Why a build must not start on this host: for its output, and in short. `None`: there is room, or nobody can tell.
pub(crate) async fn refusal(control: &Control, host: HostId, engine: &dyn Engine) -> Option<Refusal> {
    let limit = control.settings.min_free_disk;
    if limit == FreeDisk::Bytes(0) {
        return None;
    }
    match registry_usage::find(control.db.pool()).await {
        Ok(Some(usage)) if is_fresh(usage.looked_at, REGISTRY_FRESH) => {
            let disk = Disk { bytes: as_shown(usage.disk_bytes), free_bytes: as_shown(usage.free_bytes) };
            if let Some(refusal) = Refusal::of(limit, disk, "the image registry") {
                return Some(refusal);
            }
        }
        Ok(_) => {}
        Err(error) => tracing::debug!(error = chain(&error), "the registry's disk is not known"),
    }
    match of_host(control, host, engine).await {
        Ok(Some((name, disk))) => Refusal::of(limit, disk, &format!("host {name}")),
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(host.id = %host, error = chain(&error), "a host's disk could not be looked at before a build");
            None
        }
    }
}

/// A disk that had room lately is not looked at again.
async fn of_host(control: &Control, id: HostId, engine: &dyn Engine) -> Result<Option<(String, Disk)>, OpError> {
    let host = hosts::find(control.db.pool(), id).await?.ok_or_else(|| OpError::not_found("host"))?;
    if let Some(known) = host_disks::find(control.db.pool(), id).await? {
        let disk = Disk { bytes: as_shown(known.bytes), free_bytes: as_shown(known.free_bytes) };
        if is_fresh(known.looked_at, FRESH) && control.settings.min_free_disk.is_met(disk.free_bytes, disk.bytes) {
            return Ok(Some((host.name, disk)));
        }
    }
    Ok(measure(control, id, engine).await?.map(|disk| (host.name, disk)))
}

/// A build that does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What the pusher reads.
    pub text: String,
    pub reason: String,
}

impl Refusal {
    fn of(limit: FreeDisk, disk: Disk, whose: &str) -> Option<Self> {
        if limit.is_met(disk.free_bytes, disk.bytes) {
            return None;
        }
        let (free, needed) = (human(disk.free_bytes), human(limit.of(disk.bytes)));
        let reason = format!("the disk of {whose} is nearly full: {free} are free, and a build needs {needed}");
        let text = format!(
            " !     Push rejected, {reason}.\n\
             \x20!     Nothing was built, and what runs goes on. Push again when there is room.\n\
             \x20!     Whoever operates this platform sees what takes the space with `paas disk`; what must be free is the\n\
             \x20!     server's setting PAAS_MIN_FREE_DISK ({limit}).\n\n !     Push failed\n"
        );
        Some(Self { text, reason })
    }
}

fn is_fresh(looked_at: DateTime<Utc>, age: TimeDelta) -> bool {
    Utc::now() - looked_at < age
}

fn as_stored(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn as_shown(bytes: i64) -> u64 {
    u64::try_from(bytes).unwrap_or(0)
}

/// `1.9 GB`
fn human(bytes: u64) -> String {
    let unit = [("TB", 40), ("GB", 30), ("MB", 20)].into_iter().find(|(_, shift)| bytes >= 1 << shift);
    let (unit, shift) = unit.unwrap_or(("MB", 20));
    let tenths = (u128::from(bytes) * 10) >> shift;
    if tenths % 10 == 0 { format!("{} {unit}", tenths / 10) } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_refuses_and_says_what_to_do() {
        let disk = Disk { bytes: 100 << 30, free_bytes: (3 << 30) / 2 };
        assert_eq!(Refusal::of(FreeDisk::Bytes(1 << 30), disk, "host local"), None);
        let refusal = Refusal::of(FreeDisk::Percent(5), disk, "host local").unwrap();
        assert_eq!(
            refusal.text,
            " !     Push rejected, the disk of host local is nearly full: 1.5 GB are free, and a build needs 5 GB.\n \
             !     Nothing was built, and what runs goes on. Push again when there is room.\n \
             !     Whoever operates this platform sees what takes the space with `paas disk`; what must be free is the\n \
             !     server's setting PAAS_MIN_FREE_DISK (5%).\n\n \
             !     Push failed\n"
        );
    }

    #[test]
    fn sizes_are_for_people() {
        for (bytes, shown) in [(0, "0 MB"), (1 << 20, "1 MB"), ((3 << 30) / 2, "1.5 GB"), (u64::MAX, "16777215.9 TB")] {
            assert_eq!(human(bytes), shown);
        }
    }
}
