//! Log drains: each app's lines to the receivers that its people named.
//!
//! A drain reads the log from its cursor and moves it when the receiver has taken the lines: whatever dies, lines come at least
//! once. What the log keeps no longer (the newest [`crate::HISTORY`] lines are kept) is dropped, and the receiver is told how
//! much. Nobody delivers without the drain's lease.

mod connect;
mod frame;
mod sink;

use std::{io, sync::Arc, time::Duration};

use chrono::Utc;
use http::StatusCode;
use paas_db::{
    Db, DbError,
    log_drains::{self, LogDrain, Outcome, Progress},
    log_lines,
};
use paas_model::{ControllerId, DrainUrl, LogLine};
use secrecy::ExposeSecret;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

pub use self::connect::DrainPolicy;
use self::{
    connect::Connector,
    sink::{Sink, Verdict},
};
use crate::Logs;

const LINES_PER_READ: i64 = 500;
/// Of one batch.
const BATCH_BYTES: i64 = 100 * 1024;
/// So often the very same batch is tried (Heroku: 3 attempts). After that what has come meanwhile goes along, and what the log has
/// lost is told of.
const SAME_BATCH: u32 = 3;
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MOST: Duration = Duration::from_secs(60);
/// Looks without being woken after this long.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A connection that had nothing to carry for this long is closed.
const IDLE: Duration = Duration::from_secs(144);

/// Why a batch was not taken. It is tried again, unless it was refused.
#[derive(Debug, thiserror::Error)]
enum DrainError {
    #[error("its host is not found")]
    Unresolvable,
    #[error("its host has no public address")]
    NotPublic,
    #[error("it cannot be connected to")]
    Connect(#[source] io::Error),
    #[error("its certificate is not valid: {0}")]
    Certificate(rustls::CertificateError),
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    #[error("the connection broke")]
    Http(#[from] hyper::Error),
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error("it refuses lines with {0}")]
    Refused(StatusCode),
}

impl DrainError {
    fn of_handshake(error: io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(rustls::Error::InvalidCertificate(reason)) => Self::Certificate(reason.clone()),
            _ => Self::Connect(error),
        }
    }
}

/// What all of a process's drains share. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drains {
    db: Db,
    logs: Logs,
    connector: Arc<Connector>,
}

impl Drains {
    /// # Errors
    /// The system's certificates cannot be read.
    pub fn new(db: Db, logs: Logs, policy: &DrainPolicy) -> Result<Self, rustls::Error> {
        Ok(Self { db, logs, connector: Arc::new(Connector::new(policy)?) })
    }

    /// Delivers until the lease is lost. `news` wakes it when the app has written. May be dropped at any moment.
    pub async fn deliver(self, drain: LogDrain, lease: ControllerId, news: Arc<Notify>) {
        let url = match DrainUrl::parse(drain.url.expose_secret()) {
            Ok(url) => url,
            Err(error) => return tracing::error!(drain.id = %drain.id, %error, "a stored drain cannot be understood"),
        };
        let mut delivery = Delivery {
            drains: self,
            drain,
            url,
            lease,
            sink: None,
            used: Instant::now(),
            failures: 0,
            unsent: None,
            news,
        };
        while let Err(error) = delivery.turn().await {
            match error {
                DbError::LeaseLost => return,
                error => tracing::debug!(%error, "a drain's lines cannot be read"),
            }
            sleep(RETRY_FIRST).await;
        }
    }
}

struct Delivery {
    drains: Drains,
    drain: LogDrain,
    url: DrainUrl,
    lease: ControllerId,
    sink: Option<Sink>,
    /// When the sink last carried something.
    used: Instant,
    /// In a row.
    failures: u32,
    /// What was not taken.
    unsent: Option<Batch>,
    news: Arc<Notify>,
}

/// Lines that go out together.
struct Batch {
    lines: Vec<LogLine>,
    /// The place of the last one.
    seq: i64,
    /// Dropped lines that the first line tells of.
    told: i64,
}

