//! What an engine takes of its host's disk.

use std::path::Path;

use serde::{Deserialize, de::DeserializeOwned};

use super::connection::{CALL_TIMEOUT, Connection, within};
use crate::{Disk, DiskUsage, EngineError, HostEndpoint, ImageUsage};

const DOING: &str = "tell what takes its disk";

/// The engine adds it all up anew, which takes its time on a large host.
pub(super) async fn usage(connection: &Connection) -> Result<DiskUsage, EngineError> {
    let read = within(CALL_TIMEOUT, async { connection.wire().await?.read("/system/df").await }).await;
    read.map(in_our_words).map_err(|error| connection.failed(DOING, error))
}

/// `None`: its files are on another machine, or out of sight.
pub(super) async fn of_host(connection: &Connection) -> Result<Option<Disk>, EngineError> {
    if !matches!(connection.endpoint(), HostEndpoint::Unix(_)) {
        return Ok(None);
    }
    let info = connection.system_info().await?;
    let Some(root) = info.docker_root_dir.filter(|root| Path::new(root).is_dir()) else { return Ok(None) };
    Ok(rustix::fs::statvfs(&root).ok().map(|about| Disk {
        bytes: about.f_blocks.saturating_mul(about.f_frsize),
        free_bytes: about.f_bavail.saturating_mul(about.f_frsize),
    }))
}

/// `GET /system/df` up to API 1.51. Bollard knows the later form only.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    layers_size: i64,
    #[serde(default, deserialize_with = "list")]
    images: Vec<Image>,
    #[serde(default, deserialize_with = "list")]
    containers: Vec<Container>,
    #[serde(default, deserialize_with = "list")]
    volumes: Vec<Volume>,
    #[serde(default, deserialize_with = "list")]
    build_cache: Vec<BuildCache>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Image {
    #[serde(default)]
    size: i64,
    /// -1: not counted.
    #[serde(default)]
    shared_size: i64,
    #[serde(default, deserialize_with = "list")]
    repo_tags: Vec<String>,
    #[serde(default, deserialize_with = "list")]
    repo_digests: Vec<String>,
    #[serde(default)]
    containers: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Container {
    #[serde(default)]
    size_rw: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Volume {
    #[serde(default)]
    usage_data: Option<VolumeUsage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VolumeUsage {
    #[serde(default)]
    size: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct BuildCache {
    #[serde(default)]
    size: i64,
    /// It is a layer of an image, and counted there.
    #[serde(default)]
    shared: bool,
}

/// Engines say `null` for a list of nothing.
fn list<'de, D: serde::Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

fn in_our_words(answer: Answer) -> DiskUsage {
    let volumes = answer.volumes.iter().filter_map(|volume| volume.usage_data.as_ref());
    DiskUsage {
        image_bytes: bytes(answer.layers_size),
        container_bytes: answer.containers.iter().map(|container| bytes(container.size_rw)).sum(),
        volume_bytes: volumes.map(|usage| bytes(usage.size)).sum(),
        build_cache_bytes: answer.build_cache.iter().filter(|cache| !cache.shared).map(|cache| bytes(cache.size)).sum(),
        images: answer.images.into_iter().map(image).collect(),
    }
}

fn image(image: Image) -> ImageUsage {
    ImageUsage {
        own_bytes: bytes(image.size).saturating_sub(bytes(image.shared_size)),
        is_used: image.containers > 0,
        names: image.repo_tags.into_iter().chain(image.repo_digests).collect(),
    }
}

/// Sizes that are not known are negative.
fn bytes(size: i64) -> u64 {
    u64::try_from(size).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engines_answer_is_added_up() {
        let answer = serde_json::json!({
            "LayersSize": 900,
            "Images": [
                { "Size": 500, "SharedSize": 400, "RepoTags": ["a:1"], "RepoDigests": null, "Containers": 0 },
                { "Size": 400, "SharedSize": -1, "RepoTags": null, "RepoDigests": ["b@sha256:c"], "Containers": 2 },
            ],
            "Containers": [{ "SizeRw": 7 }, {}],
            "Volumes": [{ "UsageData": { "Size": 5, "RefCount": 1 } }, { "UsageData": null }, { "UsageData": { "Size": -1 } }],
            "BuildCache": [{ "Size": 3, "Shared": false }, { "Size": 100, "Shared": true }],
        });
        let usage = in_our_words(serde_json::from_value(answer).unwrap());
        assert_eq!(
            usage,
            DiskUsage {
                image_bytes: 900,
                container_bytes: 7,
                volume_bytes: 5,
                build_cache_bytes: 3,
                images: vec![
                    ImageUsage { names: vec!["a:1".to_owned()], own_bytes: 100, is_used: false },
                    ImageUsage { names: vec!["b@sha256:c".to_owned()], own_bytes: 400, is_used: true },
                ],
            }
        );
    }

    #[test]
    fn an_engine_with_nothing_says_null() {
        let answer = serde_json::json!({ "LayersSize": 0, "Images": null, "Containers": null, "Volumes": null, "BuildCache": null });
        assert_eq!(in_our_words(serde_json::from_value(answer).unwrap()), DiskUsage::default());
    }
}
