//! An engine in memory.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::{TryStreamExt, stream};
use tokio::{
    io::{AsyncReadExt, DuplexStream},
    sync::{mpsc, watch},
};
use tokio_util::io::StreamReader;

use super::{
    fake_container::FakeContainer,
    fake_state::FakeState,
    method::{Call, Fault, Method},
    program::{Course, Program},
};
use crate::{
    AppImageBuild, AttachedStreams, BaseImage, BuildFirewall, ByteStream, ContainerName, ContainerSpec, ContainerState,
    ContainerStats, ContainerStatus, Disk, DiskUsage, Engine, EngineError, EngineInfo, EventStream, ImageBuild, Limits,
    LogStream, Network, RootShell, Signal,
};

/// A host without Docker: containers do what their [`Program`] says, at once, and nothing takes time.
///
/// Clones are handles to one engine. Only the ports are real. Must be used within a tokio runtime.
#[derive(Clone, Default)]
pub struct FakeEngine {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<FakeState>,
    /// Sent to after every change, for those who wait.
    changed: watch::Sender<()>,
}

/// Scripting, and looking at what came of it.
impl FakeEngine {
    /// Containers whose command line contains `key` run this program; where several keys fit, the longest counts.
    /// Without any, a container answers `ok` on its port until it is signalled.
    pub fn program(&self, key: &str, program: Program) {
        self.state().programs.insert(key.to_owned(), program);
    }

    /// The host has the image.
    pub fn add_image(&self, image: &str) {
        self.state().images.insert(image.to_owned());
    }

    /// No registry has the image; all others can be pulled.
    pub fn forget_image(&self, image: &str) {
        let mut state = self.state();
        state.images.remove(image);
        state.unknown_images.insert(image.to_owned());
    }

    pub fn set_info(&self, info: EngineInfo) {
        self.state().info = info;
    }

    /// `None`: the engine cannot tell, and a container has to look.
    pub fn set_disk(&self, disk: Option<Disk>) {
        self.state().disk = disk;
    }

    /// The next calls of the method, so many, are `Unavailable` and have no effect.
    pub fn fail_before(&self, method: Method, times: usize) {
        self.state().faults.entry(method).or_default().extend(std::iter::repeat_n(Fault::BeforeEffect, times));
    }

    /// The next calls of the method, so many, have their effect and are `Unavailable` all the same.
    pub fn fail_after(&self, method: Method, times: usize) {
        self.state().faults.entry(method).or_default().extend(std::iter::repeat_n(Fault::AfterEffect, times));
    }

    /// Every call is `Unavailable`, and open streams end with that, until [`Self::come_back`]. Containers run on.
    pub fn go_down(&self) {
        self.change(|state| state.down = true);
    }

    pub fn come_back(&self) {
        self.change(|state| state.down = false);
    }

    /// A running container binds its port now, and answers with `body`.
    ///
    /// # Errors
    /// There is no such container, or the port cannot be had.
    pub fn bind(&self, name: &ContainerName, body: &str) -> io::Result<()> {
        self.change(|state| state.container(name).map_err(io::Error::other)?.bind(body))
    }

    /// A running container prints a line.
    pub fn print(&self, name: &ContainerName, line: &str) {
        self.print_bytes(name, Bytes::from(format!("{line}\n")));
    }

    /// A running container ends by itself.
    pub fn end(&self, name: &ContainerName, exit_code: i64) {
        self.change(|state| {
            state
                .change(name, |container| {
                    if container.runs() {
                        container.end(exit_code, false);
                    }
                })
                .ok();
        });
    }

    /// A container uses so much from now on, MiB; 1 until then.
    pub fn use_memory(&self, name: &ContainerName, memory_mb: u64) {
        self.change(|state| {
            if let Ok(container) = state.container(name) {
                container.memory_mb = memory_mb;
            }
        });
    }

    /// What a container was made with.
    #[must_use]
    pub fn spec(&self, name: &ContainerName) -> Option<ContainerSpec> {
        self.state().containers.get(name).map(|container| container.spec.clone())
    }

    /// Every container, by name.
    #[must_use]
    pub fn containers(&self) -> Vec<ContainerStatus> {
        self.state().containers.iter().map(|(name, container)| container.status(name)).collect()
    }

    /// Where the container's port is, or will be.
    #[must_use]
    pub fn address(&self, name: &ContainerName) -> Option<SocketAddr> {
        self.state().containers.get(name)?.status(name).address
    }

    /// Every call so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The subjects of the calls of one method so far, in order.
    #[must_use]
    pub fn calls_of(&self, method: Method) -> Vec<String> {
        self.state().calls.iter().filter(|call| call.method == method).map(|call| call.subject.clone()).collect()
    }

