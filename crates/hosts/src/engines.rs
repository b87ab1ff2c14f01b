//! The way from a host to its engine.

use std::{fmt::Debug, sync::Arc};

use crate::{DockerEngine, Engine, EngineError, HostEndpoint};

/// Gives the engine of a host.
pub trait Engines: Debug + Send + Sync {
    /// The engine of a host, by the endpoint in its row. No connection is made yet.
    ///
    /// # Errors
    /// [`EngineError::NoTls`] and [`EngineError::InvalidEndpoint`]: this process cannot speak to such a host.
    fn engine(&self, endpoint: &HostEndpoint) -> Result<Arc<dyn Engine>, EngineError>;
}

/// Engines of the machine this process runs on, by their Unix socket.
#[derive(Debug, Default)]
pub struct LocalEngines;

impl Engines for LocalEngines {
    fn engine(&self, endpoint: &HostEndpoint) -> Result<Arc<dyn Engine>, EngineError> {
        match endpoint {
            HostEndpoint::Unix(path) => Ok(Arc::new(DockerEngine::unix(path))),
            HostEndpoint::Tcp { .. } => Err(EngineError::NoTls(endpoint.to_string())),
        }
    }
}
