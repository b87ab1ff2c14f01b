//! `paasd router`: the way of requests to apps. It serves whatever else is away: the last routes and the last certificate
//! are kept on disk, for a start without the database.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Result;
use chrono::Utc;
use paas_db::{Changes, Db};
use paas_logs::Logs;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::parts::{self, Groups};
use crate::{
    addresses::router_listeners,
    ca::{Authority, server_names},
    config::Config,
    database::{self, Database},
    files::make_directory,
    master_key,
    progress::line,
    server_certificate::ServerCertificate,
    settings,
    tasks::Fate,
};

/// After this the router starts with what it knows from before.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(3);
const RETRY_EVERY: Duration = Duration::from_secs(10);

pub(super) async fn run(config: Config, fate: &Fate) -> Result<()> {
    let listeners = router_listeners(&config)?;
    let db = Database::find(&config)?.lazy(master_key::vault_of_installation(&config)?)?;
    make_directory(&config.path(settings::ROUTER_DIRECTORY), 0o700)?;
    let names = server_names(&config.domain, config.public_url.host_str().unwrap_or_default());
    let kept = config.path(settings::ROUTER_DIRECTORY).join("certificate.pem");
    let certificate = ServerCertificate::kept(names, kept)?;
    let issue = Issue { db: db.clone(), directory: config.path("tls"), certificate: Arc::clone(&certificate) };
    let authority = match timeout(DATABASE_TIMEOUT, issue.once()).await {
        // What is wrong for good ends the start: now is when somebody looks.
        Ok(authority) => Some(authority?),
        Err(_) => {
            line("PostgreSQL does not answer: serving the last known routes until it does");
            None
        }
    };

    let groups = Groups::new(fate);
    let changes = Changes::listen_when_there(&db, groups.writers.clone());
    let logs = Logs::start(db.clone(), changes.clone(), groups.writers.clone());
    let tls = certificate.tls()?;
    parts::start_router(&config, &tls, listeners, (db.clone(), changes, logs.clone()), &groups.edges);
    groups.loops.spawn("certificate", |stop| async move { issue.keep_fresh(authority, stop).await });
    line("Ready");
    parts::announce_apps(&config);
    fate.shutdown.cancelled().await;

    line("Stopping. Dynos keep running.");
    groups.stop(logs).await;
    database::close(&db).await;
    Ok(())
}

/// The router's certificate, which needs the authority in the database.
#[derive(Debug)]
struct Issue {
    db: Db,
    directory: PathBuf,
    certificate: Arc<ServerCertificate>,
}

impl Issue {
    /// Waits for the database.
    async fn once(&self) -> Result<Authority> {
        database::reach(&self.db).await?;
        let authority = Authority::ensure(&self.db, &self.directory, Utc::now()).await?;
        self.certificate.renew(&authority)?;
        Ok(authority)
    }

    /// Until `stop`. Where no authority is given there was no database yet.
    async fn keep_fresh(&self, authority: Option<Authority>, stop: CancellationToken) {
        let found = async {
            match authority {
                Some(authority) => authority,
                None => self.at_last().await,
            }
        };
        if let Some(authority) = stop.run_until_cancelled(found).await {
            self.certificate.keep_fresh(&authority, stop).await;
        }
    }

    async fn at_last(&self) -> Authority {
        loop {
            match self.once().await {
                Ok(authority) => return authority,
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "the router's certificate cannot be renewed");
                }
            }
            sleep(RETRY_EVERY).await;
        }
    }
}
