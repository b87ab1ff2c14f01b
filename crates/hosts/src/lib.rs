//! The ports to the hosts: [`Machines`] launches and ends the machines under them, [`Engines`] gives the engine of one,
//! [`Engine`] runs containers on it.
//!
//! Invariants: only this crate knows Docker. Every effect has a natural key (the container's name), is safe to repeat,
//! and treats "already so" as success. Nothing here decides; `planner` does. Nothing here retries; the loops do.

mod disk;
mod docker;
mod endpoint;
mod engine;
mod engines;
mod error;
mod firewall;
mod join_script;
mod machines;
mod registry_tokens;
#[cfg(feature = "testing")]
pub mod testing;

pub use disk::look_at_disk;
pub use docker::{DockerEngine, DockerEngines, EngineTls, RegistryAccess, RegistryLogin};
pub use endpoint::{HostEndpoint, server_name};
pub use engine::{
    Address, AppImageBuild, AttachedStreams, BaseImage, ByteReader, ByteStream, ByteWriter, ContainerName,
    ContainerSpec, ContainerState, ContainerStats, ContainerStatus, Disk, DiskUsage, Engine, EngineEvent, EngineInfo,
    EventStream, ImageBuild, ImageUsage, Limits, LogChunk, LogStream, Network, RootShell, Signal,
};
pub use engines::{Engines, LocalEngines};
pub use error::EngineError;
pub use firewall::{BuildFirewall, Destination, NoDestination};
pub use join_script::{join_command, render_join_script, user_data};
pub use machines::{
    HourlyPrice, InstanceType, Machine, MachineError, MachineId, MachineOrder, MachineState, Machines,
    MissingPermission,
};
pub use registry_tokens::{RegistryGrant, RegistryTokens};
