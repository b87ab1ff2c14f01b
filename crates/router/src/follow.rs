use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use paas_db::{Changes, Db, DbError, Subscription, Topic, builds, routers, routes, routes::RouteDyno, sni_endpoints};
use paas_model::{DynoId, DynoState};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    certificates::Known,
    dyno::Dyno,
    snapshot::{Edges, LastKnown, Snapshot},
    table::Routes,
};

/// The table is read again this often even if nothing is said to have changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const BEAT_EVERY: Duration = Duration::from_secs(2);
/// From one read to the next at least, so that a burst of changes does not become a burst of reads.
const PAUSE: Duration = Duration::from_millis(20);
const RETRY_EVERY: Duration = Duration::from_secs(1);
/// A router that starts serves from a snapshot when the database has not answered by then.
const FIRST_LOOK: Duration = Duration::from_secs(2);
/// Idle connections to dynos are looked through this often.
const SWEEP_EVERY: Duration = Duration::from_secs(5);
/// Routers that have been silent for this long will not come back.
const FORGET_AFTER: Duration = Duration::from_secs(3_600);

/// Keeps the table in memory as the one in the database, and says of stopping dynos when this router is done with them.
/// While the database is away, the table stays as it is.
#[derive(Debug)]
pub(crate) struct Follower {
    id: Uuid,
    db: Db,
    wake_ups: Subscription,
    /// Of domains and certificates: they are many and change seldom, and are not read again for every dyno.
    edge_wake_ups: Subscription,
    routes: Arc<Routes>,
    certificates: Known,
    /// Domains and certificates in force.
    edges: Arc<Edges>,
    pooled: Duration,
    /// Out of the table, with requests in flight.
    draining: HashMap<DynoId, Arc<Dyno>>,
    /// Dynos that routers are waited for.
    stopping: Vec<DynoId>,
    /// Those of them that this router has let go of.
    acknowledged: HashSet<DynoId>,
    last_beat: Option<Instant>,
    last_look: Option<Instant>,
    /// At domains and certificates. `None`: they are to be read.
    last_edges: Option<Instant>,
    last_sweep: Instant,
    snapshot: Option<Snapshot>,
    /// Dynos that requests go to, as far as the database knows it.
    routed: HashSet<DynoId>,
}

impl Follower {
    pub(crate) fn new(
        db: Db,
        changes: &Changes,
        routes: Arc<Routes>,
        pooled: Duration,
        snapshot: Option<Snapshot>,
    ) -> Self {
        Self {
            id: Uuid::now_v7(),
            db,
            wake_ups: changes.subscribe(&[Topic::Apps, Topic::Dynos, Topic::Releases, Topic::Formations, Topic::Hosts]),
            edge_wake_ups: changes.subscribe(&[Topic::Domains, Topic::SniEndpoints]),
            routes,
            certificates: Known::default(),
            edges: Arc::default(),
            pooled,
            draining: HashMap::new(),
            stopping: Vec::new(),
            acknowledged: HashSet::new(),
            last_beat: None,
            last_look: None,
            last_edges: None,
            last_sweep: Instant::now(),
            snapshot,
            routed: HashSet::new(),
        }
    }

