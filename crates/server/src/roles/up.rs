//! `paasd up`: everything on one machine, started in order and stopped in the opposite one.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Result, bail};
use chrono::Utc;
use paas_builder::Builder;
use paas_control::{Control, reconcile};
use paas_db::Changes;
use paas_hosts::LocalEngines;
use paas_logs::Logs;
use paas_web::WebConfig;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::{
    addresses::Addresses,
    ca::{Authority, server_names},
    config::Config,
    files::make_directory,
    first_start,
    listen::{self, Endpoint},
    lock::Lock,
    progress::line,
    server_certificate::ServerCertificate,
    settings, shutdown, stacks,
    storage::Storage,
    tasks::{Fate, Tasks},
};

/// More than requests in flight get, in the listeners and in the router.
const EDGES_TIMEOUT: Duration = Duration::from_secs(15);
const LOOPS_TIMEOUT: Duration = Duration::from_secs(15);
const SUPERVISORS_TIMEOUT: Duration = Duration::from_secs(20);

/// Runs until SIGTERM or SIGINT. Dynos keep running; the next start adopts them.
///
/// # Errors
/// A part cannot be started, or ended by itself; the text says which and what to do.
pub(crate) async fn run(config: Config) -> Result<()> {
    let fate = Fate::new(shutdown::on_signals()?);
    make_directory(&config.data_dir, 0o711)?;
    let _lock = Lock::take(&config.data_dir)?;
    let addresses = Addresses::bind(&config).await?;
    let authority = Authority::ensure(&config.path("tls"), Utc::now())?;
    let ca_pem = authority.pem().to_owned();
    let names = server_names(&config.domain, config.public_url.host_str().unwrap_or_default());
    let certificate = ServerCertificate::new(authority, names)?;

    let storage = Storage::start(&config).await?;
    let supervisors = Tasks::new(&fate);
    storage.supervise(&supervisors);
    let writers = CancellationToken::new();
    let control = control(&config, &storage, &writers).await?;
    let login = first_start::ensure_login(&control, &config.owner_email, config.cli_directory.as_deref(), &ca_pem);
    let new_credentials = login.await?;

    let loops = Tasks::new(&fate);
    start_loops(&config, &control, &certificate, &loops);
    let edges = Tasks::new(&fate);
    start_edges(&config, &control, &certificate, addresses, &edges)?;
    line("Starting the router, API and git… done");

    let endpoint = settings::endpoint(&config);
    line("Checking the stack images");
    let provided = stacks::provide(&endpoint, &storage.registry, &config.stacks);
    if fate.shutdown.run_until_cancelled(provided).await == Some(false) {
        let (registry, wanted) = (storage.registry.clone(), config.stacks.clone());
        loops.spawn("stack images", |stop| stacks::keep_trying(endpoint, registry, wanted, stop));
    }
    announce(&config, new_credentials.as_deref());
    fate.shutdown.cancelled().await;

    line("Stopping. Dynos keep running.");
    edges.stop_within(EDGES_TIMEOUT).await;
    loops.stop_within(LOOPS_TIMEOUT).await;
    control.logs.flush().await;
    writers.cancel();
    supervisors.stop_within(SUPERVISORS_TIMEOUT).await;
    drop(control);
    storage.stop().await?;
    line("Stopped");
    match fate.failed() {
        Some(part) => bail!("A part of the server ended by itself: {part}. Its log says more."),
        None => Ok(()),
    }
}

/// `writers` ends what must outlive the loops: the log writer, and the listener for changes.
async fn control(config: &Config, storage: &Storage, writers: &CancellationToken) -> Result<Control> {
    let changes = Changes::listen(&storage.db, writers.clone()).await?;
    let logs = Logs::start(storage.db.clone(), changes.clone(), writers.clone());
    Ok(Control {
        db: storage.db.clone(),
        changes,
        logs,
        registry: storage.registry.clone(),
        builder: Arc::new(Builder::new(settings::builder(config), storage.registry.clone())),
        engines: Arc::new(LocalEngines),
        settings: Arc::new(settings::control(config)),
    })
}

fn start_loops(config: &Config, control: &Control, certificate: &Arc<ServerCertificate>, loops: &Tasks) {
    let (control, local) = (control.clone(), settings::local_host(config));
    loops.spawn("loops", |stop| reconcile::run(control, local, stop));
    let certificate = Arc::clone(certificate);
    loops.spawn("certificate", |stop| async move { certificate.keep_fresh(stop).await });
}

fn start_edges(
    config: &Config,
    control: &Control,
    certificate: &Arc<ServerCertificate>,
    addresses: Addresses,
    edges: &Tasks,
) -> Result<()> {
    let tls = certificate.tls()?;
    let router = settings::router(config, &tls);
    let (db, changes, logs) = (control.db.clone(), control.changes.clone(), control.logs.clone());
    edges.spawn("router", |stop| async move {
        if let Err(error) = paas_router::serve(addresses.router, router, db, changes, logs, stop).await {
            tracing::error!(error = format!("{:#}", anyhow::Error::from(error)), "the router failed");
        }
    });

    let git = paas_git::open(Arc::new(control.clone()), settings::git(config)?)?;
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

/// `./dev` waits for the first word.
fn announce(config: &Config, new_credentials: Option<&Path>) {
    line("Ready");
    line(format_args!("  API and git  {}", config.public_url.origin().ascii_serialization()));
    line(format_args!("               http://{} (this machine only)", config.http_listen));
    line(format_args!("  Apps         {}", config.app_url.replace("{app}", "NAME")));
    line(format_args!("  Data         {}", config.data_dir.display()));
    match (new_credentials, &config.cli_directory) {
        (Some(path), _) => line(format_args!("  Logged in    {}", path.display())),
        (None, Some(_)) => {}
        (None, None) => line("  No home directory, so nobody was logged in: start it once as a user who has one"),
    }
}
