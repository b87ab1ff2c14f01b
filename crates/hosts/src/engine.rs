//! The port to one host's container engine.

use std::{collections::BTreeMap, fmt, net::SocketAddr, pin::Pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{BuildFirewall, EngineError};

pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, EngineError>> + Send>>;
pub type LogStream = Pin<Box<dyn Stream<Item = Result<LogChunk, EngineError>> + Send>>;
pub type EventStream = Pin<Box<dyn Stream<Item = Result<EngineEvent, EngineError>> + Send>>;
pub type ByteReader = Pin<Box<dyn AsyncRead + Send>>;
pub type ByteWriter = Pin<Box<dyn AsyncWrite + Send>>;

/// Runs containers on one host. Docker implements it, and a fake does; `testing::contract` holds both to the same rules.
///
/// Every call may be repeated: creating what exists, starting what runs, stopping what stopped and removing what is not
/// there are successes. A call that fails with [`EngineError::Unavailable`] may or may not have had its effect: look
/// again before acting.
#[async_trait]
pub trait Engine: fmt::Debug + Send + Sync {
    async fn info(&self) -> Result<EngineInfo, EngineError>;

    /// Answers within 3 seconds, or is [`EngineError::Unavailable`]: for heartbeats.
    async fn ping(&self) -> Result<(), EngineError>;

    /// Has the image on this host, pulling it when missing. `image` is a full reference: `127.0.0.1:5050/apps/ID@sha256:…`,
    /// or with a tag.
    ///
    /// # Errors
    /// [`EngineError::ImageNotFound`] when the registry does not have it; [`EngineError::RegistryUnavailable`] when that
    /// does not answer.
    async fn pull(&self, image: &str) -> Result<(), EngineError>;

    /// The same, asking the registry whether the image is on this host or not, and with no credentials but for our own
    /// registry: afterwards it is known that anybody can have it.
    async fn pull_again(&self, image: &str) -> Result<(), EngineError>;

    /// Builds `build.tag` from a context, sending each line of output to `lines`. Operators' Dockerfiles only (stacks).
    async fn build_image(&self, build: ImageBuild, lines: tokio::sync::mpsc::Sender<String>)
    -> Result<(), EngineError>;

    /// Builds `build.tag` from a stranger's Dockerfile, sending each line of output to `lines`. Whoever calls has seen to it
    /// that the Dockerfile reaches for nothing but what it may. Ends with the future: dropped, it is called off at once,
    /// and the engine removes the container of the step that ran.
    ///
    /// # Errors
    /// [`EngineError::ImageBuild`] for what is the Dockerfile's fault, a limit that it came to among it.
    async fn build_app_image(
        &self,
        build: AppImageBuild,
        lines: tokio::sync::mpsc::Sender<String>,
    ) -> Result<(), EngineError>;

    /// What an image brings to those that are built on it. `None`: this host does not have it.
    async fn base_image(&self, image: &str) -> Result<Option<BaseImage>, EngineError>;

    /// Removes steps that [`Engine::build_app_image`] has kept for later builds with this label, whatever its value, and
    /// that are older than `kept`; not more than `most`. Gives how many.
    async fn prune_app_images(&self, label: &str, kept: Duration, most: usize) -> Result<usize, EngineError>;

    /// Pushes an image that this host has to the registry that its name says.
    ///
    /// # Errors
    /// [`EngineError::ImageNotFound`] when this host does not have it; [`EngineError::RegistryUnavailable`].
    async fn push(&self, image: &str) -> Result<(), EngineError>;

    /// Whether this host has the image, without asking a registry.
    async fn has_image(&self, image: &str) -> Result<bool, EngineError>;

    /// Removes the images under this path (as names begin: `10.0.0.1:5050/apps`) that are not in `keep`, by full reference, and
    /// that no container uses, running or not; not many more than `most`. One that is wanted again later is pulled again.
    /// Gives those removed.
    ///
    /// # Errors
    /// When none could be removed, and one should have been.
    async fn prune_images(&self, path: &str, keep: &[String], most: usize) -> Result<Vec<String>, EngineError>;

    /// Before a build on an engine that shares the server's own machine: sees to it that builds reach what `firewall` says and
    /// no more, for a while; see `hosts.md`. Elsewhere nothing happens. `image` as in [`RootShell`].
    ///
    /// # Errors
    /// [`EngineError::NoFirewall`] when the machine cannot have one.
    async fn ensure_build_firewall(&self, image: &str, firewall: &BuildFirewall) -> Result<(), EngineError>;

    /// As [`Engine::create`], for a shell that is root on the host itself: only for the operator of the installation, who
    /// is root there by right. What apps bring along never comes here: it is made by [`Engine::create`], which has no way
    /// to ask for any of this.
    ///
    /// # Errors
    /// [`EngineError::ImageNotFound`] when the image is not on this host.
    async fn create_root_shell(&self, name: &ContainerName, shell: &RootShell) -> Result<(), EngineError>;

    /// Makes the container, without starting it; adopts one of that name if it is there, whatever its state.
    ///
    /// # Errors
    /// [`EngineError::ImageNotFound`] when the image is not on this host.
    async fn create(&self, name: &ContainerName, spec: &ContainerSpec) -> Result<(), EngineError>;

    /// Runs it, at most once in its life: starting a container that runs, or that has already ended, does nothing.
    ///
    /// # Errors
    /// [`EngineError::NoSuchContainer`]; [`EngineError::CannotStart`] when the engine refuses to run it (a user that the
    /// image does not know, say), with its reason. A command that the image lacks is no such case: the container starts,
    /// says so in its log, and ends with 127.
    async fn start(&self, name: &ContainerName) -> Result<(), EngineError>;

    /// `None`: there is no such container.
    async fn inspect(&self, name: &ContainerName) -> Result<Option<ContainerStatus>, EngineError>;

    /// Every container, in any state, that carries this label with this value.
    async fn list(&self, label: &str, value: &str) -> Result<Vec<ContainerStatus>, EngineError>;

    /// Sends the signal to every process in the container, once. No effect on one that does not run, or is not there.
    async fn signal(&self, name: &ContainerName, signal: Signal) -> Result<(), EngineError>;

    /// Stops every process of the container where it is; its files can be read and written all the same. No effect on one that
    /// does not run.
    ///
    /// # Errors
    /// [`EngineError::NoSuchContainer`]; [`EngineError::Refused`] on a machine that cannot do it.
    async fn freeze(&self, name: &ContainerName) -> Result<(), EngineError>;

    /// Lets what was frozen go on.
    ///
    /// # Errors
    /// [`EngineError::NoSuchContainer`]; [`EngineError::Refused`] for one that is not frozen.
    async fn thaw(&self, name: &ContainerName) -> Result<(), EngineError>;

    /// Gives the container another name, whatever its state. Of several who rename one at the same time, the last may win.
    ///
    /// # Errors
    /// [`EngineError::NoSuchContainer`]; [`EngineError::Refused`] when another container has the new name.
    async fn rename(&self, name: &ContainerName, new: &ContainerName) -> Result<(), EngineError>;

    /// Kills the container if it runs, and removes it with its anonymous volumes.
    async fn remove(&self, name: &ContainerName) -> Result<(), EngineError>;

    /// Waits until the container has ended and gives its exit status (128 + signal for a killed one). May be asked before
    /// the start, and after the end. One that is removed without having run is [`EngineError::NoSuchContainer`].
    async fn wait(&self, name: &ContainerName) -> Result<i64, EngineError>;

    /// What the container prints, from the entry after `after` (all of it when `None`) until it ends or is removed.
    /// Chunks are as the engine frames them: one need not be a line, and a line may span several. A container that has
    /// not been started has printed nothing: its log ends at once. A lost connection ends the stream with an error.
    async fn logs(&self, name: &ContainerName, after: Option<DateTime<Utc>>) -> Result<LogStream, EngineError>;

    /// Standard input and output of a container made with `stdin`. Attach before [`Engine::start`] to lose nothing.
    /// With `tty` the output is one raw stream; without, standard error is merged into it. Of a container that has ended
    /// nothing comes.
    async fn attach(&self, name: &ContainerName) -> Result<AttachedStreams, EngineError>;

    /// Sets the size of the container's terminal, in characters. No effect on one that does not run.
    async fn resize(&self, name: &ContainerName, columns: u16, rows: u16) -> Result<(), EngineError>;

    /// Unpacks an uncompressed tar under `directory`, as root, keeping the archive's owners. Works on a container that
    /// was made and not yet started.
    async fn upload(&self, name: &ContainerName, directory: &str, tar: ByteStream) -> Result<(), EngineError>;

    /// An uncompressed tar of `path`; entries begin with its last component. Works on a container that has ended.
    ///
    /// # Errors
    /// [`EngineError::NoSuchPath`].
    async fn download(&self, name: &ContainerName, path: &str) -> Result<ByteStream, EngineError>;

    /// What the container uses just now. `None`: it does not run.
    async fn stats(&self, name: &ContainerName) -> Result<Option<ContainerStats>, EngineError>;

    /// Bytes that the container has written to its own file system layer.
    async fn disk_used(&self, name: &ContainerName) -> Result<u64, EngineError>;

    /// The disk that everything of the engine is on. `None`: it cannot tell; [`crate::look_at_disk`] finds out.
    async fn disk(&self) -> Result<Option<Disk>, EngineError>;

    /// What takes that disk. Takes seconds on a large host.
    async fn disk_usage(&self) -> Result<DiskUsage, EngineError>;

    /// Starts and ends of containers with this label, from now on. A lost connection ends the stream, with an error.
    async fn events(&self, label: &str) -> Result<EventStream, EngineError>;
}

/// A container's name, and the key of every effect on it: `dyno-<uuid>`, `build-<uuid>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerName(pub String);

impl fmt::Display for ContainerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineInfo {
    /// The engine's own id, which stays the same as long as its data directory does.
    pub id: String,
    /// Memory of the whole machine, MiB.
    pub memory_mb: u64,
    pub cpus: u32,
    pub version: String,
}

/// A file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub bytes: u64,
    /// That an account without privileges may fill.
    pub free_bytes: u64,
}

