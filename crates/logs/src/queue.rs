use std::{
    collections::{HashMap, VecDeque},
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, SecondsFormat, Utc};
use paas_model::{AppId, LogLine, LogSource};
use tokio::sync::Notify;

use crate::HISTORY;

/// Bytes of messages that may wait per app, beside the [`HISTORY`] lines that may.
const MAX_WAITING_BYTES: usize = 4 << 20;
/// Bytes that may wait of all apps together: the database may be away for long, and apps are many.
const MAX_ALL_BYTES: usize = 64 << 20;

/// Lines that wait for the writer, per app and bounded per app: a flood pushes out its own oldest lines only. When all
/// apps' lines are too many, those with the most lose their oldest.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    max_bytes: usize,
    /// Something waits.
    filled: Notify,
    /// Somebody waits for the writer to be done.
    hurried: Notify,
}

/// What the writer took: lines in order per app, and how many lines were ever queued up to here.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) lines: Vec<(AppId, LogLine)>,
    pub(crate) written: u64,
}

#[derive(Debug, Default)]
struct Waiting {
    apps: HashMap<AppId, Backlog>,
    bytes: usize,
    written: u64,
}

#[derive(Debug, Default)]
struct Backlog {
    lines: VecDeque<LogLine>,
    bytes: usize,
    dropped: u64,
    /// When the first dropped line was written.
    dropped_since: Option<DateTime<Utc>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self::with_limit(MAX_ALL_BYTES)
    }
}

impl Queue {
    fn with_limit(max_bytes: usize) -> Self {
        Self { waiting: Mutex::default(), max_bytes, filled: Notify::new(), hurried: Notify::new() }
    }

