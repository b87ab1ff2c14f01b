//! Ours: Heroku tells nobody of its disks.

use serde::{Deserialize, Serialize};

use crate::{NamedReference, Timestamp};

/// What takes the disks of an installation. Sizes are bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DiskReport {
    pub database_bytes: u64,
    pub hosts: Vec<HostDisk>,
    /// So many releases of an app keep their slugs.
    pub kept_releases: u32,
    /// What must be free for a build to start: `2GB` or `5%`.
    pub min_free: String,
    pub next_collection: NextCollection,
    /// `None`: the registry is not the platform's own, or that one is away.
    pub registry: Option<RegistryDisk>,
}

/// A host that has joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HostDisk {
    /// What images were built from, kept for the next time.
    pub build_cache_bytes: Option<u64>,
    /// What containers have written.
    pub container_bytes: Option<u64>,
    /// Of the file system that its engine stores on.
    pub disk_bytes: Option<u64>,
    /// Why something is not known.
    pub error: Option<String>,
    pub free_bytes: Option<u64>,
    pub host: NamedReference,
    pub image_bytes: Option<u64>,
    /// Of images of old releases, which it is rid of next.
    pub unused_image_bytes: Option<u64>,
    pub volume_bytes: Option<u64>,
}

/// The platform's own image registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegistryDisk {
    pub caches_bytes: u64,
    /// When its blobs were last counted; `None`: not yet.
    pub counted_at: Option<Timestamp>,
    /// Of its file system.
    pub disk_bytes: u64,
    pub free_bytes: u64,
    /// Manifests and configurations.
    pub other_bytes: u64,
    pub slugs_bytes: u64,
    pub sources_bytes: u64,
    pub stacks_bytes: u64,
    /// Named by nothing: they go when nobody has touched them for a day.
    pub unused_bytes: u64,
}

/// What goes when garbage is collected next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NextCollection {
    /// Why the registry has not deleted some image.
    pub error: Option<String>,
    /// Images that the registry has still to delete.
    pub images: u32,
    pub slug_bytes: u64,
    /// Slugs of releases that are not kept.
    pub slugs: u32,
}
