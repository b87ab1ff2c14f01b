//! Forgets rows that nobody needs any more, and removes what builds that died for good have left on the hosts.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use paas_db::{builds, dynos, hosts};
use paas_model::BuildId;
use tokio_util::sync::CancellationToken;

use crate::{Control, OpError, error::chain};

const EVERY: Duration = Duration::from_secs(10 * 60);
/// Ended dynos stay this long: their exit status may be asked for.
const KEEP_DYNOS: TimeDelta = TimeDelta::hours(24);

pub(super) async fn run(control: Control, stop: CancellationToken) {
    loop {
        if let Err(error) = turn(&control).await {
            tracing::warn!(error = chain(&error), "housekeeping failed; it is tried again");
        }
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

async fn turn(control: &Control) -> Result<(), OpError> {
    let count = dynos::forget(control.db.pool(), Utc::now() - KEEP_DYNOS).await?;
    if count > 0 {
        tracing::info!(count, "forgot dynos that ended a day ago");
    }
    for host in hosts::list(control.db.pool()).await? {
        let Some(endpoint) = &host.endpoint else { continue };
        let engine = control.engine_at(endpoint)?;
        for container in engine.list("paas", "build").await? {
            let Some(id) = container.labels.get("paas.build").and_then(|id| id.parse::<BuildId>().ok()) else {
                continue;
            };
            // A build without a row may be another installation's on the same engine.
            if builds::find(control.db.pool(), id).await?.is_some_and(|build| build.state.is_final()) {
                tracing::info!(container = %container.name, "removing what a dead build left behind");
                engine.remove(&container.name).await?;
            }
        }
    }
    Ok(())
}
