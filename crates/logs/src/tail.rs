use std::{collections::VecDeque, time::Duration};

use futures::{Stream, stream};
use paas_db::{
    Changes, Db, Subscription, Topic,
    log_lines::{self, Filter, StoredLine},
};
use paas_model::AppId;

use crate::LogsError;

/// Looks without being woken after this long: wake-ups can be lost with the connection that carries them.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LINES_PER_READ: i64 = 500;

/// The newest `backlog` lines, then live ones.
pub(crate) fn stream(
    db: Db,
    changes: &Changes,
    app: AppId,
    filter: Filter,
    backlog: i64,
) -> impl Stream<Item = Result<StoredLine, LogsError>> + Send + 'static + use<> {
    // Armed before the backlog is read: what is stored in between wakes the first wait.
    let wake_ups = changes.subscribe(&[Topic::LogLines]);
    let tail = Tail { db, wake_ups, app, filter, place: None, read: VecDeque::new() };
    stream::try_unfold((tail, backlog), async |(mut tail, backlog)| {
        let line = tail.next(backlog).await?;
        Ok(Some((line, (tail, backlog))))
    })
}

#[derive(Debug)]
struct Tail {
    db: Db,
    wake_ups: Subscription,
    app: AppId,
    filter: Filter,
    /// Where to go on; `None`: nothing was read yet.
    place: Option<i64>,
    /// Read and not handed out.
    read: VecDeque<StoredLine>,
}

impl Tail {
    async fn next(&mut self, backlog: i64) -> Result<StoredLine, LogsError> {
        loop {
            if let Some(line) = self.read.pop_front() {
                return Ok(line);
            }
            let lines = match self.place {
                None => self.begin(backlog).await?,
                Some(place) => self.go_on(place).await?,
            };
            if lines.is_empty() {
                self.wake_ups.changed_or_after(LOOK_EVERY).await;
            } else {
                self.place = lines.last().map(|line| line.seq);
                self.read = lines.into();
            }
        }
    }

    async fn begin(&mut self, backlog: i64) -> Result<Vec<StoredLine>, LogsError> {
        if backlog == 0 {
            self.place = Some(log_lines::end(self.db.pool(), self.app).await?);
            return Ok(Vec::new());
        }
        // Where none passes the filter now, every line that will is new.
        self.place = Some(0);
        Ok(log_lines::newest(self.db.pool(), self.app, &self.filter, backlog).await?)
    }

    async fn go_on(&self, place: i64) -> Result<Vec<StoredLine>, LogsError> {
        match log_lines::after(self.db.pool(), self.app, &self.filter, place, LINES_PER_READ).await {
            Err(error) if error.is_transient() => Ok(Vec::new()),
            other => Ok(other?),
        }
    }
}
