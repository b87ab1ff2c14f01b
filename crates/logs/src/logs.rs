use std::sync::Arc;

use chrono::Utc;
use futures::Stream;
use paas_db::{
    Changes, Db,
    log_lines::{self, Filter, StoredLine},
};
use paas_model::{AppId, LogLine, LogSource};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{LogsError, queue::Queue, tail, writer::Writer};

/// How many lines of each app are kept (Heroku: log history limit).
pub const HISTORY: usize = 1_500;

/// The way in and out of every app's log. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Logs {
    db: Db,
    changes: Changes,
    queue: Arc<Queue>,
    /// How many of all lines ever queued the writer is done with. Closed when the writer has ended.
    done: watch::Receiver<u64>,
}

impl Logs {
    /// Starts the writer, which lives until `stop` and then takes at most 2 seconds to store what is queued. Cancel `stop`
    /// after everything that still has lines to write has ended.
    #[must_use]
    pub fn start(db: Db, changes: Changes, stop: CancellationToken) -> Self {
        let queue = Arc::new(Queue::default());
        let (writer, done) = Writer::new(db.clone(), Arc::clone(&queue));
        tokio::spawn(writer.run(stop));
        Self { db, changes, queue, done }
    }

    /// Queues a line. Never waits and never fails: an app that writes faster than its lines can be stored loses the
    /// oldest that wait, and a line in its log says how many.
    pub fn write(&self, app: AppId, line: LogLine) {
        self.queue.push(app, line);
    }

    /// What a user did, in the app's own voice: `app[api]: Release v3 created by user x@y`.
    pub fn app_event(&self, app: AppId, process: &str, message: impl Into<String>) {
        self.event(app, LogSource::App, process, &message.into());
    }

    /// What the platform has to say: `heroku[web.1]: State changed from starting to up`.
    pub fn heroku_event(&self, app: AppId, process: &str, message: impl Into<String>) {
        self.event(app, LogSource::Heroku, process, &message.into());
    }

    /// The newest `lines` (at most [`HISTORY`]) that pass the filter, oldest first.
    ///
    /// # Errors
    /// [`LogsError::Store`].
    pub async fn read(&self, app: AppId, filter: &Filter, lines: usize) -> Result<Vec<StoredLine>, LogsError> {
        Ok(log_lines::newest(self.db.pool(), app, filter, history(lines)).await?)
    }

    /// The newest `lines` (at most [`HISTORY`]), oldest first, then every later line as it is stored, by whichever process.
    ///
    /// Ends with the first error that a later try would not mend; while the database is away it waits. A reader that falls
    /// more than [`HISTORY`] lines behind misses those that were deleted meanwhile.
    pub fn tail(
        &self,
        app: AppId,
        filter: Filter,
        lines: usize,
    ) -> impl Stream<Item = Result<StoredLine, LogsError>> + Send + 'static + use<> {
        tail::stream(self.db.clone(), &self.changes, app, filter, history(lines))
    }

    /// Waits until every line written before is stored, or the writer has ended.
    pub async fn flush(&self) {
        let written = self.queue.hurry();
        let mut done = self.done.clone();
        // An error means that the writer has ended: nothing more will be stored.
        let _ = done.wait_for(|done| *done >= written).await;
    }

    fn event(&self, app: AppId, source: LogSource, process: &str, message: &str) {
        // What users put into it, a release's description say, must not make lines of its own.
        let message = message.replace(['\r', '\n'], " ");
        self.write(app, LogLine { at: Utc::now(), source, process: process.to_owned(), message });
    }
}

fn history(lines: usize) -> i64 {
    i64::try_from(lines.min(HISTORY)).unwrap_or(i64::MAX)
}
