//! `paasd controller`: the loops that make the rows true.

use anyhow::Result;

use super::parts::{self, Groups};
use crate::{config::Config, progress::line, settings, storage::Storage, tasks::Fate};

pub(super) async fn run(config: Config, fate: &Fate) -> Result<()> {
    let Some(storage) = Storage::join(&config, &fate.shutdown).await? else {
        return Ok(());
    };
    let groups = Groups::new(fate);
    let control = parts::control(&config, &storage, &groups.writers).await?;
    parts::start_loops(&control, settings::local_host(&config), &groups.loops);
    line("Ready");
    fate.shutdown.cancelled().await;

    line("Stopping. Dynos keep running.");
    groups.stop(control.logs.clone()).await;
    drop(control);
    storage.stop().await
}
