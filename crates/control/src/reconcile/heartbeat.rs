//! Asks one host's engine whether it is there, and writes down what that means for the host.

use std::time::Duration;

use paas_db::{
    DbError,
    hosts::{self, Capacity, Host},
};
use paas_hosts::{Engine, EngineError};
use paas_model::{ControllerId, HostState};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{Control, crash_point, error::chain};

/// An engine that takes longer does not answer.
const DEADLINE: Duration = Duration::from_secs(3);
/// A host that goes on answering has that written down so often.
const NOTE_EVERY: Duration = Duration::from_secs(6);
/// How often a machine that answers is asked for its size.
const MEASURE_EVERY: Duration = Duration::from_secs(60);
/// Characters of an engine's own words that are kept: one that is not what it says may send any number.
const MAX_ERROR: usize = 500;
const MAX_VERSION: usize = 100;

/// One host's pulse.
pub(super) struct Heartbeat<'a> {
    control: &'a Control,
    controller: ControllerId,
    host: &'a Host,
    engine: &'a dyn Engine,
    reserved_mb: u32,
    /// When it last answered; at first, when this controller took it over: each gives it the whole grace.
    answered_at: Instant,
    /// What it said of itself, and when.
    capacity: Option<(Instant, Capacity)>,
    noted_at: Option<Instant>,
    /// The error that its row tells already.
    told: Option<String>,
    /// It has joined for good. Before that there is nothing to lose.
    serves: bool,
    is_lost: bool,
}

/// What beats come to.
#[derive(Debug, PartialEq, Eq)]
enum Beat {
    Goes,
    /// Another controller has the host.
    LeaseLost,
}

impl<'a> Heartbeat<'a> {
    pub(super) fn new(
        control: &'a Control,
        controller: ControllerId,
        host: &'a Host,
        engine: &'a dyn Engine,
        reserved_mb: u32,
    ) -> Self {
        Self {
            control,
            controller,
            host,
            engine,
            reserved_mb,
            answered_at: Instant::now(),
            capacity: None,
            noted_at: None,
            told: None,
            serves: matches!(host.state, HostState::Ready | HostState::Draining),
            is_lost: host.state == HostState::Lost,
        }
    }

    /// Beats until `stop`, or until the lease is lost. `answers` is false while the host is lost.
    pub(super) async fn run(mut self, answers: &watch::Sender<bool>, stop: &CancellationToken) {
        loop {
            match stop.run_until_cancelled(self.beat()).await {
                None | Some(Ok(Beat::LeaseLost)) => return,
                Some(Ok(Beat::Goes)) => {}
                Some(Err(error)) => {
                    tracing::debug!(host.name = self.host.name, error = chain(&error), "a heartbeat was not noted");
                }
            }
            answers.send_if_modified(|answers| std::mem::replace(answers, !self.is_lost) == self.is_lost);
            let pause = tokio::time::sleep(self.control.settings.host_heartbeat);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
        }
    }

    async fn beat(&mut self) -> Result<Beat, DbError> {
        let noted = match self.ask().await {
            Ok(capacity) => self.seen(capacity).await,
            Err(error) => self.unseen(&error).await,
        };
        match noted {
            Ok(()) => Ok(Beat::Goes),
            Err(DbError::LeaseLost) => Ok(Beat::LeaseLost),
            Err(error) => Err(error),
        }
    }

    async fn ask(&mut self) -> Result<Capacity, EngineError> {
        let late = |_| EngineError::Unavailable {
            endpoint: self.host.endpoint.clone().unwrap_or_default(),
            source: format!("no answer within {} seconds", DEADLINE.as_secs()).into(),
        };
        if let Some((at, capacity)) = &self.capacity
            && at.elapsed() < MEASURE_EVERY
            && !self.is_lost
        {
            tokio::time::timeout(DEADLINE, self.engine.ping()).await.map_err(late)??;
            return Ok(capacity.clone());
        }
        let info = tokio::time::timeout(DEADLINE, self.engine.info()).await.map_err(late)??;
        let total = u32::try_from(info.memory_mb).unwrap_or(u32::MAX);
        let (most_mb, most_cpus) = self.most();
        Ok(Capacity {
            memory_mb: total.saturating_sub(self.reserved_mb).min(most_mb),
            cpus: info.cpus.min(most_cpus),
            engine_version: cut(&info.version, MAX_VERSION),
        })
    }

    /// What the host can have at most, whatever its engine says: it could draw all dynos to itself by a lie. A launched one
    /// has what its type has; as long as nothing is known of that, what its row says, which came of the offer.
    fn most(&self) -> (u32, u32) {
        let Some(name) = &self.host.instance_type else { return (u32::MAX, u32::MAX) };
        match self.control.catalog.get(name) {
            Some(known) => (known.memory_mb.saturating_sub(self.reserved_mb), known.cpu_millis.div_ceil(1_000)),
            None => (self.host.memory_mb, self.host.cpus),
        }
    }

    async fn seen(&mut self, capacity: Capacity) -> Result<(), DbError> {
        self.answered_at = Instant::now();
        let is_new = self.capacity.as_ref().is_none_or(|(_, known)| *known != capacity);
        let is_due = self.noted_at.is_none_or(|at| at.elapsed() >= NOTE_EVERY);
        if !is_new && !is_due && !self.is_lost && self.told.is_none() {
            return Ok(());
        }
        let mut connection = self.control.db.pool().acquire().await?;
        if hosts::seen(&mut connection, self.host.id, self.controller, &capacity).await? {
            crash_point!("host.ready");
            tracing::info!(host.name = self.host.name, "a host answers");
        }
        self.noted_at = Some(self.answered_at);
        if is_new || self.capacity.as_ref().is_none_or(|(at, _)| at.elapsed() >= MEASURE_EVERY) {
            self.capacity = Some((self.answered_at, capacity));
        }
        self.told = None;
        (self.serves, self.is_lost) = (true, false);
        Ok(())
    }

    async fn unseen(&mut self, error: &EngineError) -> Result<(), DbError> {
        let (grace, text) = (self.control.settings.host_grace, cut(&chain(error), MAX_ERROR));
        let is_overdue = self.serves && !self.is_lost && self.answered_at.elapsed() >= grace;
        if !is_overdue && self.told.as_ref() == Some(&text) {
            return Ok(());
        }
        // Within the grace the row only tells of the error, whatever other controllers saw of the host before.
        let grace = is_overdue.then_some(grace);
        let state = hosts::unseen(self.control.db.pool(), self.host.id, self.controller, grace, &text).await?;
        let is_lost = state == HostState::Lost;
        if is_lost && !self.is_lost {
            crash_point!("host.lost");
            tracing::warn!(host.name = self.host.name, error = text, "a host is lost: its engine does not answer");
        }
        (self.serves, self.is_lost) = (matches!(state, HostState::Ready | HostState::Draining), is_lost);
        self.told = Some(text);
        Ok(())
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
