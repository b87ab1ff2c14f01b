//! Docker engines of many hosts, one connection each.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rustls::ClientConfig;

use super::{DockerEngine, connection::Connection, login::RegistryLogin, tls::EngineTls};
use crate::{Engine, EngineError, Engines, HostEndpoint};

/// A host that nobody has asked for since is forgotten when another one comes: hosts of a pool come and go.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// Engines by endpoint. Asking again for one gives the same, with the connections that it keeps.
pub struct DockerEngines {
    registry: Option<Arc<RegistryLogin>>,
    state: Mutex<State>,
}

struct State {
    tls: Option<Arc<ClientConfig>>,
    known: HashMap<HostEndpoint, Known>,
}

struct Known {
    engine: DockerEngine,
    asked: Instant,
}

impl DockerEngines {
    /// `tls`: for engines of other machines. Without it only those behind Unix sockets can be had.
    ///
    /// # Errors
    /// [`EngineError::InvalidTls`].
    pub fn new(tls: Option<&EngineTls>) -> Result<Self, EngineError> {
        let tls = tls.map(EngineTls::client_config).transpose()?;
        Ok(Self { registry: None, state: Mutex::new(State { tls, known: HashMap::new() }) })
    }

    /// How engines get at this registry. Sent with each transfer of its images, and of no others: hosts keep nothing.
    #[must_use]
    pub fn with_registry(mut self, login: RegistryLogin) -> Self {
        self.registry = Some(Arc::new(login));
        self
    }

    /// From now on shows another certificate, or trusts another authority. What is open stays open until it ends.
    ///
    /// # Errors
    /// [`EngineError::InvalidTls`]: nothing has changed.
    pub fn set_tls(&self, tls: &EngineTls) -> Result<(), EngineError> {
        let tls = tls.client_config()?;
        let mut state = self.state();
        state.tls = Some(tls);
        state.known.clear();
        Ok(())
    }

    /// As [`Engines::engine`], by its own type.
    ///
    /// # Errors
    /// As there.
    pub fn docker(&self, endpoint: &HostEndpoint) -> Result<DockerEngine, EngineError> {
        let now = Instant::now();
        let mut state = self.state();
        if let Some(known) = state.known.get_mut(endpoint) {
            known.asked = now;
            return Ok(known.engine.clone());
        }
        let connection = Connection::new(endpoint.clone(), state.tls.as_ref(), self.registry.clone())?;
        let engine = DockerEngine { connection: Arc::new(connection) };
        state.known.retain(|_, known| now.duration_since(known.asked) < FORGOTTEN_AFTER);
        state.known.insert(endpoint.clone(), Known { engine: engine.clone(), asked: now });
        Ok(engine)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engines for DockerEngines {
    fn engine(&self, endpoint: &HostEndpoint) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(self.docker(endpoint)?))
    }
}

impl fmt::Debug for DockerEngines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.state().known.keys()).finish()
    }
}