    /// Returns once the engine's containers are as asked.
    pub async fn until(&self, mut reached: impl FnMut(&[ContainerStatus]) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        while !reached(&self.containers()) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    }
}

#[async_trait]
impl Engine for FakeEngine {
    async fn info(&self) -> Result<EngineInfo, EngineError> {
        self.call(Method::Info, "", |state| Ok(state.info.clone()))
    }

    async fn ping(&self) -> Result<(), EngineError> {
        self.call(Method::Ping, "", |_| Ok(()))
    }

    async fn pull(&self, image: &str) -> Result<(), EngineError> {
        self.call(Method::Pull, image, |state| {
            if !state.images.contains(image) && state.unknown_images.contains(image) {
                return Err(EngineError::ImageNotFound(image.to_owned()));
            }
            state.images.insert(image.to_owned());
            Ok(())
        })
    }

    async fn pull_again(&self, image: &str) -> Result<(), EngineError> {
        self.pull(image).await
    }

    async fn build_image(&self, build: ImageBuild, lines: mpsc::Sender<String>) -> Result<(), EngineError> {
        lines.send(format!("Building {}", build.dockerfile)).await.ok();
        self.call(Method::BuildImage, &build.tag, |state| {
            state.images.insert(build.tag.clone());
            Ok(())
        })
    }

    async fn build_app_image(&self, build: AppImageBuild, lines: mpsc::Sender<String>) -> Result<(), EngineError> {
        lines.send(format!("Building {}", build.dockerfile)).await.ok();
        self.call(Method::BuildAppImage, &build.tag, |state| {
            state.images.insert(build.tag.clone());
            Ok(())
        })
    }

    async fn base_image(&self, image: &str) -> Result<Option<BaseImage>, EngineError> {
        self.call(Method::BaseImage, image, |state| {
            let is_here = state.images.contains(image);
            Ok(is_here.then(|| BaseImage { id: image.to_owned(), triggers: Vec::new() }))
        })
    }

    /// It keeps no steps.
    async fn prune_app_images(&self, label: &str, _: Duration, _: usize) -> Result<usize, EngineError> {
        self.call(Method::PruneAppImages, label, |_| Ok(0))
    }

    async fn push(&self, image: &str) -> Result<(), EngineError> {
        self.call(Method::Push, image, |state| {
            if state.images.contains(image) { Ok(()) } else { Err(EngineError::ImageNotFound(image.to_owned())) }
        })
    }

    async fn has_image(&self, image: &str) -> Result<bool, EngineError> {
        self.call(Method::HasImage, image, |state| Ok(state.images.contains(image)))
    }

    async fn prune_images(&self, path: &str, keep: &[String], most: usize) -> Result<Vec<String>, EngineError> {
        self.call(Method::PruneImages, path, |state| Ok(state.prune_images(path, keep, most)))
    }

    /// Its containers reach nothing as it is.
    async fn ensure_build_firewall(&self, _image: &str, _firewall: &BuildFirewall) -> Result<(), EngineError> {
        Ok(())
    }

    async fn create_root_shell(&self, name: &ContainerName, shell: &RootShell) -> Result<(), EngineError> {
        self.call(Method::CreateRootShell, &name.0, |state| state.create(name, &as_spec(shell)))
    }

    async fn create(&self, name: &ContainerName, spec: &ContainerSpec) -> Result<(), EngineError> {
        self.call(Method::Create, &name.0, |state| state.create(name, spec))
    }

    async fn start(&self, name: &ContainerName) -> Result<(), EngineError> {
        self.call(Method::Start, &name.0, |state| state.start(name))
    }

    async fn inspect(&self, name: &ContainerName) -> Result<Option<ContainerStatus>, EngineError> {
        self.call(Method::Inspect, &name.0, |state| Ok(state.containers.get(name).map(|found| found.status(name))))
    }

    async fn list(&self, label: &str, value: &str) -> Result<Vec<ContainerStatus>, EngineError> {
        self.call(Method::List, &format!("{label}={value}"), |state| {
            let labelled = |container: &FakeContainer| container.spec.labels.get(label).is_some_and(|it| it == value);
            let found = state.containers.iter().filter(|(_, container)| labelled(container));
            Ok(found.map(|(name, container)| container.status(name)).collect())
        })
    }

    async fn signal(&self, name: &ContainerName, signal: Signal) -> Result<(), EngineError> {
        self.call(Method::Signal, &name.0, |state| {
            state.change(name, |container| container.signal(signal)).ok();
            Ok(())
        })
    }

    /// What runs here does nothing by itself.
    async fn freeze(&self, name: &ContainerName) -> Result<(), EngineError> {
        self.call(Method::Freeze, &name.0, |state| {
            state.change(name, |container| container.is_frozen = container.runs())
        })
    }

