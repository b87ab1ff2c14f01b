//! Removes from one host what builds and root shells have left there that will not come back to it.

use std::time::Duration;

use paas_db::builds;
use paas_model::BuildId;

use super::dyno::Context;
use crate::{OpError, error::chain, ops::shells};

const EVERY: Duration = Duration::from_secs(60);

/// Never returns.
pub(super) async fn run(context: &Context) {
    loop {
        if let Err(error) = turn(context).await {
            tracing::debug!(host.id = %context.host, error = chain(&error), "leftovers stay for now");
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn turn(context: &Context) -> Result<(), OpError> {
    shells::reap(&context.control, &*context.engine).await?;
    for container in context.engine.list("paas", "build").await? {
        let Some(id) = container.labels.get("paas.build").and_then(|id| id.parse::<BuildId>().ok()) else {
            continue;
        };
        // A build without a row may be another installation's on the same engine.
        let build = builds::find(context.control.db.pool(), id).await?;
        if build.is_some_and(|build| build.state.is_final() || build.host_id.is_some_and(|host| host != context.host)) {
            tracing::info!(container = %container.name, "removing what a build left behind");
            context.engine.remove(&container.name).await?;
        }
    }
    Ok(())
}
