//! Where everything is kept: the database and the registry, embedded or given, and the authority in the database.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use chrono::Utc;
use paas_builder::{Registry as RegistryClient, RegistryConfig};
use paas_db::{Db, Vault};
use tokio_util::sync::CancellationToken;

use crate::{
    ca::Authority,
    config::Config,
    database::{self, Database},
    master_key,
    progress::step,
    registry::Registry,
    tasks::Tasks,
};

/// Under the data directory.
const REGISTRY_DIRECTORY: &str = "registry";

/// Connections to both, and the embedded servers under them.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) db: Db,
    pub(crate) authority: Arc<Authority>,
    pub(crate) registry: RegistryClient,
    database: Database,
    /// `None`: the registry is somebody else's to keep running.
    embedded_registry: Option<Registry>,
}

impl Storage {
    /// Starts what is embedded.
    ///
    /// # Errors
    /// A part cannot be started or reached; the text says which and what to do.
    pub(crate) async fn start(config: &Config) -> Result<Self> {
        let has_data = config.database_url.is_none() && Database::has_embedded(config);
        let key = master_key::load(config.master_key.as_ref(), &config.path("keys"), has_data)?;
        let vault = Vault::new(&key).context("the master key cannot be used")?;

        let database = step("Starting PostgreSQL", Database::ensure(config)).await?;
        let db = database.lazy(vault)?;
        step("Migrating the database", db.migrate()).await?;
        let authority = Authority::ensure(&db, &config.path("tls"), Utc::now()).await?;

        let (embedded_registry, client) = match &config.registry {
            Some(given) => (None, given.clone()),
            None => {
                let directory = config.path(REGISTRY_DIRECTORY);
                let registry = Registry::ensure(&directory, config.registry_port);
                let registry = step("Starting the image registry", registry).await?;
                let url = format!("http://{}", registry.address()).parse()?;
                (Some(registry), RegistryConfig { url, credentials: None })
            }
        };
        let registry = RegistryClient::new(client)?;
        Ok(Self { db, authority: Arc::new(authority), registry, database, embedded_registry })
    }

    /// Connects to what other processes keep running, as soon as it answers. `None`: told to stop before that.
    ///
    /// # Errors
    /// Something is missing, or the database refuses; the text says what to do.
    pub(crate) async fn join(config: &Config, stop: &CancellationToken) -> Result<Option<Self>> {
        let vault = master_key::vault_of_installation(config)?;
        let database = Database::find(config)?;
        let client = shared_registry(config)?;
        let db = database.lazy(vault)?;
        let reached = step("Reaching PostgreSQL", database::reach(&db));
        let Some(reached) = stop.run_until_cancelled(reached).await else {
            return Ok(None);
        };
        reached?;
        let authority = Arc::new(Authority::ensure(&db, &config.path("tls"), Utc::now()).await?);
        let registry = RegistryClient::new(client)?;
        Ok(Some(Self { db, authority, registry, database, embedded_registry: None }))
    }

    /// Restarts what is ours and dies.
    pub(crate) fn supervise(&self, tasks: &Tasks) {
        if let Database::Embedded { .. } = &self.database {
            let (database, db) = (self.database.clone(), self.db.clone());
            tasks.spawn("database", |stop| async move { database.supervise(db, stop).await });
        }
        if let Some(registry) = self.embedded_registry.clone() {
            tasks.spawn("registry", |stop| async move { registry.supervise(stop).await });
        }
    }

    /// Stops what is ours.
    ///
    /// # Errors
    /// One of the two does not stop.
    pub(crate) async fn stop(self) -> Result<()> {
        // The server under it may be about to be stopped.
        database::close(&self.db).await;
        if let Some(registry) = self.embedded_registry {
            step("Stopping the image registry", registry.stop()).await?;
        }
        if let Database::Embedded { .. } = &self.database {
            step("Stopping PostgreSQL", self.database.stop()).await?;
        }
        Ok(())
    }
}

/// The one that is configured, else the one that `paasd up` keeps running on this data directory.
fn shared_registry(config: &Config) -> Result<RegistryConfig> {
    if let Some(given) = &config.registry {
        return Ok(given.clone());
    }
    let directory = config.path(REGISTRY_DIRECTORY);
    if !directory.exists() {
        bail!(
            "REGISTRY_URL is not set, and there is no private registry in {}.\n\
             Set REGISTRY_URL to the registry that all processes of the installation share, or start `paasd up` with the \
             same PAAS_DATA_DIR first.",
            directory.display()
        );
    }
    Ok(RegistryConfig { url: format!("http://127.0.0.1:{}", config.registry_port).parse()?, credentials: None })
}
