use std::{
    net::SocketAddr,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use paas_db::routes::RouteDyno;
use paas_model::DynoId;
use tokio::sync::Notify;

use crate::upstream::Pool;

/// One dyno that is up, as this process knows it. The same value stands in every table from the first that has the dyno
/// to the last, and outlives that while requests are in flight.
#[derive(Debug)]
pub(crate) struct Dyno {
    pub(crate) id: DynoId,
    /// `web.1`
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    pub(crate) pool: Pool,
    in_flight: AtomicUsize,
    /// In no table any more.
    draining: AtomicBool,
    /// Milliseconds since [`START`]; left out until then.
    quarantined_until: AtomicU64,
    /// Told when nothing is in flight on a draining dyno.
    drained: Arc<Notify>,
}

/// A request on a dyno, from before it connects to its last byte.
#[derive(Debug)]
pub(crate) struct Stay(Arc<Dyno>);

impl Dyno {
    /// `None` where the row has no address.
    pub(crate) fn new(row: &RouteDyno, threads: usize, drained: &Arc<Notify>) -> Option<Self> {
        Some(Self {
            id: row.id,
            name: row.name.to_string(),
            address: row.address?,
            pool: Pool::new(threads),
            in_flight: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            quarantined_until: AtomicU64::new(0),
            drained: Arc::clone(drained),
        })
    }

    /// Counts a request in; `None` once the dyno is draining.
    ///
    /// Counting comes before looking, and draining is set before the count is looked at ([`Dyno::drain`]), so that one of
    /// the two sides always sees the other.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Stay> {
        self.in_flight.fetch_add(1, SeqCst);
        let stay = Stay(Arc::clone(self));
        (!self.draining.load(SeqCst)).then_some(stay)
    }

    /// Lets nobody in from here on, and closes the connections that wait for a request: they would keep the app's server
    /// from stopping.
    pub(crate) fn drain(&self) {
        self.draining.store(true, SeqCst);
        self.pool.clear();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(SeqCst)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(SeqCst)
    }

    /// Leaves the dyno out on this router for a while (Heroku: a dyno that refuses connections is quarantined).
    pub(crate) fn quarantine(&self, time: Duration) {
        self.quarantined_until.store(millis(START.elapsed() + time), SeqCst);
    }

    pub(crate) fn is_quarantined(&self) -> bool {
        // Almost always 0: no clock is read then.
        let until = self.quarantined_until.load(SeqCst);
        until > 0 && millis(START.elapsed()) < until
    }
}

impl Stay {
    pub(crate) const fn dyno(&self) -> &Arc<Dyno> {
        &self.0
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let left = self.0.in_flight.fetch_sub(1, SeqCst) - 1;
        if left == 0 && self.0.is_draining() {
            self.0.drained.notify_one();
        }
    }
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
