//! `paasd web`: API, git, log streams, and what hosts join through.

use anyhow::Result;
use paas_git::GitConfig;

use super::parts::{self, Groups};
use crate::{
    addresses::Api, config::Config, first_start, own_directory::OwnDirectory, progress::line, settings,
    storage::Storage, tasks::Fate,
};

pub(super) async fn run(config: Config, fate: &Fate) -> Result<()> {
    let api = Api::bind(&config).await?;
    let Some(storage) = Storage::join(&config, &fate.shutdown).await? else {
        return Ok(());
    };
    let groups = Groups::new(fate);
    let control = parts::control(&config, &storage, &groups).await?;
    let (email, ca) = (&config.owner_email, storage.authority.pem());
    let login = first_start::ensure_login(&control, email, config.cli_directory.as_deref(), ca);
    let new_credentials = login.await?;

    let certificate = parts::certificate(&config, &storage.authority)?;
    parts::start_keeping_fresh(&certificate, &storage.authority, &groups.loops);
    // Others may serve git from the same data directory: their hooks are not ours to answer.
    let own = OwnDirectory::make(&config.path("run"))?;
    let git = settings::git(&config)?;
    let git = GitConfig { hook_socket: own.path().join("hook.sock"), hooks_dir: own.path().join("hooks"), ..git };
    parts::start_api(&control, git, certificate.tls()?, api, &groups.edges)?;
    line("Ready");
    parts::announce_api(&config);
    parts::announce_login(&config, new_credentials.as_deref());
    fate.shutdown.cancelled().await;

    line("Stopping");
    groups.stop(control.logs.clone()).await;
    drop(control);
    storage.stop().await
}
