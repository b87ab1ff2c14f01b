//! All that a fake engine knows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::{
    fake_container::FakeContainer,
    method::{Call, Fault, Method},
    program::Program,
};
use crate::{ContainerName, ContainerSpec, Disk, DiskUsage, EngineError, EngineEvent, EngineInfo, ImageUsage};

pub(super) struct FakeState {
    pub(super) info: EngineInfo,
    pub(super) down: bool,
    pub(super) disk: Option<Disk>,
    pub(super) containers: BTreeMap<ContainerName, FakeContainer>,
    pub(super) programs: BTreeMap<String, Program>,
    /// On the host.
    pub(super) images: BTreeSet<String>,
    /// In no registry.
    pub(super) unknown_images: BTreeSet<String>,
    pub(super) faults: BTreeMap<Method, VecDeque<Fault>>,
    pub(super) calls: Vec<Call>,
    /// With the labels of the container each is about.
    pub(super) events: Vec<(EngineEvent, BTreeSet<String>)>,
    created: u64,
    last_instant: DateTime<Utc>,
}

impl Default for FakeState {
    fn default() -> Self {
        Self {
            info: EngineInfo { id: "fake".to_owned(), memory_mb: 16_384, cpus: 8, version: "fake".to_owned() },
            down: false,
            disk: Some(Disk { bytes: 100 << 30, free_bytes: 50 << 30 }),
            containers: BTreeMap::new(),
            programs: BTreeMap::new(),
            images: BTreeSet::new(),
            unknown_images: BTreeSet::new(),
            faults: BTreeMap::new(),
            calls: Vec::new(),
            events: Vec::new(),
            created: 0,
            last_instant: DateTime::UNIX_EPOCH,
        }
    }
}

impl FakeState {
    pub(super) fn container(&mut self, name: &ContainerName) -> Result<&mut FakeContainer, EngineError> {
        self.containers.get_mut(name).ok_or_else(|| EngineError::NoSuchContainer(name.0.clone()))
    }

    pub(super) fn create(&mut self, name: &ContainerName, spec: &ContainerSpec) -> Result<(), EngineError> {
        if self.containers.contains_key(name) {
            return Ok(());
        }
        if !self.images.contains(&spec.image) {
            return Err(EngineError::ImageNotFound(spec.image.clone()));
        }
        self.created += 1;
        let container = FakeContainer::new(self.created, spec.clone(), self.program(&spec.command));
        self.containers.insert(name.clone(), container);
        Ok(())
    }

    /// Gives those removed.
    pub(super) fn prune_images(&mut self, path: &str, keep: &[String], most: usize) -> Vec<String> {
        let used: BTreeSet<&String> = self.containers.values().map(|container| &container.spec.image).collect();
        let ours = |image: &String| image.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'));
        let unwanted = self.images.iter().filter(|image| ours(image) && !keep.contains(image) && !used.contains(image));
        let unwanted: Vec<String> = unwanted.take(most).cloned().collect();
        self.images.retain(|image| !unwanted.contains(image));
        unwanted
    }

    /// Every image is a gibibyte.
    pub(super) fn disk_usage(&self) -> DiskUsage {
        let used: BTreeSet<&String> = self.containers.values().map(|container| &container.spec.image).collect();
        let usage = |image: &String| ImageUsage {
            names: vec![image.clone()],
            own_bytes: 1 << 30,
            is_used: used.contains(image),
        };
        DiskUsage {
            image_bytes: (self.images.len() as u64) << 30,
            container_bytes: self.containers.values().map(|container| container.files.size()).sum(),
            images: self.images.iter().map(usage).collect(),
            ..DiskUsage::default()
        }
    }

    pub(super) fn start(&mut self, name: &ContainerName) -> Result<(), EngineError> {
        let mut instant = self.last_instant;
        let container = self.container(name)?;
        if container.runs() || container.exit_code().is_some() {
            return Ok(());
        }
        // The rest of what Docker takes there, names, depends on the image.
        if !container.spec.user.split(':').all(|id| id.parse::<u32>().is_ok()) {
            return Err(EngineError::CannotStart(format!("unable to find user {}", container.spec.user)));
        }
        container
            .start(|| {
                instant = next_instant(instant);
                instant
            })
            .map_err(|error| EngineError::CannotStart(error.to_string()))?;
        let ended = container.exit_code().is_some();
        self.last_instant = instant;
        self.note(name, EngineEvent::Started);
        if ended {
            self.note(name, EngineEvent::Ended);
        }
        Ok(())
    }

    /// Lets something happen to a container, and notes its end if it was that.
    pub(super) fn change(
        &mut self,
        name: &ContainerName,
        change: impl FnOnce(&mut FakeContainer),
    ) -> Result<(), EngineError> {
        let container = self.container(name)?;
        let ran = container.runs();
        change(container);
        if ran && !container.runs() {
            self.note(name, EngineEvent::Ended);
        }
        Ok(())
    }

    pub(super) fn thaw(&mut self, name: &ContainerName) -> Result<(), EngineError> {
        let container = self.container(name)?;
        if !std::mem::take(&mut container.is_frozen) {
            return Err(refused("thaw a container", "it is not frozen"));
        }
        Ok(())
    }

    pub(super) fn rename(&mut self, name: &ContainerName, new: &ContainerName) -> Result<(), EngineError> {
        self.container(name)?;
        if self.containers.contains_key(new) {
            return Err(refused("rename a container", "the name is taken"));
        }
        let container = self.containers.remove(name);
        self.containers.extend(container.map(|container| (new.clone(), container)));
        Ok(())
    }

    /// Now, or a microsecond after the last: increasing, and whole in a database that keeps microseconds.
    pub(super) fn now(&mut self) -> DateTime<Utc> {
        self.last_instant = next_instant(self.last_instant);
        self.last_instant
    }

    /// The program whose key is the longest that the command line contains.
    fn program(&self, command: &[String]) -> Program {
        let line = command.join(" ");
        self.programs
            .iter()
            .filter(|(key, _)| line.contains(key.as_str()))
            .max_by_key(|(key, _)| key.len())
            .map_or_else(|| Program::serves("ok"), |(_, program)| program.clone())
    }

    fn note(&mut self, name: &ContainerName, event: fn(ContainerName) -> EngineEvent) {
        let labels = self.containers.get(name).map(|container| container.spec.labels.keys().cloned().collect());
        self.events.push((event(name.clone()), labels.unwrap_or_default()));
    }
}

fn refused(doing: &'static str, reason: &str) -> EngineError {
    EngineError::Refused { doing, status: 409, reason: reason.to_owned() }
}

fn next_instant(last: DateTime<Utc>) -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6).max(last + TimeDelta::microseconds(1))
}
