//! Where everything is kept: the database and the registry, embedded or given.

use std::time::Duration;

use anyhow::{Context, Result};
use paas_builder::{Registry as RegistryClient, RegistryConfig};
use paas_db::{Db, Vault};
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::{config::Config, database::Database, master_key, progress::step, registry::Registry, tasks::Tasks};

const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections to both, and the embedded servers under them.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) db: Db,
    pub(crate) registry: RegistryClient,
    database: Database,
    /// `None`: the registry is somebody else's.
    embedded_registry: Option<Registry>,
}

impl Storage {
    /// # Errors
    /// A part cannot be started or reached; the text says which and what to do.
    pub(crate) async fn start(config: &Config) -> Result<Self> {
        let directory = config.path("postgres");
        let has_data = config.database_url.is_none() && directory.join("data").exists();
        let key = master_key::load(config.master_key.as_ref(), &config.path("keys"), has_data)?;
        let vault = Vault::new(&key).context("the master key cannot be used")?;

        let database = Database::ensure(config.database_url.clone(), &directory);
        let database = step("Starting PostgreSQL", database).await?;
        let url = database.url();
        let db = step("Migrating the database", Db::connect(url.expose_secret(), vault)).await?;

        let (embedded_registry, client) = match &config.registry {
            Some(given) => (None, given.clone()),
            None => {
                let directory = config.path("registry");
                let registry = Registry::ensure(&directory, config.registry_port);
                let registry = step("Starting the image registry", registry).await?;
                let url = format!("http://{}", registry.address()).parse()?;
                (Some(registry), RegistryConfig { url, credentials: None })
            }
        };
        let registry = RegistryClient::new(client)?;
        Ok(Self { db, registry, database, embedded_registry })
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
        // It waits for connections that are in use; the server under them is about to be stopped anyway.
        let _ = timeout(CLOSE_TIMEOUT, self.db.close()).await;
        if let Some(registry) = self.embedded_registry {
            step("Stopping the image registry", registry.stop()).await?;
        }
        if let Database::Embedded { .. } = &self.database {
            step("Stopping PostgreSQL", self.database.stop()).await?;
        }
        Ok(())
    }
}