    async fn thaw(&self, name: &ContainerName) -> Result<(), EngineError> {
        self.call(Method::Thaw, &name.0, |state| state.thaw(name))
    }

    async fn rename(&self, name: &ContainerName, new: &ContainerName) -> Result<(), EngineError> {
        self.call(Method::Rename, &name.0, |state| state.rename(name, new))
    }

    async fn remove(&self, name: &ContainerName) -> Result<(), EngineError> {
        self.call(Method::Remove, &name.0, |state| {
            state.change(name, |container| container.signal(Signal::Kill)).ok();
            state.containers.remove(name);
            Ok(())
        })
    }

    async fn wait(&self, name: &ContainerName) -> Result<i64, EngineError> {
        let mut changed = self.shared.changed.subscribe();
        let serial = self.call(Method::Wait, &name.0, |state| Ok(state.container(name)?.serial))?;
        loop {
            if let Some(exit_code) = self.look(name, serial, FakeContainer::exit_code)? {
                return Ok(exit_code);
            }
            self.next_change(&mut changed).await?;
        }
    }

    async fn logs(&self, name: &ContainerName, after: Option<DateTime<Utc>>) -> Result<LogStream, EngineError> {
        let serial = self.call(Method::Logs, &name.0, |state| Ok(state.container(name)?.serial))?;
        if self.look(name, serial, |container| container.state == ContainerState::Created)? {
            return Ok(Box::pin(stream::empty()));
        }
        let read = self.look(name, serial, |container| {
            container.log.iter().take_while(|chunk| after.is_some_and(|after| chunk.at <= after)).count()
        })?;
        Ok(self.follow(name, serial, read))
    }

    async fn attach(&self, name: &ContainerName) -> Result<AttachedStreams, EngineError> {
        let (serial, read) = self.call(Method::Attach, &name.0, |state| {
            let container = state.container(name)?;
            Ok((container.serial, container.log.len()))
        })?;
        let output = self.follow(name, serial, read).map_ok(|chunk| chunk.bytes).map_err(io::Error::other);
        let (input, stdin) = tokio::io::duplex(64 << 10);
        tokio::spawn(self.clone().feed(name.clone(), serial, stdin));
        Ok(AttachedStreams { output: Box::pin(StreamReader::new(output)), input: Box::pin(input) })
    }

    async fn resize(&self, name: &ContainerName, _columns: u16, _rows: u16) -> Result<(), EngineError> {
        self.call(Method::Resize, &name.0, |state| state.container(name).map(drop))
    }

    async fn upload(&self, name: &ContainerName, directory: &str, tar: ByteStream) -> Result<(), EngineError> {
        let tar = tar.try_collect::<Vec<_>>().await?.concat();
        self.call(Method::Upload, &name.0, |state| {
            let unpacked = state.container(name)?.files.unpack(directory, &tar);
            unpacked.map_err(|error| refused("take files", &error))
        })
    }

    async fn download(&self, name: &ContainerName, path: &str) -> Result<ByteStream, EngineError> {
        let tar = self.call(Method::Download, &name.0, |state| {
            let packed = state.container(name)?.files.pack(path).map_err(|error| refused("give files", &error))?;
            packed.ok_or_else(|| EngineError::NoSuchPath { container: name.0.clone(), path: path.to_owned() })
        })?;
        Ok(Box::pin(stream::iter([Ok(tar)])))
    }

    async fn stats(&self, name: &ContainerName) -> Result<Option<ContainerStats>, EngineError> {
        self.call(Method::Stats, &name.0, |state| {
            let now = state.now();
            Ok(state.container(name)?.stats(now))
        })
    }

    async fn disk_used(&self, name: &ContainerName) -> Result<u64, EngineError> {
        self.call(Method::DiskUsed, &name.0, |state| Ok(state.container(name)?.files.size()))
    }

    async fn disk(&self) -> Result<Option<Disk>, EngineError> {
        self.call(Method::Disk, "", |state| Ok(state.disk))
    }

    async fn disk_usage(&self) -> Result<DiskUsage, EngineError> {
        self.call(Method::DiskUsage, "", |state| Ok(state.disk_usage()))
    }

    async fn events(&self, label: &str) -> Result<EventStream, EngineError> {
        let changed = self.shared.changed.subscribe();
        let seen = self.call(Method::Events, label, |state| Ok(state.events.len()))?;
        let follower = (self.clone(), changed, seen, label.to_owned());
        Ok(Box::pin(stream::try_unfold(follower, |(engine, mut changed, mut seen, label)| async move {
            loop {
                let next = engine.state().events.get(seen).cloned();
                match next {
                    Some((event, labels)) => {
                        seen += 1;
                        if labels.contains(&label) {
                            return Ok(Some((event, (engine, changed, seen, label))));
                        }
                    }
                    None => engine.next_change(&mut changed).await?,
                }
            }
        })))
    }
}

