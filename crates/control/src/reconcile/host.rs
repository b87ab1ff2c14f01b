//! One host's executor: makes its containers what its dynos' rows say. It decides nothing; `dyno::next` reads off the
//! step that a row and its container are due for, and a task per dyno takes it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::Utc;
use futures::StreamExt;
use paas_db::{Topic, dynos, dynos::Dyno, hosts::Host};
use paas_hosts::{ContainerName, ContainerStatus, Engine, EventStream, Signal};
use paas_model::DynoId;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::dyno::{self, Context, Followers};
use crate::{Control, OpError, error::chain, ops::attach::container_of};

/// Without news of any kind, the executor looks again after this.
const TIMER: Duration = Duration::from_secs(2);
/// After a failed turn.
const RETRY: Duration = Duration::from_secs(1);

/// Labels of every dyno's container.
pub(super) const LABEL_HOST: &str = "paas.host";
pub(super) const LABEL_DYNO: &str = "paas.dyno";
pub(super) const LABEL_APP: &str = "paas.app";

struct Executor {
    context: Arc<Context>,
    /// Dynos and stray containers that a task is busy with, and which.
    busy: BTreeMap<ContainerName, tokio::task::Id>,
    tasks: JoinSet<()>,
}

pub(super) async fn run(control: Control, host: Host, stop: CancellationToken) {
    let engine = match control.engine_at(host.endpoint.as_deref().unwrap_or_default()) {
        Ok(engine) => engine,
        Err(error) => return tracing::error!(host.name, error = chain(&error), "the host has no usable endpoint"),
    };
    let mut wake = control.changes.subscribe(&[Topic::Dynos]);
    let context = Arc::new(Context { control, host: host.id, engine, followers: Followers::default() });
    let mut executor = Executor { context, busy: BTreeMap::new(), tasks: JoinSet::new() };
    let mut events: Option<EventStream> = None;
    while !stop.is_cancelled() {
        if events.is_none() {
            events = executor.context.engine.events(LABEL_DYNO).await.ok();
        }
        let pause = match executor.turn().await {
            Ok(()) => TIMER,
            Err(error) => {
                tracing::warn!(host.name, error = chain(&error), "the host's executor failed; trying again");
                RETRY
            }
        };
        tokio::select! {
            () = wake.changed_or_after(pause) => {}
            event = next_event(&mut events) => if event.is_none() { events = None },
            Some(done) = executor.tasks.join_next_with_id(), if !executor.tasks.is_empty() => executor.done(done),
            () = stop.cancelled() => {}
        }
        while let Some(done) = executor.tasks.try_join_next_with_id() {
            executor.done(done);
        }
    }
    // Steps may be dropped anywhere: the next start goes on from the rows.
    executor.tasks.shutdown().await;
}

/// The next event, or `None` when the connection is gone; pends while there is none.
async fn next_event(events: &mut Option<EventStream>) -> Option<()> {
    match events {
        Some(stream) => stream.next().await?.ok().map(drop),
        None => std::future::pending().await,
    }
}

impl Executor {
    async fn turn(&mut self) -> Result<(), OpError> {
        // Rows before containers: a container that is seen has had its row before.
        let rows = dynos::on_host(self.context.control.db.pool(), self.context.host).await?;
        let containers = self.context.engine.list(LABEL_HOST, &self.context.host.to_string()).await?;
        let mut containers: BTreeMap<_, _> =
            containers.into_iter().map(|status| (status.name.clone(), status)).collect();

        for row in rows {
            let name = container_of(row.id);
            let status = containers.remove(&name);
            // A step under way may be past what `row` says, and looks after the dyno's output itself.
            if !self.busy.contains_key(&name) {
                if status.as_ref().is_some_and(|status| dyno::prints(&row, status)) {
                    self.context.followers.ensure(&self.context, &row);
                }
                self.advance(name, row, status.as_ref());
            }
        }
        for (name, _) in containers {
            self.reap(name);
        }
        Ok(())
    }

    fn advance(&mut self, name: ContainerName, row: Dyno, status: Option<&ContainerStatus>) {
        let Some(step) = dyno::next(&row, status, &self.context.control.settings, Utc::now()) else {
            return;
        };
        let context = self.context.clone();
        let task = self.tasks.spawn(async move {
            let (id, app) = (row.id, row.app_name.clone());
            if let Err(error) = dyno::take(&context, row, step).await {
                tracing::warn!(dyno.id = %id, app.name = %app, ?step, error = chain(&error), "a dyno's step failed");
                tokio::time::sleep(RETRY).await;
            }
        });
        self.busy.insert(name, task.id());
    }

    /// Ends a container that no row speaks of (its app was deleted, or its dyno ended while nobody looked).
    fn reap(&mut self, name: ContainerName) {
        if self.busy.contains_key(&name) {
            return;
        }
        if let Some(id) = name.0.strip_prefix("dyno-").and_then(|id| id.parse::<DynoId>().ok()) {
            self.context.followers.forget(id);
        }
        let (engine, grace) = (self.context.engine.clone(), self.context.control.settings.stop_timeout);
        let container = name.clone();
        let task = self.tasks.spawn(async move {
            if let Err(error) = end(&*engine, &container, grace).await {
                tracing::warn!(%container, error = chain(&error), "a stray container cannot be removed");
                tokio::time::sleep(RETRY).await;
            }
        });
        self.busy.insert(name, task.id());
    }

    fn done(&mut self, done: Result<(tokio::task::Id, ()), tokio::task::JoinError>) {
        let task = match done {
            Ok((task, ())) => task,
            Err(error) => {
                tracing::error!(error = %error, "a dyno's step panicked");
                error.id()
            }
        };
        self.busy.retain(|_, busy| *busy != task);
    }
}

async fn end(engine: &dyn Engine, name: &ContainerName, grace: Duration) -> Result<(), paas_hosts::EngineError> {
    engine.signal(name, Signal::Term).await?;
    let _ = tokio::time::timeout(grace, engine.wait(name)).await;
    engine.remove(name).await
}
