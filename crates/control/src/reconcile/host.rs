//! One host's executor: makes its containers what its dynos' rows say. It decides nothing; `dyno::next` reads off the
//! step that a row and its container are due for, and a task per dyno takes it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::Utc;
use futures::StreamExt;
use paas_db::{Topic, dynos, dynos::Dyno, hosts::Host};
use paas_hosts::{ContainerName, ContainerStatus, EventStream, Signal};
use paas_model::{ControllerId, DynoId};
use tokio::{
    sync::{RwLock, watch},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{
    dyno::{self, Context, Followers},
    heartbeat::Heartbeat,
    images, leftovers, memory, old_images,
};
use crate::{Control, OpError, error::chain, ops::attach::container_of};

/// Without news of any kind, the executor looks again after this.
const TIMER: Duration = Duration::from_secs(2);
/// From one turn to the next. Dynos that start tell of it in many ways at once, and a turn asks the engine for its list.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);
/// After a failed turn.
const RETRY: Duration = Duration::from_secs(1);

/// Labels of every dyno's container.
pub(super) const LABEL_HOST: &str = "paas.host";
pub(super) const LABEL_DYNO: &str = "paas.dyno";
pub(super) const LABEL_APP: &str = "paas.app";

struct Executor {
    context: Arc<Context>,
    host: String,
    /// Dynos and stray containers that a task is busy with, and which.
    busy: BTreeMap<ContainerName, tokio::task::Id>,
    tasks: JoinSet<()>,
}

/// Looks after the host until `stop`, or until its lease is lost.
pub(super) async fn run(
    control: Control,
    controller: ControllerId,
    host: Host,
    reserved_mb: u32,
    stop: CancellationToken,
) {
    let engine = match control.engine_at(host.endpoint.as_deref().unwrap_or_default()) {
        Ok(engine) => engine,
        Err(error) => {
            tracing::error!(host.name, error = chain(&error), "the host has no usable endpoint");
            return stop.cancelled().await;
        }
    };
    let context = Context {
        control: control.clone(),
        host: host.id,
        engine: engine.clone(),
        followers: Followers::default(),
        images: RwLock::default(),
    };
    let executor =
        Executor { context: Arc::new(context), host: host.name.clone(), busy: BTreeMap::new(), tasks: JoinSet::new() };
    let (answers, mut answering) = watch::channel(true);
    let heartbeat = Heartbeat::new(&control, controller, &host, &*engine, reserved_mb);
    tokio::select! {
        () = heartbeat.run(&answers, &stop) => {}
        () = executor.run(&mut answering) => {}
    }
}

/// The next event, or `None` when the connection is gone; pends while there is none.
async fn next_event(events: &mut Option<EventStream>) -> Option<()> {
    match events {
        Some(stream) => stream.next().await?.ok().map(drop),
        None => std::future::pending().await,
    }
}

impl Executor {
    /// Never returns. May be dropped anywhere, steps and all: the next one goes on from the rows.
    async fn run(mut self, answering: &mut watch::Receiver<bool>) {
        loop {
            if answering.wait_for(|answers| *answers).await.is_err() {
                return;
            }
            let context = self.context.clone();
            tokio::select! {
                () = self.work() => {}
                () = images::run(&context) => {}
                () = leftovers::run(&context) => {}
                () = old_images::run(&context) => {}
                () = memory::run(&context) => {}
                _ = answering.wait_for(|answers| !*answers) => {}
            }
            // What waits for an engine that does not answer would wait for long.
            self.tasks.shutdown().await;
            self.busy.clear();
        }
    }

    async fn work(&mut self) {
        let mut wake = self.context.control.changes.subscribe_on(self.context.host, Topic::Dynos);
        let mut last_turn: Option<Instant> = None;
        let mut events: Option<EventStream> = None;
        loop {
            if events.is_none() {
                events = self.context.engine.events(LABEL_DYNO).await.ok();
            }
            if let Some(last) = last_turn {
                tokio::time::sleep_until(last + AT_MOST_EVERY).await;
            }
            last_turn = Some(Instant::now());
            let pause = match self.turn().await {
                Ok(()) => TIMER,
                Err(error) => {
                    tracing::warn!(
                        host.name = self.host,
                        error = chain(&error),
                        "a host's executor failed; trying again"
                    );
                    RETRY
                }
            };
            tokio::select! {
                () = wake.changed_or_after(pause) => {}
                event = next_event(&mut events) => if event.is_none() { events = None },
                Some(done) = self.tasks.join_next_with_id(), if !self.tasks.is_empty() => self.done(done),
            }
            while let Some(done) = self.tasks.try_join_next_with_id() {
                self.done(done);
            }
        }
    }

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
        let (context, container) = (self.context.clone(), name.clone());
        let task = self.tasks.spawn(async move {
            if let Err(error) = end_stray(&context, &container).await {
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

async fn end_stray(context: &Context, name: &ContainerName) -> Result<(), OpError> {
    // Another controller's executor may just have made it, if the lease went over: then there is a row by now.
    let id = name.0.strip_prefix("dyno-").and_then(|id| id.parse::<DynoId>().ok());
    if let Some(id) = id
        && let Some(row) = dynos::find(context.control.db.pool(), id).await?
        && row.host_id == Some(context.host)
        && row.state.may_have_container()
    {
        return Ok(());
    }
    context.engine.signal(name, Signal::Term).await?;
    let _ = tokio::time::timeout(context.control.settings.stop_timeout, context.engine.wait(name)).await;
    Ok(context.engine.remove(name).await?)
}
