//! Images of strangers' Dockerfiles.
//!
//! The engine's builder runs each step in a container of its own, as root with the engine's default capabilities: package
//! managers need them. What it can be told, it is told: the network, memory, CPU, the size of a file. The number of
//! processes and the disk it cannot be told, so both are seen to from here while it works. Bollard has no numbers of bytes
//! beyond 2 GiB for a build, so the request is written here.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    convert::Infallible,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bollard::{
    body_try_stream,
    errors::Error,
    models::{ContainerUpdateBody, ImageInspect},
    query_parameters::{ListContainersOptionsBuilder, ListImagesOptionsBuilder, RemoveImageOptionsBuilder},
};
use chrono::Utc;
use futures::TryStreamExt;
use serde_json::json;
use tokio::sync::mpsc;

use super::{
    build_steps::BuildSteps,
    connection::{Connection, status},
    containers, groups, image_build, networks,
};
use crate::{AppImageBuild, BaseImage, ContainerName, EngineError};

/// Between two looks at the containers of a build, and at its disk: the engine counts the latter file by file.
const LOOK_EVERY: Duration = Duration::from_millis(200);
const DISK_EVERY: Duration = Duration::from_secs(2);

/// An engine that limits no step, however often it is asked, builds none.
const REFUSALS: u32 = 100;

/// One period of CPU time, in microseconds.
const CPU_PERIOD: u64 = 100_000;

pub(super) async fn build(
    connection: &Connection,
    build: AppImageBuild,
    lines: mpsc::Sender<String>,
) -> Result<(), EngineError> {
    let network = networks::ensure(connection, build.network).await?;
    let before = images(connection, &build.label).await?;
    let group = groups::parent(connection, build.network).await?;
    let path = format!("/build?{}", query(&build, network, group));
    let watched = Watched {
        label: build.label.clone(),
        disk_bytes: build.disk_bytes,
        processes: build.limits.processes,
        before: before.into_keys().collect(),
        steps: Mutex::default(),
    };
    let context = body_try_stream(build.context.map_err(std::io::Error::other));
    let hear = |line: &str| watched.with_steps(|steps| steps.hear(line));
    tokio::select! {
        built = image_build::run(connection, &path, context, &build.tag, &lines, hear) => built,
        Err(error) = watched.watch(connection, &build.tag) => Err(error),
    }
}

/// What an image brings to those that are built on it. `None`: this host does not have it.
pub(super) async fn base(connection: &Connection, image: &str) -> Result<Option<BaseImage>, EngineError> {
    let found: Result<ImageInspect, Error> = connection.call(|docker| docker.inspect_image(image)).await;
    if status(&found) == Some(404) {
        return Ok(None);
    }
    let found = found.map_err(|error| connection.failed("inspect an image", error))?;
    let triggers = found.config.and_then(|config| config.on_build).unwrap_or_default();
    Ok(Some(BaseImage { id: found.id.unwrap_or_default(), triggers }))
}

