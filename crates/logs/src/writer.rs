use std::{collections::HashMap, sync::Arc, time::Duration};

use paas_db::{Db, DbError, log_lines};
use paas_model::{AppId, LogLine};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{
    HISTORY,
    queue::{Queue, Taken},
};

/// From the first waiting line to its being stored. Also what bounds a flood: at most [`HISTORY`] lines of an app reach
/// the database in each of these.
const PACE: Duration = Duration::from_millis(100);
const LINES_PER_STATEMENT: usize = 5_000;
/// An app is trimmed after this many new lines, so that a trim does not have to count the history for a handful.
const LINES_PER_TRIM: usize = HISTORY / 10;
const RETRY_EVERY: Duration = Duration::from_millis(500);
/// How often a batch is tried again that the database refuses, rather than being away.
const MAX_REFUSALS: u32 = 3;
const SHUTDOWN: Duration = Duration::from_secs(2);

/// The one task that stores lines.
#[derive(Debug)]
pub(crate) struct Writer {
    db: Db,
    queue: Arc<Queue>,
    done: watch::Sender<u64>,
    /// Lines stored since the last trim. An app that is not in here has not been trimmed by this process.
    since_trim: HashMap<AppId, usize>,
}

impl Writer {
    pub(crate) fn new(db: Db, queue: Arc<Queue>) -> (Self, watch::Receiver<u64>) {
        let (done, watched) = watch::channel(0);
        (Self { db, queue, done, since_trim: HashMap::new() }, watched)
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        loop {
            let stopped = stop.run_until_cancelled(self.wait()).await.is_none();
            let taken = self.queue.take();
            let lines = taken.lines.len();
            let out_of_time = async {
                stop.cancelled().await;
                sleep(SHUTDOWN).await;
            };
            tokio::select! {
                () = self.store(taken) => {}
                () = out_of_time => {
                    tracing::warn!(lines, "stopping with log lines that could not be stored");
                    return;
                }
            }
            if stopped {
                return;
            }
        }
    }

    /// Returns when it is time for the next batch.
    async fn wait(&self) {
        tokio::select! {
            () = self.queue.hurried() => {}
            () = self.queue.filled() => {
                tokio::select! {
                    () = self.queue.hurried() => {}
                    () = sleep(PACE) => {}
                }
            }
        }
    }

    /// Stores the lines, however long that takes. A connection that breaks in the middle of a write leaves its outcome
    /// unknown; then the lines are written again: rather twice than never.
    async fn store(&mut self, taken: Taken) {
        for lines in taken.lines.chunks(LINES_PER_STATEMENT) {
            self.append(lines).await;
            self.trim(lines).await;
        }
        self.done.send_replace(taken.written);
    }

    async fn append(&self, lines: &[(AppId, LogLine)]) {
        let (mut refusals, mut away_since) = (0, None::<Instant>);
        loop {
            match log_lines::append(&self.db, lines).await {
                Ok(()) => {
                    if let Some(since) = away_since {
                        tracing::info!(seconds = since.elapsed().as_secs(), "log lines are stored again");
                    }
                    return;
                }
                Err(error) if error.is_transient() => {
                    if away_since.is_none() {
                        warn(&error, "log lines cannot be stored; they wait");
                        away_since = Some(Instant::now());
                    }
                }
                Err(error) => {
                    refusals += 1;
                    if refusals == MAX_REFUSALS {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            lines = lines.len(),
                            "log lines are refused and dropped"
                        );
                        return;
                    }
                }
            }
            sleep(RETRY_EVERY).await;
        }
    }

    async fn trim(&mut self, stored: &[(AppId, LogLine)]) {
        let mut due = Vec::new();
        for (app, _) in stored {
            // A process's first lines of an app are reason enough: another process may have left a surplus.
            let since = self.since_trim.entry(*app).or_insert(LINES_PER_TRIM);
            *since += 1;
        }
        for (app, since) in &mut self.since_trim {
            if *since >= LINES_PER_TRIM {
                *since = 0;
                due.push(*app);
            }
        }
        if due.is_empty() {
            return;
        }
        let keep = i64::try_from(HISTORY).unwrap_or(i64::MAX);
        if let Err(error) = log_lines::trim(self.db.pool(), &due, keep).await {
            warn(&error, "old log lines cannot be deleted; the next trim will");
        }
    }
}

fn warn(error: &DbError, what: &'static str) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}
