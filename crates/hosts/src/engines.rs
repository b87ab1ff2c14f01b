//! The way from a host to its engine. One machine is all there is for now: the one this runs on.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{DockerEngine, Engine, EngineError};

/// How a host's engine is reached; stored in the host's row as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostEndpoint {
    /// Path of the engine's Unix socket on this machine.
    Unix(String),
}

/// Gives the engine of a host.
#[async_trait]
pub trait Engines: std::fmt::Debug + Send + Sync {
    /// The engine of a host, by the endpoint in its row. No connection is made yet.
    fn engine(&self, endpoint: &HostEndpoint) -> Result<Arc<dyn Engine>, EngineError>;
}

/// Engines of the machine this process runs on, by their Unix socket.
#[derive(Debug, Default)]
pub struct LocalEngines;

#[async_trait]
impl Engines for LocalEngines {
    fn engine(&self, endpoint: &HostEndpoint) -> Result<Arc<dyn Engine>, EngineError> {
        match endpoint {
            HostEndpoint::Unix(path) => Ok(Arc::new(DockerEngine::unix(path))),
        }
    }
}

impl std::fmt::Display for HostEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{path}"),
        }
    }
}