impl Delivery {
    /// Until something is wrong with the database.
    async fn turn(&mut self) -> Result<(), DbError> {
        loop {
            let progress = log_drains::progress(self.drains.db.pool(), self.drain.id, self.lease).await?;
            let next = match self.unsent.take() {
                Some(unsent) => Some(unsent),
                None => self.next(progress).await?,
            };
            let Some(batch) = next else {
                if timeout(LOOK_EVERY, self.news.notified()).await.is_err() && self.used.elapsed() > IDLE {
                    self.sink = None;
                }
                continue;
            };
            let outcome = match self.send(&batch.lines).await {
                Ok(Verdict::Taken) => {
                    self.failures = 0;
                    Outcome { told: batch.told, ..Outcome::default() }
                }
                Ok(Verdict::Refused(status)) => {
                    tracing::info!(drain.id = %self.drain.id, %status, "a drain's receiver refuses lines; they are dropped");
                    self.failed(&DrainError::Refused(status));
                    // The line about dropped ones is none of the app's.
                    let lost = batch.lines.len() - usize::from(batch.told > 0);
                    let lost_since = batch.lines.first().map(|line| line.at);
                    Outcome { told: 0, lost: i64::try_from(lost).unwrap_or(0), lost_since }
                }
                Err(error) => {
                    self.failed(&error);
                    self.unsent = Some(batch).filter(|_| self.failures < SAME_BATCH);
                    sleep(self.pause()).await;
                    continue;
                }
            };
            log_drains::advance(self.drains.db.pool(), self.drain.id, self.lease, batch.seq, outcome).await?;
            if self.failures > 0 {
                // A receiver that refuses everything is not to be asked all the time.
                sleep(self.pause()).await;
            }
        }
    }

    /// `None`: there is nothing to send.
    async fn next(&self, progress: Progress) -> Result<Option<Batch>, DbError> {
        let (pool, app, seq) = (self.drains.db.pool(), self.drain.app_id, progress.delivered_seq);
        let stored = log_lines::after_within(pool, app, seq, LINES_PER_READ, BATCH_BYTES).await?;
        let mut batch = Batch { lines: Vec::new(), seq: progress.delivered_seq, told: 0 };
        if let Some(since) = progress.dropped_since.filter(|_| progress.dropped > 0) {
            batch.lines.push(frame::overflow(progress.dropped, since, Utc::now()));
            batch.told = progress.dropped;
        }
        for stored in stored {
            batch.seq = stored.seq;
            batch.lines.push(stored.line);
        }
        Ok((!batch.lines.is_empty()).then_some(batch))
    }

    async fn send(&mut self, lines: &[LogLine]) -> Result<Verdict, DrainError> {
        if let Some(sink) = &mut self.sink
            && !sink.is_open().await
        {
            self.sink = None;
        }
        let mut sink = match self.sink.take() {
            Some(sink) => sink,
            None => Sink::open(&self.drains.connector, &self.url).await?,
        };
        let verdict = sink.send(&self.url, &self.drain.token, lines).await?;
        self.sink = Some(sink);
        self.used = Instant::now();
        Ok(verdict)
    }

    /// The app's people are told once, until it works again: in the log, which is not the drain alone.
    fn failed(&mut self, error: &DrainError) {
        self.sink = None;
        self.failures += 1;
        if self.failures > 1 {
            return;
        }
        let line = match error {
            // Heroku: error L14, certificate validation.
            DrainError::Certificate(reason) => {
                format!("Error L14 (certificate validation): error=\"{reason}\" uri=\"{}\"", self.url)
            }
            DrainError::Refused(_) => format!(
                "Drain {} cannot be delivered to: {error}. These lines are dropped; the next ones are tried.",
                self.drain.token
            ),
            error => format!("Drain {} cannot be delivered to: {error}. It is tried again.", self.drain.token),
        };
        self.drains.logs.heroku_event(self.drain.app_id, "logplex", line);
    }

    fn pause(&self) -> Duration {
        RETRY_FIRST.saturating_mul(1 << self.failures.saturating_sub(1).min(6)).min(RETRY_MOST)
    }
}
