//! The database: the configured one, or a private PostgreSQL under the data directory.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use paas_db::{Cluster, Db};
use secrecy::{ExposeSecret, SecretString};
use tokio::{task::spawn_blocking, time::sleep};
use tokio_util::sync::CancellationToken;

const NAME: &str = "paas";
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Where the rows are, and whether its server is ours to keep running.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Configured { url: SecretString },
    Embedded { directory: PathBuf, cluster: Cluster },
}

impl Database {
    /// The embedded server is made and started where needed: seconds the first time.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start; the text says what to do.
    pub(crate) async fn ensure(configured: Option<SecretString>, directory: &Path) -> Result<Self> {
        if let Some(url) = configured {
            return Ok(Self::Configured { url });
        }
        let directory = directory.to_owned();
        let start = move || -> Result<Self> {
            let cluster = Cluster::ensure(&directory)?;
            cluster.create_database(NAME)?;
            Ok(Self::Embedded { directory, cluster })
        };
        spawn_blocking(start).await.context("the thread that starts PostgreSQL ended")?
    }

    /// Holds a password when it was configured with one.
    #[must_use]
    pub(crate) fn url(&self) -> SecretString {
        match self {
            Self::Configured { url } => SecretString::from(url.expose_secret()),
            Self::Embedded { cluster, .. } => SecretString::from(cluster.url(NAME)),
        }
    }

    /// Starts the embedded server again whenever it is gone, until `shutdown`. A configured one has its own keeper.
    pub(crate) async fn supervise(&self, db: Db, shutdown: CancellationToken) {
        let Self::Embedded { directory, .. } = self else {
            return;
        };
        while shutdown.run_until_cancelled(sleep(WATCH_EVERY)).await.is_some() {
            if db.ping().await.is_ok() || shutdown.is_cancelled() {
                continue;
            }
            tracing::warn!("PostgreSQL does not answer; starting it if it is gone");
            let directory = directory.clone();
            match spawn_blocking(move || Cluster::ensure(&directory)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!(%error, "PostgreSQL does not start"),
                Err(error) => tracing::error!(%error, "the thread that starts PostgreSQL ended"),
            }
        }
    }

    /// Stops the embedded server.
    ///
    /// # Errors
    /// It does not stop.
    pub(crate) async fn stop(self) -> Result<()> {
        if let Self::Embedded { cluster, .. } = self {
            spawn_blocking(move || cluster.stop()).await.context("the thread that stops PostgreSQL ended")??;
        }
        Ok(())
    }
}