/// Removes what builds with this label have left without a name, and that is older than `kept`.
pub(super) async fn prune(
    connection: &Connection,
    label: &str,
    kept: Duration,
    most: usize,
) -> Result<usize, EngineError> {
    let fail = |error| connection.failed("remove images", error);
    // By our clock: engines before 24 know no filter of the age.
    let before = Utc::now().timestamp().saturating_sub(i64::try_from(kept.as_secs()).unwrap_or(i64::MAX));
    let filters = HashMap::from([("label", vec![label]), ("dangling", vec!["true"])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let found = connection.call(|docker| docker.list_images(Some(options))).await.map_err(fail)?;
    let mut removed = 0;
    for image in found.into_iter().filter(|image| image.created <= before).take(most) {
        let options = RemoveImageOptionsBuilder::default().force(false).noprune(false).build();
        let gone = connection.call(|docker| docker.remove_image(&image.id, Some(options), None)).await;
        match status(&gone) {
            // In use, or gone already.
            Some(404 | 409) => {}
            _ => {
                gone.map_err(fail)?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

fn query(build: &AppImageBuild, network: &str, group: Option<&str>) -> String {
    let limits = &build.limits;
    let memory = (u64::from(limits.memory_mb) << 20).to_string();
    let mut ulimits = vec![json!({ "Name": "nofile", "Soft": 10_000, "Hard": 10_000 })];
    ulimits.extend(limits.file_bytes.map(|bytes| json!({ "Name": "fsize", "Soft": bytes, "Hard": bytes })));
    let mut query = image_build::query(&build.tag, &build.dockerfile, &build.args);
    query
        .append_pair("networkmode", network)
        .append_pair("memory", &memory)
        .append_pair("memswap", &memory)
        .append_pair("cpushares", &limits.cpu_shares.to_string())
        .append_pair("ulimits", &json!(ulimits).to_string());
    if let Some(group) = group {
        query.append_pair("cgroupparent", group);
    }
    if let Some(millis) = limits.cpu_millis {
        query
            .append_pair("cpuperiod", &CPU_PERIOD.to_string())
            .append_pair("cpuquota", &(u64::from(millis) * CPU_PERIOD / 1000).to_string());
    }
    if let Some(target) = &build.target {
        query.append_pair("target", target);
    }
    query.finish()
}

/// What is seen to while the engine works.
struct Watched {
    label: (String, String),
    disk_bytes: u64,
    processes: u32,
    /// Images that earlier builds have left.
    before: HashSet<String>,
    steps: Mutex<BuildSteps>,
}

impl Watched {
    /// Ends with what the build has done too much of.
    async fn watch(&self, connection: &Connection, tag: &str) -> Result<Infallible, EngineError> {
        let (mut limited, mut refused, mut measured) = (HashSet::new(), 0, Instant::now());
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            // Those of other builds of the app among them: a limit that is set twice is set.
            let running = running(connection, &self.label).await?;
            for container in &running {
                if limited.contains(container) {
                    continue;
                }
                match self.limit(connection, container).await {
                    Ok(()) => drop(limited.insert(container.clone())),
                    // One that has just ended is taken for running a moment longer.
                    Err(EngineError::Refused { .. }) if refused < REFUSALS => refused += 1,
                    Err(error) => return Err(error),
                }
            }
            if measured.elapsed() < DISK_EVERY {
                continue;
            }
            let mut used: u64 = 0;
            for container in running.into_iter().filter(|id| self.made(id)) {
                match containers::disk_used(connection, &ContainerName(container)).await {
                    Ok(bytes) => used += bytes,
                    Err(EngineError::NoSuchContainer(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            let images = images(connection, &self.label).await?;
            let ours = images.iter().filter(|(id, _)| !self.before.contains(*id) && self.made(id));
            used += ours.map(|(_, added)| added).sum::<u64>();
            if used > self.disk_bytes {
                let reason = format!("it wrote more than {} MB to the disk", self.disk_bytes >> 20);
                return Err(EngineError::ImageBuild { tag: tag.to_owned(), reason });
            }
            measured = Instant::now();
        }
    }

    /// Whether it is of this build's steps, and not of another's with the same label.
    fn made(&self, id: &str) -> bool {
        self.with_steps(|steps| steps.made(id))
    }

    fn with_steps<T>(&self, look: impl FnOnce(&mut BuildSteps) -> T) -> T {
        look(&mut self.steps.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Of a step that has just begun.
    async fn limit(&self, connection: &Connection, container: &str) -> Result<(), EngineError> {
        let limits = ContainerUpdateBody { pids_limit: Some(i64::from(self.processes)), ..Default::default() };
        let updated = connection.call(|docker| docker.update_container(container, limits)).await;
        match status(&updated) {
            // It has ended.
            Some(404 | 409) => Ok(()),
            _ => updated.map_err(|error| connection.failed("limit a build", error)),
        }
    }
}

/// Ids of the containers with the label that run.
async fn running(connection: &Connection, label: &(String, String)) -> Result<Vec<String>, EngineError> {
    let filters = HashMap::from([("label", vec![format!("{}={}", label.0, label.1)])]);
    let options = ListContainersOptionsBuilder::default().filters(&filters).build();
    let found = connection.call(|docker| docker.list_containers(Some(options))).await;
    let found = found.map_err(|error| connection.failed("list containers", error))?;
    Ok(found.into_iter().filter_map(|container| container.id).collect())
}

/// Those with the label, every step's among them, and the bytes that each has added to the one before it.
async fn images(connection: &Connection, label: &(String, String)) -> Result<BTreeMap<String, u64>, EngineError> {
    let filters = HashMap::from([("label", vec![format!("{}={}", label.0, label.1)])]);
    let options = ListImagesOptionsBuilder::default().all(true).filters(&filters).build();
    let found = connection.call(|docker| docker.list_images(Some(options))).await;
    let found = found.map_err(|error| connection.failed("list images", error))?;
    let sizes: HashMap<&str, i64> = found.iter().map(|image| (image.id.as_str(), image.size)).collect();
    let added = |size: i64, parent: &str| match sizes.get(parent) {
        Some(below) => size - below,
        // The label itself: what it stands on is the base image, which was there before.
        None => 0,
    };
    let images = found
        .iter()
        .map(|image| (image.id.clone(), u64::try_from(added(image.size, &image.parent_id)).unwrap_or_default()));
    Ok(images.collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures::stream;

    use super::*;
    use crate::{Limits, Network};

    #[test]
    fn a_query_holds_limits_beyond_32_bits_and_no_words_of_the_users_unquoted() {
        let build = AppImageBuild {
            tag: "registry/apps/x:build".into(),
            context: Box::pin(stream::empty()),
            dockerfile: "a&b/Dockerfile".into(),
            args: BTreeMap::from([("A".into(), "1&memory=0".into())]),
            target: Some("web".into()),
            label: ("paas.app-image".into(), "x".into()),
            limits: Limits {
                memory_mb: 4096,
                cpu_shares: 1024,
                cpu_millis: Some(1500),
                processes: 100,
                file_bytes: Some(1 << 33),
            },
            disk_bytes: 1,
            network: Network::Builds,
        };
        let query = query(&build, "paas-builds", Some("/paas-builds"));
        for part in [
            "version=1&",
            "memory=4294967296&memswap=4294967296&",
            "cpuquota=150000",
            "networkmode=paas-builds",
            "dockerfile=a%26b%2FDockerfile",
            "buildargs=%7B%22A%22%3A%221%26memory%3D0%22%7D",
            "8589934592",
        ] {
            assert!(query.contains(part), "{part} in {query}");
        }
        assert_eq!(query.matches("memory=").count(), 1);
    }
}
