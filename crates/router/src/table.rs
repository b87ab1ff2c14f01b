use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use arc_swap::ArcSwap;
use paas_db::routes::Route;
use paas_model::{AppId, DynoId, DynoState, Hostname};
use rustls::sign::CertifiedKey;
use tokio::sync::{Notify, watch};

use crate::{certificates::Certificates, dyno::Dyno, errors::Failure, host_map::HostMap};

/// Requests in flight per dyno that is up, on one router; more are turned away (Heroku: H11).
const REQUESTS_PER_DYNO: usize = 200;

/// The table in force, swapped whole.
#[derive(Debug)]
pub(crate) struct Routes {
    table: ArcSwap<Table>,
    /// Whose the custom host names are.
    domains: ArcSwap<HostMap<AppId>>,
    /// Counts swaps, for requests that wait for one.
    swaps: watch::Sender<u64>,
    pub(crate) certificates: Certificates,
    /// Told when a draining dyno has nothing in flight any more.
    pub(crate) drained: Arc<Notify>,
    /// `.example.com`
    suffix: String,
    threads: usize,
}

/// Every app by name and by id, and every dyno that is up.
#[derive(Debug, Default)]
pub(crate) struct Table {
    apps: HashMap<String, Arc<App>>,
    by_id: HashMap<AppId, Arc<App>>,
    dynos: HashMap<DynoId, Arc<Dyno>>,
}

/// What the router knows of an app.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) maintenance: bool,
    pub(crate) up: Vec<Arc<Dyno>>,
    has_slug: bool,
    scaled_to: u32,
    starting: bool,
    crashed: bool,
    /// Requests in flight; the same counter in every table.
    requests: Arc<AtomicUsize>,
}

/// A request's place in its app's count.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Routes {
    /// An empty table. `threads`: how many pools of connections each dyno has.
    pub(crate) fn new(domain: &str, threads: usize) -> Self {
        Self {
            table: ArcSwap::default(),
            domains: ArcSwap::default(),
            swaps: watch::Sender::new(0),
            certificates: Certificates::default(),
            drained: Arc::default(),
            suffix: format!(".{domain}"),
            threads,
        }
    }

    /// The app that answers at this host name (lower case, no port).
    pub(crate) fn find(&self, host: &str) -> Option<Arc<App>> {
        let table = self.table.load();
        match host.strip_suffix(&self.suffix) {
            // Nobody's wildcard reaches into the platform's own names.
            Some(name) => table.apps.get(name).cloned(),
            None => table.by_id.get(self.domains.load().find(host)?).cloned(),
        }
    }

    /// The certificate that the app at this host name has for it. `None`: the router's own serves it, also where it is below
    /// another app's wildcard that has one.
    pub(crate) fn certificate(&self, host: &str) -> Option<Arc<CertifiedKey>> {
        let host = host.to_ascii_lowercase();
        let (app, key) = self.certificates.find(&host)?;
        self.find(&host).filter(|found| found.id == app).map(|_| key)
    }

    /// Puts these custom host names in force.
    pub(crate) fn set_domains(&self, domains: &[(AppId, Hostname)]) {
        let mut map = HostMap::default();
        for (app, hostname) in domains {
            map.insert(hostname, *app);
        }
        self.domains.store(Arc::new(map));
    }

    /// Wakes up when another table is in force than at this call.
    pub(crate) fn swaps(&self) -> watch::Receiver<u64> {
        self.swaps.subscribe()
    }

    /// Puts a table of these rows in force. Returns the dynos that are in it no more.
    pub(crate) fn replace(&self, rows: &[Route]) -> Vec<Arc<Dyno>> {
        let former = self.table.load_full();
        let mut table = Table::default();
        for row in rows {
            let app = self.app(row, &former);
            table.dynos.extend(app.up.iter().map(|dyno| (dyno.id, Arc::clone(dyno))));
            let app = Arc::new(app);
            table.by_id.insert(app.id, Arc::clone(&app));
            table.apps.insert(row.name.as_str().to_owned(), app);
        }
        let dropped = former.dynos.values().filter(|dyno| !table.has(dyno)).cloned().collect();
        self.table.store(Arc::new(table));
        self.swaps.send_modify(|count| *count += 1);
        dropped
    }

    /// Calls `visit` for every dyno in the table.
    pub(crate) fn for_each_dyno(&self, visit: impl FnMut(&Arc<Dyno>)) {
        self.table.load().dynos.values().for_each(visit);
    }

    fn app(&self, row: &Route, former: &Table) -> App {
        let known = former.apps.get(row.name.as_str()).filter(|known| known.id == row.app_id);
        let up = row.dynos.iter().filter(|dyno| dyno.state == DynoState::Up).filter_map(|dyno| {
            let known = former.dynos.get(&dyno.id).filter(|known| Some(known.address) == dyno.address);
            known.cloned().or_else(|| Dyno::new(dyno, self.threads, &self.drained).map(Arc::new))
        });
        App {
            id: row.app_id,
            maintenance: row.maintenance,
            up: up.collect(),
            has_slug: row.has_slug,
            scaled_to: row.web,
            starting: row.dynos.iter().any(|dyno| matches!(dyno.state, DynoState::Placed | DynoState::Starting)),
            crashed: row.dynos.iter().any(|dyno| dyno.state == DynoState::Crashed),
            requests: known.map_or_else(Arc::default, |known| Arc::clone(&known.requests)),
        }
    }
}

impl Table {
    /// Whether this very value is in the table: a dyno that changed its address is another one.
    fn has(&self, dyno: &Arc<Dyno>) -> bool {
        self.dynos.get(&dyno.id).is_some_and(|known| Arc::ptr_eq(known, dyno))
    }
}

impl App {
    /// Counts a request in.
    ///
    /// # Errors
    /// [`Failure::BacklogTooDeep`].
    pub(crate) fn enter(&self) -> Result<Seat, Failure> {
        let seat = Seat(Arc::clone(&self.requests));
        let before = self.requests.fetch_add(1, Relaxed);
        if before >= REQUESTS_PER_DYNO * self.up.len().max(1) { Err(Failure::BacklogTooDeep) } else { Ok(seat) }
    }

    /// Why no request can be taken now; `None`: dynos are up, or will be.
    pub(crate) const fn unavailable(&self) -> Option<Failure> {
        if self.maintenance {
            Some(Failure::Maintenance)
        } else if !self.up.is_empty() {
            None
        } else if !self.has_slug {
            Some(Failure::BlankApp)
        } else if self.starting {
            None
        } else if self.crashed {
            Some(Failure::AppCrashed)
        } else if self.scaled_to == 0 {
            Some(Failure::NoWebProcesses)
        } else {
            // Scaled up, and nothing started yet: the dynos are still to be placed.
            None
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
