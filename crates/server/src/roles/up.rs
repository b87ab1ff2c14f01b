//! `paasd up`: everything on one machine, started in order and stopped in the opposite one.

use std::path::Path;

use anyhow::Result;

use super::{
    Role,
    parts::{self, Groups},
};
use crate::{
    addresses::{Api, router_listeners},
    config::Config,
    first_start,
    lock::Lock,
    progress::line,
    settings,
    storage::Storage,
    tasks::Fate,
};

pub(super) async fn run(config: Config, fate: &Fate) -> Result<()> {
    let _lock = Lock::take(&config.data_dir)?;
    let (api, listeners) = (Api::bind(&config).await?, router_listeners(&config)?);

    let storage = Storage::start(&config).await?;
    let groups = Groups::new(fate);
    storage.supervise(&config, &groups.supervisors);
    let control = parts::control(&config, &storage, &groups).await?;
    let (email, ca) = (&config.owner_email, storage.authority.pem());
    let login = first_start::ensure_login(&control, email, config.cli_directory.as_deref(), ca);
    let new_credentials = login.await?;

    let certificate = parts::certificate(&config, &storage.authority)?;
    parts::start_keeping_fresh(&certificate, &storage.authority, &groups.loops);
    let local = settings::local_host(&config, Role::Everything);
    parts::start_loops(&control, local.clone(), &groups.loops);
    let tls = certificate.tls()?;
    let storages = (control.db.clone(), control.changes.clone(), control.logs.clone());
    parts::start_router(&config, &tls, listeners, storages, &groups.edges);
    parts::start_api(&control, settings::git(&config)?, tls, api, &groups.edges)?;
    line("Starting the router, API and git… done");

    let images = parts::stack_images(&config, &control, local.is_some());
    if local.is_some() {
        line("Checking the stack images");
        let provided = images.provide();
        if let Some(Err(error)) = fate.shutdown.run_until_cancelled(provided).await {
            tracing::error!(error = format!("{error:#}"), "the stack images cannot be made; trying again");
            groups.loops.spawn("stack images", |stop| images.keep_trying(stop));
        }
    } else {
        line("This machine is no host (PAAS_LOCAL_HOST): the stack images are made on the first host that is ready");
        groups.loops.spawn("stack images", |stop| images.keep_trying(stop));
    }
    announce(&config, new_credentials.as_deref());
    fate.shutdown.cancelled().await;

    line("Stopping. Dynos keep running.");
    groups.stop(control.logs.clone()).await;
    drop(control);
    storage.stop().await
}

/// `./dev` waits for the first word.
fn announce(config: &Config, new_credentials: Option<&Path>) {
    line("Ready");
    parts::announce_api(config);
    parts::announce_apps(config);
    line(format_args!("  Data         {}", config.data_dir.display()));
    parts::announce_login(config, new_credentials);
}