    pub(crate) fn push(&self, app: AppId, line: LogLine) {
        let mut waiting = self.lock();
        waiting.written += 1;
        let was_empty = waiting.apps.is_empty();
        waiting.push(app, line);
        if waiting.bytes > self.max_bytes {
            waiting.shrink_to(self.max_bytes / 2);
        }
        drop(waiting);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Takes all that waits. Where lines were dropped, a line that says so stands in their place.
    pub(crate) fn take(&self) -> Taken {
        let (apps, written) = {
            let mut waiting = self.lock();
            waiting.bytes = 0;
            (mem::take(&mut waiting.apps), waiting.written)
        };
        let lines = apps
            .into_iter()
            .flat_map(|(app, backlog)| backlog.notice().into_iter().chain(backlog.lines).map(move |line| (app, line)));
        Taken { lines: lines.collect(), written }
    }

    /// Returns when something waits.
    pub(crate) async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Returns when somebody waits for the writer.
    pub(crate) async fn hurried(&self) {
        self.hurried.notified().await;
    }

    /// Asks the writer not to wait for more; returns how many lines were ever queued.
    pub(crate) fn hurry(&self) -> u64 {
        let written = self.lock().written;
        self.hurried.notify_one();
        written
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while the lock is held; if it did, the queue would still be whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn push(&mut self, app: AppId, line: LogLine) {
        let backlog = self.apps.entry(app).or_default();
        let before = backlog.bytes;
        backlog.push(line);
        self.bytes = self.bytes - before + backlog.bytes;
    }

    /// Leaves each app its equal share at most. Half of the limit is freed at once, so that it is not done at every line.
    fn shrink_to(&mut self, bytes: usize) {
        let share = bytes / self.apps.len().max(1);
        for backlog in self.apps.values_mut() {
            backlog.shrink_to(share);
        }
        self.bytes = self.apps.values().map(|backlog| backlog.bytes).sum();
    }
}

impl Backlog {
    fn push(&mut self, line: LogLine) {
        self.bytes += size(&line);
        self.lines.push_back(line);
        if self.lines.len() > HISTORY {
            self.drop_oldest();
        }
        self.shrink_to(MAX_WAITING_BYTES);
    }

    fn shrink_to(&mut self, bytes: usize) {
        while self.bytes > bytes && !self.lines.is_empty() {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        let Some(dropped) = self.lines.pop_front() else { return };
        self.bytes -= size(&dropped);
        self.dropped += 1;
        self.dropped_since.get_or_insert(dropped.at);
    }

    /// Heroku: error L12, "local buffer overflow"; there it comes from `app[log-shuttle]`.
    fn notice(&self) -> Option<LogLine> {
        let since = self.dropped_since?.to_rfc3339_opts(SecondsFormat::Micros, false);
        let message = format!("Error L12: {} messages dropped since {since}.", self.dropped);
        Some(LogLine { at: Utc::now(), source: LogSource::Heroku, process: "logplex".to_owned(), message })
    }
}

/// What a line takes in memory.
fn size(line: &LogLine) -> usize {
    size_of::<LogLine>() + line.process.len() + line.message.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str) -> LogLine {
        let at = DateTime::from_timestamp(1_284_650_026, 677_020_000).unwrap();
        LogLine { at, source: LogSource::App, process: "web.1".into(), message: message.into() }
    }

    fn app() -> AppId {
        paas_db::new_id()
    }

    #[test]
    fn lines_of_one_app_come_out_in_the_order_they_went_in() {
        let (queue, app) = (Queue::default(), app());
        for message in ["a", "b", "c"] {
            queue.push(app, line(message));
        }
        let taken = queue.take();
        let messages: Vec<_> = taken.lines.iter().map(|(_, line)| line.message.as_str()).collect();
        assert_eq!((messages, taken.written), (vec!["a", "b", "c"], 3));
        assert!(queue.take().lines.is_empty());
    }

    #[test]
    fn a_flood_loses_its_oldest_lines_and_says_how_many() {
        let (queue, noisy, quiet) = (Queue::default(), app(), app());
        queue.push(quiet, line("still here"));
        for number in 0..HISTORY + 222 {
            queue.push(noisy, line(&number.to_string()));
        }
        let taken = queue.take();
        let of = |wanted| taken.lines.iter().filter(move |(app, _)| *app == wanted).map(|(_, line)| line);
        assert_eq!(of(quiet).count(), 1);
        let noise: Vec<_> = of(noisy).collect();
        assert_eq!(noise.len(), HISTORY + 1);
        assert_eq!((noise[0].source, noise[0].process.as_str()), (LogSource::Heroku, "logplex"));
        assert_eq!(noise[0].message, "Error L12: 222 messages dropped since 2010-09-16T15:13:46.677020+00:00.");
        assert_eq!(noise[1].message, "222");
    }

    #[test]
    fn long_lines_are_bounded_by_their_bytes() {
        let (queue, app) = (Queue::default(), app());
        for _ in 0..HISTORY {
            queue.push(app, line(&"x".repeat(10_000)));
        }
        let bytes: usize = queue.take().lines.iter().map(|(_, line)| line.message.len()).sum();
        assert!(bytes < MAX_WAITING_BYTES + 100, "{bytes}");
    }

    #[test]
    fn all_apps_together_are_bounded_and_those_with_few_lines_lose_none() {
        let (limit, quiet) = (1 << 20, app());
        let queue = Queue::with_limit(limit);
        queue.push(quiet, line("still here"));
        let noisy: Vec<_> = (0..50).map(|_| app()).collect();
        for _ in 0..100 {
            for app in &noisy {
                queue.push(*app, line(&"x".repeat(1_000)));
            }
            assert!(queue.lock().bytes <= limit);
        }
        let taken = queue.take();
        assert!(taken.lines.iter().any(|(app, line)| *app == quiet && line.message == "still here"));
        let noise = taken.lines.iter().filter(|(app, line)| *app == noisy[0] && line.source == LogSource::App).count();
        assert!((5..100).contains(&noise), "{noise}");
    }
}