/// What an engine takes of its disk, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiskUsage {
    /// Of all layers of all images, each once.
    pub image_bytes: u64,
    /// That containers have written over their images, running or not.
    pub container_bytes: u64,
    pub volume_bytes: u64,
    /// What builds of images keep for one another.
    pub build_cache_bytes: u64,
    pub images: Vec<ImageUsage>,
}

/// One image on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUsage {
    /// Full references, by tag and by digest.
    pub names: Vec<String>,
    /// Of layers that no other image has.
    pub own_bytes: u64,
    /// A container of it is there, running or not.
    pub is_used: bool,
}

/// What to run. Always unprivileged: all capabilities dropped, no new privileges, an init process that reaps.
#[derive(Clone, PartialEq, Eq)]
pub struct ContainerSpec {
    pub image: String,
    /// The whole command line; no shell is put around it. With `entrypoint`, what the image's is given; empty for what the
    /// image itself says.
    pub command: Vec<String>,
    /// Whether the image's entry point runs, with the command as its arguments.
    pub entrypoint: bool,
    /// Holds secrets; kept out of Debug.
    pub env: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    /// `uid:gid`; never root.
    pub user: String,
    /// Empty: the image's.
    pub working_dir: String,
    pub limits: Limits,
    pub network: Network,
    /// The TCP port that other parts reach the container on. `None`: nothing connects to it.
    pub port: Option<u16>,
    /// Give it a terminal.
    pub tty: bool,
    /// Keep standard input open for [`Engine::attach`].
    pub stdin: bool,
}

