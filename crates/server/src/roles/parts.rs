//! What roles are made of.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use paas_builder::Builder;
use paas_control::{
    Catalog, Control,
    reconcile::{self, LocalHost},
};
use paas_db::{Changes, Db};
use paas_git::GitConfig;
use paas_hosts::DockerEngines;
use paas_logs::Logs;
use paas_router::Listeners;
use paas_web::WebConfig;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    addresses::Api,
    ca::{Authority, server_names},
    config::Config,
    engine_certificate::{self, engine_tls},
    listen::{self, Endpoint},
    machines,
    progress::line,
    server_certificate::ServerCertificate,
    settings,
    stacks::StackImages,
    storage::Storage,
    tasks::{Fate, Tasks},
};

/// More than requests in flight get, in the listeners and in the router.
const EDGES_TIMEOUT: Duration = Duration::from_secs(15);
const LOOPS_TIMEOUT: Duration = Duration::from_secs(15);
/// The database may be away, and lines of logs wait for it.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(3);
const SUPERVISORS_TIMEOUT: Duration = Duration::from_secs(20);

/// The parts of a process, in groups that end one after the other: nothing ends before what still uses it.
#[derive(Debug)]
pub(super) struct Groups {
    /// What clients talk to.
    pub(super) edges: Tasks,
    pub(super) loops: Tasks,
    /// Ends what must outlive the loops: the log writer, and the listener for changes.
    pub(super) writers: CancellationToken,
    /// What keeps embedded servers running.
    pub(super) supervisors: Tasks,
}

impl Groups {
    pub(super) fn new(fate: &Fate) -> Self {
        Self {
            edges: Tasks::new(fate),
            loops: Tasks::new(fate),
            writers: CancellationToken::new(),
            supervisors: Tasks::new(fate),
        }
    }

    pub(super) async fn stop(self, logs: Logs) {
        self.edges.stop_within(EDGES_TIMEOUT).await;
        self.loops.stop_within(LOOPS_TIMEOUT).await;
        if tokio::time::timeout(FLUSH_TIMEOUT, logs.flush()).await.is_err() {
            tracing::warn!("stopping with lines of logs that could not be stored");
        }
        self.writers.cancel();
        self.supervisors.stop_within(SUPERVISORS_TIMEOUT).await;
    }
}

/// The handle that API, git and loops work through.
pub(super) async fn control(config: &Config, storage: &Storage, groups: &Groups) -> Result<Control> {
    let changes = Changes::listen(&storage.db, groups.writers.clone()).await?;
    let logs = Logs::start(storage.db.clone(), changes.clone(), groups.writers.clone());
    Ok(Control {
        db: storage.db.clone(),
        changes,
        logs,
        registry: storage.registry.clone(),
        builder: Arc::new(Builder::new(settings::builder(config), storage.registry.clone())),
        engines: engines(storage, &groups.loops)?,
        machines: machines::connect(config, &storage.authority).await?,
        catalog: Catalog::default(),
        settings: Arc::new(settings::control(config, &storage.authority, &storage.image_store)?),
    })
}

/// Engines of this machine and, with a certificate that is kept fresh, of others.
fn engines(storage: &Storage, loops: &Tasks) -> Result<Arc<DockerEngines>> {
    let mut engines = DockerEngines::new(Some(&engine_tls(&storage.authority)?))?;
    if let Some(login) = storage.image_store.login() {
        engines = engines.with_registry(login);
    }
    let engines = Arc::new(engines);
    let (renewed, authority) = (Arc::clone(&engines), Arc::clone(&storage.authority));
    loops.spawn("engine certificate", |stop| engine_certificate::keep_fresh(renewed, authority, stop));
    Ok(engines)
}

pub(super) fn start_loops(control: &Control, local: Option<LocalHost>, loops: &Tasks) {
    let control = control.clone();
    loops.spawn("loops", |stop| reconcile::run(control, local, stop));
}

pub(super) fn stack_images(config: &Config, control: &Control, on_this_machine: bool) -> StackImages {
    StackImages {
        control: control.clone(),
        local: on_this_machine.then(|| settings::endpoint(config)),
        registry: control.registry.clone(),
        stacks: config.stacks.clone(),
    }
}

/// A certificate for the names of this server.
pub(super) fn certificate(config: &Config, authority: &Authority) -> Result<Arc<ServerCertificate>> {
    ServerCertificate::new(server_names(&config.domain, config.public_url.host_str().unwrap_or_default()), authority)
}

pub(super) fn start_keeping_fresh(certificate: &Arc<ServerCertificate>, authority: &Arc<Authority>, loops: &Tasks) {
    let (certificate, authority) = (Arc::clone(certificate), Arc::clone(authority));
    loops.spawn("certificate", |stop| async move { certificate.keep_fresh(&authority, stop).await });
}

pub(super) fn start_router(
    config: &Config,
    tls: &Arc<ServerConfig>,
    listeners: Listeners,
    (db, changes, logs): (Db, Changes, Logs),
    edges: &Tasks,
) {
    let router = settings::router(config, tls);
    edges.spawn("router", |stop| async move {
        if let Err(error) = paas_router::serve(listeners, router, db, changes, logs, stop).await {
            tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "the router failed");
        }
    });
}

/// API, git and rendezvous, on both addresses.
///
/// # Errors
/// The directories of git cannot be made.
pub(super) fn start_api(
    control: &Control,
    git: GitConfig,
    tls: Arc<ServerConfig>,
    addresses: Api,
    edges: &Tasks,
) -> Result<()> {
    let git = paas_git::open(Arc::new(control.clone()), git)?;
    let hooks = git.hooks;
    edges.spawn("git hooks", |stop| async move {
        if let Err(error) = hooks.serve(stop).await {
            tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "git's hooks cannot be answered");
        }
    });

    let rendezvous = control.clone();
    let endpoint = Endpoint {
        http: paas_web::router(control.clone(), WebConfig::default()).merge(git.router),
        rendezvous: Arc::new(move |stream| Box::pin(paas_web::rendezvous::serve(rendezvous.clone(), stream))),
    };
    let plain = endpoint.clone();
    let acceptor = TlsAcceptor::from(tls);
    edges.spawn("https", |stop| listen::serve(addresses.https, Some(acceptor), endpoint, stop));
    edges.spawn("http", |stop| listen::serve(addresses.http, None, plain, stop));
    Ok(())
}

pub(super) fn announce_api(config: &Config) {
    line(format_args!("  API and git  {}", config.public_url.origin().ascii_serialization()));
    line(format_args!("               http://{} (this machine only)", config.http_listen));
}

pub(super) fn announce_apps(config: &Config) {
    line(format_args!("  Apps         {}", config.app_url.replace("{app}", "NAME")));
}

pub(super) fn announce_login(config: &Config, new_credentials: Option<&Path>) {
    match (new_credentials, &config.cli_directory) {
        (Some(path), _) => line(format_args!("  Logged in    {}", path.display())),
        (None, Some(_)) => {}
        (None, None) => line("  No home directory, so nobody was logged in: start it once as a user who has one"),
    }
}
