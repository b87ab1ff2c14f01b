//! Removes from one host what builds and root shells have left there that will not come back to it.

use std::time::Duration;

use paas_builder::WarmContainer;
use paas_db::{apps, builds};

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
        let Some(id) = paas_builder::build_of(&container.name) else {
            if WarmContainer::of(&container).is_some_and(|warm| warm.is_forgotten()) {
                context.engine.remove(&container.name).await?;
            }
            continue;
        };
        // A build without a row may be another installation's on the same engine.
        let build = builds::find(context.control.db.pool(), id).await?;
        if build.is_some_and(|build| build.state.is_final() || build.host_id.is_some_and(|host| host != context.host)) {
            tracing::info!(container = %container.name, "removing what a build left behind");
            context.engine.remove(&container.name).await?;
        }
    }
    cool(context).await
}

/// Removes what waits for builds that are not likely to come.
async fn cool(context: &Context) -> Result<(), OpError> {
    let (control, engine) = (&context.control, &*context.engine);
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    for container in WarmContainer::list(engine, context.host).await? {
        let app = apps::by_id(control.db.pool(), container.app_id).await?;
        if app.is_some() { &mut wanted } else { &mut unwanted }.push(container);
    }
    unwanted.extend(WarmContainer::surplus(wanted, control.settings.warm_builds));
    for container in unwanted {
        engine.remove(&container.name).await?;
    }
    Ok(())
}