/// A shell on the host, outside all confinement: as root, with the host's processes, network and files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootShell {
    /// Any image that the host has with a shell and `nsenter` in it, as the stacks' have; nothing else of it is used.
    pub image: String,
    /// Run among the host's files. Empty: a login shell.
    pub command: Vec<String>,
    pub labels: BTreeMap<String, String>,
    /// Give it a terminal.
    pub tty: bool,
}

/// One moment of a container that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerStats {
    pub at: DateTime<Utc>,
    /// MiB, rounded up, without the page cache that the kernel would give up first.
    pub memory_mb: u64,
    /// MiB.
    pub memory_limit_mb: u64,
    /// MiB. None where swap is not counted, and always where there is none.
    pub swap_mb: Option<u64>,
    /// CPU time since its start.
    pub cpu_used: Duration,
    pub processes: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Hard limit, MiB; swap is not added to it.
    pub memory_mb: u32,
    /// Relative weight under contention; 1024 is one share.
    pub cpu_shares: u32,
    /// Hard limit in thousandths of a CPU. `None`: as much as is idle.
    pub cpu_millis: Option<u32>,
    pub processes: u32,
    /// Bytes of one file. `None`: no limit.
    pub file_bytes: Option<u64>,
}

/// Which network a container joins. On neither can one container reach another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Dynos,
    Builds,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Term,
    Kill,
    Hup,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerStatus {
    pub name: ContainerName,
    pub labels: BTreeMap<String, String>,
    pub state: ContainerState,
    /// It runs, and stands still.
    pub is_frozen: bool,
    /// Where its `port` answers, as seen from the routers. `None` while it does not run.
    pub address: Option<Address>,
}

