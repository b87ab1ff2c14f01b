//! The database: the configured one, or a private PostgreSQL under the data directory.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use paas_db::{Cluster, Db, DbError, Vault};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::config::Config;

const NAME: &str = "paas";
/// Under the data directory.
const DIRECTORY: &str = "postgres";
const WATCH_EVERY: Duration = Duration::from_secs(2);
const RETRY_EVERY: Duration = Duration::from_secs(1);
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the rows are, and whether its server is ours to keep running.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    Configured {
        url: SecretString,
    },
    Embedded {
        directory: PathBuf,
        cluster: Cluster,
    },
    /// Another process's embedded one.
    Adopted {
        cluster: Cluster,
    },
}

impl Database {
    /// The embedded server is made and started where needed: seconds the first time.
    ///
    /// # Errors
    /// PostgreSQL is not installed or does not start; the text says what to do.
    pub(crate) async fn ensure(config: &Config) -> Result<Self> {
        if let Some(url) = config.database_url.clone() {
            return Ok(Self::Configured { url });
        }
        let directory = config.path(DIRECTORY);
        let start = move || -> Result<Self> {
            let cluster = Cluster::ensure(&directory)?;
            cluster.create_database(NAME)?;
            Ok(Self::Embedded { directory, cluster })
        };
        spawn_blocking(start).await.context("the thread that starts PostgreSQL ended")?
    }

    /// The one that several processes share: configured, or the embedded one of `paasd up` on this data directory.
    /// Starts nothing.
    ///
    /// # Errors
    /// There is neither; the text says what to do.
    pub(crate) fn find(config: &Config) -> Result<Self> {
        if let Some(url) = config.database_url.clone() {
            return Ok(Self::Configured { url });
        }
        let directory = config.path(DIRECTORY);
        match Cluster::find(&directory)? {
            Some(cluster) => Ok(Self::Adopted { cluster }),
            None => bail!(
                "DATABASE_URL is not set, and there is no private PostgreSQL in {}.\n\
                 Set DATABASE_URL to the PostgreSQL that all processes of the installation share, or start `paasd up` with \
                 the same PAAS_DATA_DIR first.",
                directory.display()
            ),
        }
    }

    /// Whether a private server was made in this data directory before.
    pub(crate) fn has_embedded(config: &Config) -> bool {
        config.path(DIRECTORY).join("data").exists()
    }

    /// Makes no connection yet.
    ///
    /// # Errors
    /// The configured URL is none.
    pub(crate) fn lazy(&self, vault: Vault) -> Result<Db> {
        Db::lazy(self.url().expose_secret(), vault).map_err(|_| {
            // Its cause may show the URL, and with it a password.
            anyhow!("DATABASE_URL: expected postgres://USER:PASSWORD@HOST/DATABASE")
        })
    }

    /// Holds a password when it was configured with one.
    #[must_use]
    pub(crate) fn url(&self) -> SecretString {
        match self {
            Self::Configured { url } => SecretString::from(url.expose_secret()),
            Self::Embedded { cluster, .. } | Self::Adopted { cluster } => SecretString::from(cluster.url(NAME)),
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

/// Migrates as soon as the database answers, however long that takes.
///
/// # Errors
/// It answers, and refuses.
pub(crate) async fn reach(db: &Db) -> Result<(), DbError> {
    let mut is_said = false;
    loop {
        match db.migrate().await {
            Err(error) if error.is_transient() => {
                if !std::mem::replace(&mut is_said, true) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "PostgreSQL does not answer; waiting for it");
                }
            }
            ended => return ended,
        }
        sleep(RETRY_EVERY).await;
    }
}

/// Waits for statements under way, for a while.
pub(crate) async fn close(db: &Db) {
    // Where they do not end, their connections end with the process.
    let _ = timeout(CLOSE_TIMEOUT, db.close()).await;
}
