//! `paasd controller`: the loops that make the rows true.

use anyhow::Result;

use super::{
    Role,
    parts::{self, Groups},
};
use crate::{config::Config, progress::line, settings, storage::Storage, tasks::Fate};

pub(super) async fn run(config: Config, fate: &Fate) -> Result<()> {
    let Some(storage) = Storage::join(&config, &fate.shutdown).await? else {
        return Ok(());
    };
    let groups = Groups::new(fate);
    let control = parts::control(&config, &storage, &groups).await?;
    let local = settings::local_host(&config, Role::Controller);
    line("Ready");
    match &local {
        Some(local) => line(format_args!("  This machine  {}", local.endpoint)),
        None => line("  This machine is no host: PAAS_LOCAL_HOST says when it is"),
    }
    let images = parts::stack_images(&config, &control, local.is_some());
    parts::start_loops(&control, local, &groups.loops);
    groups.loops.spawn("stack images", |stop| images.keep_trying(stop));
    fate.shutdown.cancelled().await;

    line("Stopping. Dynos keep running.");
    groups.stop(control.logs.clone()).await;
    drop(control);
    storage.stop().await
}
