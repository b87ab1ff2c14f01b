//! Wake-ups. A trigger on each table notifies; loops wait here and then read for themselves. Nothing is ever carried in
//! a notification but what it is about, so losing one costs a timer's delay and never a change.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use paas_model::HostId;
use sqlx::postgres::PgListener;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{Db, DbError};

const CHANNEL: &str = "paas";
const RECONNECT_EVERY: Duration = Duration::from_secs(1);

/// A table that loops and streams wait on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    Apps,
    Builds,
    BuildOutput,
    Releases,
    Formations,
    Dynos,
    Hosts,
    Pools,
    DrainedDynos,
    LogLines,
    AppSetups,
    Domains,
    SniEndpoints,
    LogDrains,
}

impl Topic {
    const ALL: [Self; 14] = [
        Self::Apps,
        Self::Builds,
        Self::BuildOutput,
        Self::Releases,
        Self::Formations,
        Self::Dynos,
        Self::Hosts,
        Self::Pools,
        Self::DrainedDynos,
        Self::LogLines,
        Self::AppSetups,
        Self::Domains,
        Self::SniEndpoints,
        Self::LogDrains,
    ];

    const fn table(self) -> &'static str {
        match self {
            Self::Apps => "apps",
            Self::Builds => "builds",
            Self::BuildOutput => "build_output",
            Self::Releases => "releases",
            Self::Formations => "formations",
            Self::Dynos => "dynos",
            Self::Hosts => "hosts",
            Self::Pools => "pools",
            Self::DrainedDynos => "drained_dynos",
            Self::LogLines => "log_lines",
            Self::Domains => "domains",
            Self::SniEndpoints => "sni_endpoints",
            Self::LogDrains => "log_drains",
            Self::AppSetups => "app_setups",
        }
    }
}

/// One listening connection per process, shared by all who wait. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Changes {
    /// One counter per topic, in the order of [`Topic::ALL`].
    counters: Arc<[watch::Sender<u64>; Topic::ALL.len()]>,
    /// Of what somebody waits for on one host alone.
    on_hosts: Arc<Mutex<OnHosts>>,
}

type OnHosts = BTreeMap<(Topic, HostId), watch::Sender<u64>>;

/// Waits for changes of some topics. What changed between two waits is never missed, and many changes are one wake-up.
#[derive(Debug)]
pub struct Subscription {
    receivers: Vec<watch::Receiver<u64>>,
    /// At least this long from one wake-up to the next.
    pause: Duration,
    woken: Option<Instant>,
}

impl Changes {
    /// Starts listening, until `stop`. While the connection is down everything counts as changed once a second, so
    /// that loops keep looking.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] when the first connection cannot be made.
    pub async fn listen(db: &Db, stop: CancellationToken) -> Result<Self, DbError> {
        let listener = connect(db).await?;
        Ok(Self::run_on(db, Some(listener), stop))
    }

    /// The same without a first connection: a process that can go on without the database does not wait for it.
    #[must_use]
    pub fn listen_when_there(db: &Db, stop: CancellationToken) -> Self {
        Self::run_on(db, None, stop)
    }

    /// Arms the wake-up. Subscribe before reading: what changes after this call wakes [`Subscription::changed`].
    #[must_use]
    pub fn subscribe(&self, topics: &[Topic]) -> Subscription {
        let receivers = topics.iter().map(|topic| self.counters[*topic as usize].subscribe()).collect();
        Subscription { receivers, pause: Duration::ZERO, woken: None }
    }

    /// The same for one host: its dynos ([`Topic::Dynos`]), or releases of apps that it runs ([`Topic::Releases`]). What
    /// changes elsewhere does not wake it.
    #[must_use]
    pub fn subscribe_on(&self, host: HostId, topic: Topic) -> Subscription {
        let mut on_hosts = self.on_hosts();
        on_hosts.retain(|_, counter| counter.receiver_count() > 0);
        let counter = on_hosts.entry((topic, host)).or_insert_with(|| watch::Sender::new(0));
        Subscription { receivers: vec![counter.subscribe()], pause: Duration::ZERO, woken: None }
    }

