//! [`Engine`] over the Docker Engine API.
//!
//! Most calls go through `bollard`. Some do not (`wire`), each for a reason:
//! - create and inspect carry the container's environment, and bollard logs what it sends and gets at level debug;
//! - wait is right only when one knows that the engine has taken the request;
//! - attach and logs need the bytes of the answer: bollard's decoder takes a terminal's first byte for a frame header
//!   when it is below 3, and otherwise holds a line back until it ends;
//! - making a network needs `CheckDuplicate`, which bollard's model has dropped;
//! - building an image takes limits that bollard has no room for, and one way to read the answer is enough.

mod answer_limit;
mod app_images;
mod archive;
mod attach;
mod build_steps;
mod connection;
mod containers;
mod demux;
mod dial;
mod disk;
mod engines;
mod events;
mod firewall;
mod groups;
mod image_build;
mod images;
mod log_entries;
mod login;
mod logs;
mod networks;
mod prune;
mod pulls;
mod root_shell;
mod signals;
mod spec;
mod stats;
mod status;
mod terminal_input;
mod tls;
mod wire;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use crate::{
    AppImageBuild, AttachedStreams, BaseImage, BuildFirewall, ByteStream, ContainerName, ContainerSpec, ContainerStats,
    ContainerStatus, Disk, DiskUsage, Engine, EngineError, EngineInfo, EventStream, ImageBuild, LogStream, RootShell,
    Signal,
};
use connection::Connection;

pub use engines::DockerEngines;
pub use login::{RegistryAccess, RegistryLogin};
pub use tls::EngineTls;

/// A Docker Engine, 20.10 (API 1.41) or newer.
#[derive(Clone)]
pub struct DockerEngine {
    connection: Arc<Connection>,
}

impl DockerEngine {
    /// The engine behind a Unix socket of this machine. Connects with the first call, not here, so that an engine that
    /// is down now and up later needs no new value.
    #[must_use]
    pub fn unix(path: &str) -> Self {
        Self { connection: Arc::new(Connection::unix(path)) }
    }
}

impl fmt::Debug for DockerEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DockerEngine({})", self.connection.endpoint())
    }
}

#[async_trait]
impl Engine for DockerEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        let info = self.connection.system_info().await?;
        Ok(EngineInfo {
            id: info.id.unwrap_or_default(),
            memory_mb: info.mem_total.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0) >> 20,
            cpus: info.ncpu.and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            version: info.server_version.unwrap_or_default(),
        })
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.connection.ping().await
    }

    async fn pull(&self, image: &str) -> Result<(), EngineError> {
        pulls::pull(&self.connection, image).await
    }

    async fn pull_again(&self, image: &str) -> Result<(), EngineError> {
        images::pull(&self.connection, image).await
    }

    async fn build_image(&self, build: ImageBuild, lines: mpsc::Sender<String>) -> Result<(), EngineError> {
        images::build(&self.connection, build, lines).await
    }

    async fn build_app_image(&self, build: AppImageBuild, lines: mpsc::Sender<String>) -> Result<(), EngineError> {
        app_images::build(&self.connection, build, lines).await
    }

    async fn base_image(&self, image: &str) -> Result<Option<BaseImage>, EngineError> {
        app_images::base(&self.connection, image).await
    }

    async fn prune_app_images(&self, label: &str, kept: Duration, most: usize) -> Result<usize, EngineError> {
        app_images::prune(&self.connection, label, kept, most).await
    }

    async fn push(&self, image: &str) -> Result<(), EngineError> {
        images::push(&self.connection, image).await
    }

    async fn has_image(&self, image: &str) -> Result<bool, EngineError> {
        images::has(&self.connection, image).await
    }

    async fn prune_images(&self, path: &str, keep: &[String], most: usize) -> Result<Vec<String>, EngineError> {
        prune::images(&self.connection, path, keep, most).await
    }

    async fn ensure_build_firewall(&self, image: &str, firewall: &BuildFirewall) -> Result<(), EngineError> {
        firewall::ensure(&self.connection, image, firewall).await
    }

    async fn create_root_shell(&self, name: &ContainerName, shell: &RootShell) -> Result<(), EngineError> {
        containers::create_from(&self.connection, name, &shell.image, &root_shell::create_body(shell)).await
    }

    async fn create(&self, name: &ContainerName, spec: &ContainerSpec) -> Result<(), EngineError> {
        containers::create(&self.connection, name, spec).await
    }

    async fn start(&self, name: &ContainerName) -> Result<(), EngineError> {
        containers::start(&self.connection, name).await
    }

    async fn inspect(&self, name: &ContainerName) -> Result<Option<ContainerStatus>, EngineError> {
        containers::inspect(&self.connection, name).await
    }

    async fn list(&self, label: &str, value: &str) -> Result<Vec<ContainerStatus>, EngineError> {
        containers::list(&self.connection, label, value).await
    }

    async fn signal(&self, name: &ContainerName, signal: Signal) -> Result<(), EngineError> {
        signals::send(&self.connection, name, signal).await
    }

    async fn freeze(&self, name: &ContainerName) -> Result<(), EngineError> {
        containers::freeze(&self.connection, name).await
    }

    async fn thaw(&self, name: &ContainerName) -> Result<(), EngineError> {
        containers::thaw(&self.connection, name).await
    }

    async fn rename(&self, name: &ContainerName, new: &ContainerName) -> Result<(), EngineError> {
        containers::rename(&self.connection, name, new).await
    }

    async fn remove(&self, name: &ContainerName) -> Result<(), EngineError> {
        containers::remove(&self.connection, name).await
    }

    async fn wait(&self, name: &ContainerName) -> Result<i64, EngineError> {
        containers::wait(&self.connection, name).await
    }

    async fn logs(&self, name: &ContainerName, after: Option<DateTime<Utc>>) -> Result<LogStream, EngineError> {
        logs::follow(Arc::clone(&self.connection), name, after).await
    }

    async fn attach(&self, name: &ContainerName) -> Result<AttachedStreams, EngineError> {
        attach::attach(&self.connection, name).await
    }

    async fn resize(&self, name: &ContainerName, columns: u16, rows: u16) -> Result<(), EngineError> {
        containers::resize(&self.connection, name, columns, rows).await
    }

    async fn upload(&self, name: &ContainerName, directory: &str, tar: ByteStream) -> Result<(), EngineError> {
        archive::upload(&self.connection, name, directory, tar).await
    }

    async fn download(&self, name: &ContainerName, path: &str) -> Result<ByteStream, EngineError> {
        archive::download(Arc::clone(&self.connection), name, path).await
    }

    async fn stats(&self, name: &ContainerName) -> Result<Option<ContainerStats>, EngineError> {
        stats::stats(&self.connection, name).await
    }

    async fn disk_used(&self, name: &ContainerName) -> Result<u64, EngineError> {
        containers::disk_used(&self.connection, name).await
    }

    async fn disk(&self) -> Result<Option<Disk>, EngineError> {
        disk::of_host(&self.connection).await
    }

    async fn disk_usage(&self) -> Result<DiskUsage, EngineError> {
        disk::usage(&self.connection).await
    }

    async fn events(&self, label: &str) -> Result<EventStream, EngineError> {
        events::follow(Arc::clone(&self.connection), label).await
    }
}
