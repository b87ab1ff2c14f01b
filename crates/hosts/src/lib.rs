//! The two ports to the machines: [`Machines`] says which hosts there are, [`Engine`] runs containers on one of them.
//!
//! Invariants: only this crate knows Docker. Every effect has a natural key (the container's name), is safe to repeat,
//! and treats "already so" as success. Nothing here decides; `planner` does. Nothing here retries; the loops do.

mod docker;
mod engine;
mod error;
mod machines;
#[cfg(feature = "testing")]
pub mod testing;

pub use docker::DockerEngine;
pub use engine::{
    Address, AttachedStreams, ByteReader, ByteStream, ByteWriter, ContainerName, ContainerSpec, ContainerState,
    ContainerStatus, Engine, EngineEvent, EngineInfo, EventStream, ImageBuild, Limits, LogChunk, LogStream, Network,
    Signal,
};
pub use error::EngineError;
pub use machines::{HostEndpoint, LocalMachine, Machines};
