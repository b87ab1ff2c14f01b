use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::timeout};

use crate::{
    access::Access,
    config::Timeouts,
    dyno::{Dyno, Stay},
    errors::Failure,
    pick::{Pick, pick},
    table::Routes,
    upstream::{ConnectError, Connection},
};

/// How many dynos one request is offered to (Heroku: at most 10 connection attempts).
const MAX_TRIES: usize = 10;
/// First wait while every dyno is quarantined; the next ones are twice as long each.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// The search of one request for a dyno that takes it.
#[derive(Debug)]
pub(crate) struct Reach<'a> {
    routes: &'a Routes,
    timeouts: &'a Timeouts,
    thread: usize,
    host: &'a str,
    deadline: Instant,
    /// Dynos that refused this request.
    tried: Vec<Arc<Dyno>>,
    refusal: Failure,
    wait: Duration,
    /// Made when there is something to wait for.
    swaps: Option<watch::Receiver<u64>>,
}

impl<'a> Reach<'a> {
    pub(crate) fn new(routes: &'a Routes, timeouts: &'a Timeouts, thread: usize, host: &'a str) -> Self {
        Self {
            routes,
            timeouts,
            thread,
            host,
            deadline: Instant::now() + timeouts.queue,
            tried: Vec::new(),
            refusal: Failure::Platform,
            wait: FIRST_WAIT,
            swaps: None,
        }
    }

    /// A dyno with a connection to it. Waits for a dyno to come up, for as long as the queue timeout lets it; tries others
    /// where one refuses. `fresh`: not a connection that has been used before.
    pub(crate) async fn connection(&mut self, fresh: bool, access: &mut Access) -> Result<(Stay, Connection), Failure> {
        loop {
            let app = self.routes.find(self.host).ok_or(Failure::NoSuchApp)?;
            if let Some(failure) = app.unavailable() {
                return Err(failure);
            }
            match pick(&app, &self.tried) {
                Pick::Dyno(stay) => {
                    access.dyno = Some(Arc::clone(stay.dyno()));
                    if let Some(connection) = self.connect(&stay, fresh, access).await? {
                        return Ok((stay, connection));
                    }
                    if self.tried.len() == MAX_TRIES {
                        return Err(self.refusal);
                    }
                }
                Pick::Stale => {}
                Pick::NoneLeft if !self.tried.is_empty() => return Err(self.refusal),
                Pick::NoneLeft => {
                    let pause = self.wait;
                    self.wait *= 2;
                    self.wait_for_swap(Some(pause), Failure::Platform).await?;
                }
                Pick::NoneUp => self.wait_for_swap(None, Failure::BootTimeout).await?,
            }
        }
    }

    /// `None`: the dyno does not take connections, and is left out from here on.
    async fn connect(&mut self, stay: &Stay, fresh: bool, access: &mut Access) -> Result<Option<Connection>, Failure> {
        let dyno = stay.dyno();
        if !fresh && let Some(connection) = dyno.pool.take(self.thread, self.timeouts.pooled) {
            access.connect = Some(Duration::ZERO);
            return Ok(Some(connection));
        }
        let begin = Instant::now();
        let connected = Connection::open(dyno.address, self.timeouts.connect).await;
        access.connect = Some(begin.elapsed());
        match connected {
            Ok(connection) => return Ok(Some(connection)),
            Err(ConnectError::Local) => return Err(Failure::Platform),
            Err(ConnectError::Refused) => self.refusal = Failure::ConnectRefused,
            Err(ConnectError::TimedOut) => self.refusal = Failure::ConnectTimeout,
        }
        dyno.quarantine(self.timeouts.quarantine);
        self.tried.push(Arc::clone(dyno));
        Ok(None)
    }

    /// Returns when another table is in force, or after `limit`.
    async fn wait_for_swap(&mut self, limit: Option<Duration>, late: Failure) -> Result<(), Failure> {
        // Armed first, and the table looked at once more, so that no swap is missed.
        let Some(swaps) = &mut self.swaps else {
            self.swaps = Some(self.routes.swaps());
            return Ok(());
        };
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(late);
        }
        // Whether it was the swap or the time makes no difference: look again.
        let _ = timeout(limit.map_or(left, |limit| limit.min(left)), swaps.changed()).await;
        Ok(())
    }
}