    fn run_on(db: &Db, listener: Option<PgListener>, stop: CancellationToken) -> Self {
        let counters = Arc::new(std::array::from_fn(|_| watch::Sender::new(0)));
        let changes = Self { counters, on_hosts: Arc::default() };
        let (heard, db) = (changes.clone(), db.clone());
        tokio::spawn(async move {
            let _ = stop.run_until_cancelled(heard.run(&db, listener)).await;
        });
        changes
    }

    async fn run(&self, db: &Db, mut listener: Option<PgListener>) {
        let mut away = false;
        loop {
            let heard = match &mut listener {
                Some(listener) => listener.try_recv().await.map_err(DbError::from),
                None => connect(db).await.map(|made| {
                    listener = Some(made);
                    None
                }),
            };
            if heard.is_ok() && std::mem::take(&mut away) {
                tracing::info!("listening for changes again");
            }
            match heard {
                Ok(Some(notification)) => self.heard(notification.payload()),
                // A connection was made, the first or after one that was lost: anything may have happened meanwhile.
                Ok(None) => self.bump_all(),
                // Kept, its connection would keep the pool from closing.
                Err(DbError::Unavailable(sqlx::Error::PoolClosed)) => return,
                Err(error) => {
                    // Once per outage: it may last for hours.
                    if !std::mem::replace(&mut away, true) {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "listening for changes failed; trying again until it works");
                    }
                    self.bump_all();
                    tokio::time::sleep(RECONNECT_EVERY).await;
                }
            }
        }
    }

    /// `TABLE`, or `TABLE:HOST`.
    fn heard(&self, payload: &str) {
        let (table, host) = payload.split_once(':').map_or((payload, None), |(table, host)| (table, Some(host)));
        let Some(topic) = Topic::ALL.into_iter().find(|topic| topic.table() == table) else { return };
        match host.map(str::parse::<HostId>) {
            None => bump(&self.counters[topic as usize]),
            Some(Ok(host)) => {
                self.on_hosts().get(&(topic, host)).into_iter().for_each(bump);
            }
            Some(Err(_)) => {}
        }
    }

    fn bump_all(&self) {
        self.counters.iter().for_each(bump);
        self.on_hosts().values().for_each(bump);
    }

    fn on_hosts(&self) -> MutexGuard<'_, OnHosts> {
        // Whole after any panic: every change is one call.
        self.on_hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bump(counter: &watch::Sender<u64>) {
    counter.send_modify(|count| *count += 1);
}

impl Subscription {
    /// With this long at least from one wake-up to the next, so that a burst of changes is a few turns of a loop and not one
    /// each. A change after a quiet time wakes at once.
    #[must_use]
    pub fn at_most_every(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Returns when one of the topics changed since the last call (or since subscribing). Cancel-safe. Never returns
    /// once the listener is gone: pair it with a timer.
    pub async fn changed(&mut self) {
        // First, as a change that has been taken note of must not be waited with: the caller may drop this at any wait.
        if let Some(woken) = self.woken {
            tokio::time::sleep_until(woken + self.pause).await;
        }
        let waits = self.receivers.iter_mut().map(|receiver| {
            Box::pin(async move {
                if receiver.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            })
        });
        futures::future::select_all(waits).await;
        self.woken = Some(Instant::now());
        for receiver in &mut self.receivers {
            receiver.mark_unchanged();
        }
    }

    /// Like [`Subscription::changed`], but at most `limit`: a loop's timer.
    pub async fn changed_or_after(&mut self, limit: Duration) {
        let _ = tokio::time::timeout(limit, self.changed()).await;
    }
}

async fn connect(db: &Db) -> Result<PgListener, DbError> {
    let mut listener = PgListener::connect_with(db.pool()).await?;
    listener.listen(CHANNEL).await?;
    Ok(listener)
}