impl FakeEngine {
    fn state(&self) -> MutexGuard<'_, FakeState> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut FakeState) -> T) -> T {
        let outcome = change(&mut self.state());
        self.shared.changed.send_replace(());
        outcome
    }

    /// One call of the port: noted, failed as scripted, else in effect.
    fn call<T>(
        &self,
        method: Method,
        subject: &str,
        effect: impl FnOnce(&mut FakeState) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.change(|state| {
            state.calls.push(Call { method, subject: subject.to_owned() });
            if state.down {
                return Err(unavailable());
            }
            match state.faults.get_mut(&method).and_then(std::collections::VecDeque::pop_front) {
                None => effect(state),
                Some(Fault::BeforeEffect) => Err(unavailable()),
                Some(Fault::AfterEffect) => effect(state).and(Err(unavailable())),
            }
        })
    }

    /// At the container that a stream was opened on, not at a later one of its name.
    fn look<T>(
        &self,
        name: &ContainerName,
        serial: u64,
        look: impl FnOnce(&FakeContainer) -> T,
    ) -> Result<T, EngineError> {
        let state = self.state();
        let container = state.containers.get(name).filter(|container| container.serial == serial);
        container.map(look).ok_or_else(|| EngineError::NoSuchContainer(name.0.clone()))
    }

    async fn next_change(&self, changed: &mut watch::Receiver<()>) -> Result<(), EngineError> {
        if self.state().down || changed.changed().await.is_err() || self.state().down {
            return Err(unavailable());
        }
        Ok(())
    }

    /// The container's log from its `read`th chunk, until it ends or is removed.
    fn follow(&self, name: &ContainerName, serial: u64, read: usize) -> LogStream {
        let follower = (self.clone(), self.shared.changed.subscribe(), read);
        let name = name.clone();
        Box::pin(stream::try_unfold(follower, move |(engine, mut changed, read)| {
            let name = name.clone();
            async move {
                loop {
                    let looked = engine.look(&name, serial, |container| {
                        (container.log.get(read).cloned(), container.exit_code().is_some())
                    });
                    match looked {
                        Ok((Some(chunk), _)) => return Ok(Some((chunk, (engine, changed, read + 1)))),
                        Ok((None, false)) => engine.next_change(&mut changed).await?,
                        Ok((None, true)) | Err(_) => return Ok(None),
                    }
                }
            }
        }))
    }

    /// Standard input of one container, once it runs.
    async fn feed(self, name: ContainerName, serial: u64, mut stdin: DuplexStream) {
        let mut changed = self.shared.changed.subscribe();
        while let Ok(ContainerState::Created) = self.look(&name, serial, |container| container.state) {
            if changed.changed().await.is_err() {
                return;
            }
        }
        let echoes = self.look(&name, serial, |container| container.program.course == Course::Echo).unwrap_or(false);
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read) = stdin.read(&mut buffer).await {
            match (echoes, buffer.get(..read).unwrap_or_default()) {
                (true, []) => return self.end(&name, 0),
                (false, []) => return,
                (true, bytes) => self.print_bytes(&name, Bytes::copy_from_slice(bytes)),
                (false, _) => {}
            }
        }
    }

    fn print_bytes(&self, name: &ContainerName, bytes: Bytes) {
        self.change(|state| {
            let now = state.now();
            state.change(name, |container| container.print(now, bytes)).ok();
        });
    }
}

impl fmt::Debug for FakeEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeEngine")
    }
}

fn unavailable() -> EngineError {
    EngineError::Unavailable { endpoint: "fake".to_owned(), source: "as scripted".into() }
}

/// A root shell has no limits; the user tells it from what apps run in.
fn as_spec(shell: &RootShell) -> ContainerSpec {
    ContainerSpec {
        image: shell.image.clone(),
        command: shell.command.clone(),
        entrypoint: false,
        env: BTreeMap::new(),
        labels: shell.labels.clone(),
        user: "0:0".to_owned(),
        working_dir: "/".to_owned(),
        limits: Limits { memory_mb: 0, cpu_shares: 1024, cpu_millis: None, processes: 0, file_bytes: None },
        network: Network::Builds,
        port: None,
        tty: shell.tty,
        stdin: true,
    }
}

fn refused(doing: &'static str, error: &io::Error) -> EngineError {
    EngineError::Refused { doing, status: 400, reason: error.to_string() }
}
