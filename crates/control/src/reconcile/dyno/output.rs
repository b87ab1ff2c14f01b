//! What dynos print, on its way into their app's log. One follower per container; it notes how far it has come, so that
//! another server goes on from there after a crash.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures::StreamExt;
use paas_db::{dynos, dynos::Dyno};
use paas_hosts::EngineError;
use paas_logs::LineSplitter;
use paas_model::{DynoId, LogLine, LogSource};
use tokio::task::JoinHandle;

use super::Context;
use crate::{error::chain, ops::attach::container_of};

/// How often a follower's place is noted.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// What an ended container has printed is read within this, or given up.
const FINISH_WITHIN: Duration = Duration::from_secs(10);

/// The followers that run, by dyno.
#[derive(Debug, Default)]
pub(crate) struct Followers(Mutex<HashMap<DynoId, JoinHandle<()>>>);

impl Followers {
    /// Has a follower for the dyno.
    pub(crate) fn ensure(&self, context: &Context, row: &Dyno) {
        let mut running = self.lock();
        running.entry(row.id).or_insert_with(|| spawn(context, row));
    }

    /// Waits until everything that the ended container printed is in the log, and forgets the follower.
    pub(super) async fn finish(&self, context: &Context, row: &Dyno) {
        if row.attach {
            return;
        }
        let follower = self.lock().remove(&row.id).unwrap_or_else(|| spawn(context, row));
        let stopper = follower.abort_handle();
        if tokio::time::timeout(FINISH_WITHIN, follower).await.is_err() {
            tracing::warn!(dyno.id = %row.id, "the end of a dyno's output could not be read");
            stopper.abort();
        }
    }

    pub(crate) fn forget(&self, dyno: DynoId) {
        if let Some(follower) = self.lock().remove(&dyno) {
            follower.abort();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DynoId, JoinHandle<()>>> {
        // The map is whole after any panic: every change is one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.lock().values().for_each(JoinHandle::abort);
    }
}

fn spawn(context: &Context, row: &Dyno) -> JoinHandle<()> {
    let (control, engine, row) = (context.control.clone(), context.engine.clone(), row.clone());
    tokio::spawn(async move {
        let mut place = row.logged_until.map(DateTime::from_timestamp_nanos);
        // A broken connection to the engine is met again; the container's end ends this.
        while let Err(error) = follow(&control, &*engine, &row, &mut place).await {
            if !error.is_transient() {
                return tracing::warn!(dyno.id = %row.id, error = chain(&error), "a dyno's output cannot be read");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    })
}

async fn follow(
    control: &crate::Control,
    engine: &dyn paas_hosts::Engine,
    row: &Dyno,
    place: &mut Option<DateTime<Utc>>,
) -> Result<(), EngineError> {
    let process = row.name().to_string();
    let write = |at, message| {
        let line = LogLine { at, source: LogSource::App, process: process.clone(), message };
        control.logs.write(row.app_id, line);
    };
    let mut chunks = engine.logs(&container_of(row.id), *place).await?;
    let mut lines = LineSplitter::default();
    let mut timer = tokio::time::interval(NOTE_EVERY);
    let mut noted = *place;
    loop {
        tokio::select! {
            chunk = chunks.next() => {
                let Some(chunk) = chunk.transpose()? else { break };
                for line in lines.push(&chunk.bytes) {
                    write(chunk.at, line);
                }
                *place = Some(chunk.at);
            }
            // Also when nothing comes any more: the last lines are not to be read twice.
            _ = timer.tick(), if noted != *place => {
                if let Some(until) = *place {
                    note(control, row.id, until).await;
                }
                noted = *place;
            }
        }
    }
    if let Some(line) = lines.finish() {
        write(place.unwrap_or_else(Utc::now), line);
    }
    Ok(())
}

/// Only what is stored counts as taken over.
async fn note(control: &crate::Control, dyno: DynoId, until: DateTime<Utc>) {
    control.logs.flush().await;
    if let Err(error) = dynos::set_logged_until(control.db.pool(), dyno, until).await {
        tracing::debug!(dyno.id = %dyno, error = chain(&error), "a follower's place could not be noted");
    }
}
