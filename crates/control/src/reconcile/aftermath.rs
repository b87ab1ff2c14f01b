//! What is done once a build has ended and its app starts: the build's container goes, and one comes that waits for the
//! app's next build.

use std::{sync::Arc, time::Duration};

use paas_builder::{CONTAINER_STACK, WarmContainer, WarmRequest};
use paas_hosts::{Engine, EngineError};
use paas_model::{BuildId, HostId, HostState};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use crate::{Control, OpError, error::chain, ops};

/// From the end of a build. Removing and making files keeps a disk busy: what was built starts first.
const PAUSE: Duration = Duration::from_secs(2);

/// Of all builds of this process.
#[derive(Debug, Clone, Default)]
pub(super) struct Aftermath {
    tasks: TaskTracker,
    builds: TaskTracker,
}

impl Aftermath {
    /// To be held while a build runs.
    pub(super) fn a_build_runs(&self) -> TaskTrackerToken {
        self.builds.token()
    }

    /// Comes after the build that `next` comes after. Cancelled, it only removes that build's container, at once.
    pub(super) fn follows(
        &self,
        control: Control,
        engine: Arc<dyn Engine>,
        next: WarmRequest,
        cancel: CancellationToken,
    ) {
        let builds = self.builds.clone();
        self.tasks.spawn(async move {
            cancel.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            clean(&control, &*engine, next.after).await;
            // Builds that run have the use of the machine.
            let keep = control.settings.warm_builds;
            if keep == 0 || next.stack == CONTAINER_STACK || !builds.is_empty() || cancel.is_cancelled() {
                return;
            }
            if let Err(error) = warm(&control, &*engine, &next, keep, &cancel).await {
                tracing::warn!(app.id = %next.app_id, error = chain(&error), "no container waits for the app's next build");
            }
        });
    }

    /// Once no build runs, and none will.
    pub(super) async fn end(self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Removes the container of a build that has ended.
pub(super) async fn clean(control: &Control, engine: &dyn Engine, id: BuildId) {
    if let Err(error) = control.builder.clean(engine, id).await {
        // The reaper takes containers of builds that have ended.
        tracing::warn!(build.id = %id, error = chain(&error), "a build's container is left over");
    }
}

/// Removes what waits for builds on a host: a push that is refused is worse than one that has a container to make. Whether
/// anything was there.
pub(super) async fn makes_room(engine: &dyn Engine, host: HostId) -> bool {
    let removed = async {
        let warm = WarmContainer::list(engine, host).await?;
        for container in &warm {
            engine.remove(&container.name).await?;
        }
        Ok::<_, EngineError>(!warm.is_empty())
    };
    removed.await.unwrap_or_else(|error| {
        tracing::warn!(host.id = %host, error = chain(&error), "what waits for builds cannot be removed");
        false
    })
}

async fn warm(
    control: &Control,
    engine: &dyn Engine,
    next: &WarmRequest,
    keep: usize,
    cancel: &CancellationToken,
) -> Result<(), OpError> {
    let host = paas_db::hosts::find(control.db.pool(), next.host).await?;
    let is_ready = host.is_some_and(|host| host.state == HostState::Ready);
    if !is_ready || ops::disk::refusal(control, next.host, engine).await.is_some() {
        return Ok(());
    }
    control.builder.warm(engine, next, cancel).await?;
    let warm = WarmContainer::list(engine, next.host).await?;
    for container in WarmContainer::surplus(warm, keep) {
        engine.remove(&container.name).await?;
    }
    Ok(())
}
