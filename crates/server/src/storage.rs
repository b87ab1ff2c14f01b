//! Where everything is kept: the database and the registry, embedded or given, and the authority in the database.

use std::sync::Arc;

use anyhow::{Context, Result};
use chrono::Utc;
use paas_builder::Registry as RegistryClient;
use paas_db::{Db, Vault};
use tokio_util::sync::CancellationToken;

use crate::{
    ca::Authority,
    config::Config,
    database::{self, Database},
    image_store::{ImageStore, REGISTRY_DIRECTORY},
    local_trust, master_key,
    progress::step,
    registry::{Registry, RegistryListen},
    registry_access,
    registry_collect::Collector,
    registry_tokens::TokenSigner,
    tasks::Tasks,
};

/// Connections to both, and the embedded servers under them.
#[derive(Debug)]
pub(crate) struct Storage {
    pub(crate) db: Db,
    pub(crate) authority: Arc<Authority>,
    pub(crate) registry: RegistryClient,
    pub(crate) image_store: ImageStore,
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

        let (embedded_registry, image_store) = match &config.registry {
            Some(given) => (None, ImageStore::given(given.clone(), &db).await?),
            None => {
                let directory = config.path(REGISTRY_DIRECTORY);
                let (listen, image_store) = match config.registry_listen {
                    None => {
                        let port = config.registry_port;
                        (RegistryListen::Loopback(port), ImageStore::on_loopback(port)?)
                    }
                    Some(address) => {
                        let signer = TokenSigner::ensure(&db, &address.to_string(), Utc::now()).await?;
                        let listen = registry_access::ensure(&directory, address, &authority, &signer, Utc::now())?;
                        local_trust::ensure(address, &authority, &config.path("tls/ca.pem"));
                        (listen, ImageStore::on_network(address, signer)?)
                    }
                };
                let registry = Registry::ensure(&directory, listen);
                let registry = step("Starting the image registry", registry).await?;
                (Some(registry), image_store)
            }
        };
        Self::with(db, authority, image_store, database, embedded_registry)
    }

    /// Connects to what other processes keep running, as soon as it answers. `None`: told to stop before that.
    ///
    /// # Errors
    /// Something is missing, or the database refuses; the text says what to do.
    pub(crate) async fn join(config: &Config, stop: &CancellationToken) -> Result<Option<Self>> {
        let vault = master_key::vault_of_installation(config)?;
        let database = Database::find(config)?;
        ImageStore::must_exist(config)?;
        let db = database.lazy(vault)?;
        let reached = step("Reaching PostgreSQL", database::reach(&db));
        let Some(reached) = stop.run_until_cancelled(reached).await else {
            return Ok(None);
        };
        reached?;
        let authority = Authority::ensure(&db, &config.path("tls"), Utc::now()).await?;
        let image_store = ImageStore::find(config, &db).await?;
        Self::with(db, authority, image_store, database, None).map(Some)
    }

    fn with(
        db: Db,
        authority: Authority,
        image_store: ImageStore,
        database: Database,
        embedded_registry: Option<Registry>,
    ) -> Result<Self> {
        let registry = image_store.client(&authority)?;
        Ok(Self { db, authority: Arc::new(authority), registry, image_store, database, embedded_registry })
    }

    /// Restarts what is ours and dies.
    pub(crate) fn supervise(&self, config: &Config, tasks: &Tasks) {
        if let Database::Embedded { .. } = &self.database {
            let (database, db) = (self.database.clone(), self.db.clone());
            tasks.spawn("database", |stop| async move { database.supervise(db, stop).await });
        }
        if let Some(registry) = self.embedded_registry.clone() {
            let supervised = registry.clone();
            tasks.spawn("registry", |stop| async move { supervised.supervise(stop).await });
            let (host, every) = (self.registry.host().to_owned(), config.collect_every);
            let collector = Collector::new(config.path(REGISTRY_DIRECTORY), host, &self.authority, self.db.clone());
            tasks.spawn("registry collection", |stop| collector.run(every, stop));
            if config.registry_listen.is_some() {
                let (directory, authority) = (config.path(REGISTRY_DIRECTORY), Arc::clone(&self.authority));
                tasks.spawn("registry certificate", |stop| {
                    registry_access::keep_fresh(registry, directory, authority, stop)
                });
            }
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
