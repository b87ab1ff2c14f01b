//! Groups of parts that run side by side and are stopped together.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What ends the whole server: the operator's signal, or a part that ended by itself.
#[derive(Debug, Clone)]
pub(crate) struct Fate {
    pub(crate) shutdown: CancellationToken,
    failed: Arc<std::sync::OnceLock<&'static str>>,
}

impl Fate {
    pub(crate) fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown, failed: Arc::default() }
    }

    /// The part that ended though nobody told it to.
    pub(crate) fn failed(&self) -> Option<&'static str> {
        self.failed.get().copied()
    }
}

/// One group.
#[derive(Debug)]
pub(crate) struct Tasks {
    fate: Fate,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    pub(crate) fn new(fate: &Fate) -> Self {
        Self { fate: fate.clone(), stop: CancellationToken::new(), tracker: TaskTracker::new() }
    }

    /// Starts a part that runs until its token is cancelled. If it ends before, by a panic too, the server stops: half a
    /// server that looks alive is worse than one that its keeper restarts.
    pub(crate) fn spawn<Work>(&self, name: &'static str, work: impl FnOnce(CancellationToken) -> Work)
    where
        Work: Future<Output = ()> + Send + 'static,
    {
        let task = tokio::spawn(work(self.stop.clone()));
        let (stop, fate) = (self.stop.clone(), self.fate.clone());
        self.tracker.spawn(async move {
            let ended = task.await;
            if !stop.is_cancelled() {
                tracing::error!(part = name, panicked = ended.is_err(), "a part of the server ended; stopping");
                // Only the first one is the cause.
                let _ = fate.failed.set(name);
                fate.shutdown.cancel();
            }
        });
    }

    /// Tells every part to stop and waits for them, at most `limit`.
    pub(crate) async fn stop_within(self, limit: Duration) {
        self.stop.cancel();
        self.tracker.close();
        if timeout(limit, self.tracker.wait()).await.is_err() {
            tracing::warn!(parts = self.tracker.len(), "parts of the server did not end in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn parts_that_stop_when_told_are_no_failure() {
        let fate = Fate::new(CancellationToken::new());
        let tasks = Tasks::new(&fate);
        tasks.spawn("obedient", |stop| async move { stop.cancelled().await });
        tasks.stop_within(Duration::from_secs(10)).await;
        assert!(fate.failed().is_none() && !fate.shutdown.is_cancelled());
    }

    #[tokio::test]
    async fn a_part_that_panics_stops_the_server() {
        let fate = Fate::new(CancellationToken::new());
        let tasks = Tasks::new(&fate);
        tasks.spawn("clumsy", |_stop| async { panic!("dropped something") });
        fate.shutdown.cancelled().await;
        assert_eq!(fate.failed(), Some("clumsy"));
    }
}