/// A dyno's address as routers reach it.
pub type Address = SocketAddr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerState {
    Created,
    Running,
    /// `out_of_memory`: the kernel killed it for its memory limit.
    Ended {
        exit_code: i64,
        out_of_memory: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    /// When the engine took it; strictly increasing within a container, and the same in every reading. In nanoseconds:
    /// who keeps fewer digits as the place to resume after is given the entries of the last unit again.
    pub at: DateTime<Utc>,
    pub bytes: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineEvent {
    Started(ContainerName),
    Ended(ContainerName),
}

/// A directory to build an image from.
#[derive(Debug, Clone)]
pub struct ImageBuild {
    pub tag: String,
    /// Uncompressed tar of the context.
    pub context: Bytes,
    /// Path of the Dockerfile in the context.
    pub dockerfile: String,
    pub args: BTreeMap<String, String>,
    /// Runs every step, also those whose outcome is kept from earlier builds.
    pub anew: bool,
}

/// A stranger's directory to build an image from.
pub struct AppImageBuild {
    pub tag: String,
    /// Uncompressed tar of the context.
    pub context: ByteStream,
    /// Path of the Dockerfile in the context. Every stage in it begins with `label`.
    pub dockerfile: String,
    pub args: BTreeMap<String, String>,
    /// The stage to build. `None`: the last.
    pub target: Option<String>,
    /// By which the containers and images of its steps are found, and steps are used again: what others share it with.
    pub label: (String, String),
    pub limits: Limits,
    /// Bytes that all steps together may add.
    pub disk_bytes: u64,
    /// The one that steps run on.
    pub network: Network,
}

/// An image to build on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseImage {
    /// `sha256:…`: what it is, whatever its name points at later.
    pub id: String,
    /// The instructions that it adds to the Dockerfile of whoever builds on it (`ONBUILD`).
    pub triggers: Vec<String>,
}

/// Both directions of an attached container. The reader ends when the container does; shutting the writer down is end
/// of file for the process.
pub struct AttachedStreams {
    pub output: ByteReader,
    pub input: ByteWriter,
}

impl fmt::Debug for AppImageBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tag, dockerfile, target, limits, .. } = self;
        let mut out = f.debug_struct("AppImageBuild");
        out.field("tag", tag).field("dockerfile", dockerfile).field("target", target).field("limits", limits);
        out.finish_non_exhaustive()
    }
}

impl fmt::Debug for AttachedStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttachedStreams")
    }
}

impl fmt::Debug for ContainerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerSpec")
            .field("image", &self.image)
            .field("labels", &self.labels)
            .field("env", &self.env.keys())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