    /// The first look: returns once a table is in force, from the snapshot if the database is away.
    pub(crate) async fn start(&mut self) {
        let mut is_said = false;
        loop {
            let looked = timeout(FIRST_LOOK, self.turn(true)).await;
            if matches!(looked, Ok(Ok(()))) {
                return;
            }
            if let Some(LastKnown { routes, edges }) = self.last_known().await {
                tracing::warn!(apps = routes.len(), "the routes cannot be read; serving the last known ones");
                self.certificates = Known::of(edges.served.clone(), edges.sealed.clone());
                self.routes.certificates.replace(&mut self.certificates, self.db.vault());
                self.routes.set_domains(&edges.domains);
                self.routes.replace(&routes);
                self.edges = edges;
                return;
            }
            if !std::mem::replace(&mut is_said, true) {
                match looked {
                    Ok(Err(error)) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(
                            error,
                            "the routes cannot be read, and none are known; waiting for the database"
                        );
                    }
                    _ => tracing::warn!("the database does not answer, and no routes are known; waiting for it"),
                }
            }
            sleep(RETRY_EVERY).await;
        }
    }

    async fn last_known(&self) -> Option<LastKnown> {
        self.snapshot.as_ref()?.load().await
    }

    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut away = false;
        while let Some(turned) = stop.run_until_cancelled(self.wait_and_turn()).await {
            match turned {
                Ok(()) if away => {
                    away = false;
                    tracing::info!("the routes are up to date again");
                }
                Ok(()) => {}
                Err(error) => {
                    if !away {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "the routes cannot be read; keeping the last ones"
                        );
                    }
                    away = true;
                    let _ = stop.run_until_cancelled(sleep(RETRY_EVERY)).await;
                }
            }
        }
        if let Err(error) = routers::leave(self.db.pool(), self.id).await {
            tracing::debug!(%error, "leaving without a word; the others stop waiting soon");
        }
    }

    async fn wait_and_turn(&mut self) -> Result<(), DbError> {
        let drained = Arc::clone(&self.routes.drained);
        let changed = tokio::select! {
            // First, so that of an app that goes or comes with its domains both are seen at once.
            biased;
            () = self.edge_wake_ups.changed() => {
                self.last_edges = None;
                true
            }
            () = self.wake_ups.changed() => true,
            () = drained.notified() => false,
            () = sleep(BEAT_EVERY) => false,
        };
        if changed && let Some(last) = self.last_look {
            sleep(PAUSE.saturating_sub(last.elapsed())).await;
        }
        self.turn(changed).await
    }

    async fn turn(&mut self, changed: bool) -> Result<(), DbError> {
        // Before anything that may fail: connections to dynos go stale whether the database is there or not.
        if self.last_sweep.elapsed() >= SWEEP_EVERY {
            self.last_sweep = Instant::now();
            self.routes.for_each_dyno(|dyno| dyno.pool.sweep(self.pooled));
        }
        if self.last_beat.is_none_or(|last| last.elapsed() >= BEAT_EVERY) {
            self.beat().await?;
        }
        if changed || self.last_look.is_none_or(|last| last.elapsed() >= LOOK_EVERY) {
            self.look().await?;
        }
        self.acknowledge().await?;
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.save_when_due().await;
        }
        Ok(())
    }

    /// Comes before the first look: whoever tells a dyno to stop after that look waits for this router.
    async fn beat(&mut self) -> Result<(), DbError> {
        let begin = Instant::now();
        if routers::heartbeat(self.db.pool(), self.id).await? {
            // What was acknowledged under a forgotten row went with it.
            self.acknowledged.clear();
            routers::forget(self.db.pool(), FORGET_AFTER).await?;
        }
        self.last_beat = Some(begin);
        Ok(())
    }

    async fn look(&mut self) -> Result<(), DbError> {
        let begin = Instant::now();
        // Where this fails, the next turn looks again.
        self.last_look = None;
        // In this order: see `routes::stopping`.
        let stopping = routes::stopping(self.db.pool()).await?;
        // Before the routes: a domain that is routed has its certificate.
        if self.last_edges.is_none_or(|last| last.elapsed() >= LOOK_EVERY) {
            self.last_edges = None;
            self.look_at_edges().await?;
            self.last_edges = Some(begin);
        }
        let rows = routes::load(self.db.pool()).await?;
        for dyno in self.routes.replace(&rows) {
            dyno.drain();
            self.draining.insert(dyno.id, dyno);
        }
        let up = |dyno: &RouteDyno| (dyno.state == DynoState::Up).then_some(dyno.id);
        let routed = rows.iter().flat_map(|route| route.dynos.iter().filter_map(up)).collect();
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.update(LastKnown { routes: rows, edges: Arc::clone(&self.edges) });
        }
        self.stopping = stopping;
        self.last_look = Some(begin);
        self.tell_routed(routed).await
    }

    /// For the times of builds' stages.
    async fn tell_routed(&mut self, routed: HashSet<DynoId>) -> Result<(), DbError> {
        let new: Vec<DynoId> = routed.difference(&self.routed).copied().collect();
        if !new.is_empty() {
            builds::routed(self.db.pool(), &new).await?;
        }
        self.routed = routed;
        Ok(())
    }

    /// Certificates before domains: see [`Follower::look`].
    async fn look_at_edges(&mut self) -> Result<(), DbError> {
        let served = sni_endpoints::served(self.db.pool()).await?;
        if let Some(missing) = self.certificates.missing(&served) {
            let read = match missing.as_slice() {
                [] => Vec::new(),
                ids => sni_endpoints::sealed(self.db.pool(), ids).await?,
            };
            self.certificates.update(served, read);
            self.routes.certificates.replace(&mut self.certificates, self.db.vault());
        }
        let domains = routes::domains(self.db.pool()).await?;
        let (served, sealed) = self.certificates.rows();
        let edges = Edges { domains, served, sealed };
        if *self.edges != edges {
            self.routes.set_domains(&edges.domains);
            self.edges = Arc::new(edges);
        }
        Ok(())
    }

    async fn acknowledge(&mut self) -> Result<(), DbError> {
        self.draining.retain(|_, dyno| dyno.in_flight() > 0);
        self.acknowledged.retain(|id| self.stopping.contains(id));
        let free = |id: &&DynoId| !self.draining.contains_key(*id) && !self.acknowledged.contains(*id);
        let due: Vec<DynoId> = self.stopping.iter().filter(free).copied().collect();
        if !due.is_empty() {
            routers::acknowledge(self.db.pool(), self.id, &due).await?;
            self.acknowledged.extend(due);
        }
        Ok(())
    }
}
