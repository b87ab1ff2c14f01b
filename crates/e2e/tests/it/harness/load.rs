//! Clients that request one path over and over, and remember what they got.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::{runtime::Runtime, task::JoinSet};

use super::client::{self, Answer};

/// Runs until [`Load::stop`].
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    tally: Arc<Mutex<Tally>>,
    clients: JoinSet<()>,
}

/// How requests ended.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) answered: u64,
    /// Anything but 200, by kind.
    pub(crate) failed: BTreeMap<String, u64>,
    /// When each of those was begun.
    pub(crate) failed_since: Vec<Instant>,
    /// Bodies of good answers.
    pub(crate) bodies: BTreeMap<String, u64>,
}

impl Load {
    /// `clients` requests are in flight at any time; every second client makes a new connection for each.
    pub(crate) fn start(runtime: &Runtime, clients: usize, port: u16, host: &str, path: &str) -> Self {
        let (stop, tally) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Tally>>::default());
        let [keeping, new] = [client::client(true), client::client(false)];
        let mut tasks = JoinSet::new();
        for number in 0..clients {
            let client = if number % 2 == 0 { keeping.clone() } else { new.clone() };
            let (stop, tally, host, path) = (stop.clone(), tally.clone(), host.to_owned(), path.to_owned());
            let work = async move {
                while !stop.load(Ordering::Relaxed) {
                    let since = Instant::now();
                    let answer = client::get(&client, port, &host, &path).await;
                    tally.lock().unwrap_or_else(PoisonError::into_inner).count(since, answer);
                }
            };
            tasks.spawn_on(work, runtime.handle());
        }
        Self { stop, tally, clients: tasks }
    }

    pub(crate) fn so_far(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets every request in flight end.
    pub(crate) fn stop(mut self, runtime: &Runtime) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        runtime.block_on(async { while self.clients.join_next().await.is_some() {} });
        self.so_far()
    }
}

impl Tally {
    fn count(&mut self, since: Instant, answer: Result<Answer, reqwest::Error>) {
        let failure = match answer {
            Ok(Answer { status: 200, body, .. }) => {
                self.answered += 1;
                *self.bodies.entry(body).or_default() += 1;
                return;
            }
            Ok(Answer { status, .. }) => format!("status {status}"),
            Err(error) => client::kind(&error),
        };
        *self.failed.entry(failure).or_default() += 1;
        self.failed_since.push(since);
    }
}
