use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use paas_db::{
    routes::{Route, RouteDyno},
    sni_endpoints::{Sealed, SealedKey, Served},
};
use paas_model::{AppId, AppName, DynoId, DynoName, DynoState, Hostname, ProcessType, SniEndpointId};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

/// From one write to the next at least.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// Written this often even if nothing has changed: its age tells when the routes were last known to be true.
const CONFIRM_EVERY: Duration = Duration::from_secs(60);
/// An older one is not used: what it names may be somebody else's by now.
const USABLE_FOR: TimeDelta = TimeDelta::hours(1);

/// The last table on disk (mode 0600), for a router that starts while the database is away. It holds names and addresses,
/// and certificates whose keys are sealed: of no use without the master key.
#[derive(Debug)]
pub(crate) struct Snapshot {
    path: PathBuf,
    /// The rows in force, and whether they are on disk.
    latest: Option<Arc<LastKnown>>,
    is_saved: bool,
    last_saved: Option<Instant>,
    /// The last write failed, which has been said.
    is_failing: bool,
}

/// What a router serves by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastKnown {
    pub(crate) routes: Vec<Route>,
    pub(crate) edges: Arc<Edges>,
}

/// Custom host names with their apps, and the certificates that they are served with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edges {
    pub(crate) domains: Vec<(AppId, Hostname)>,
    pub(crate) served: Vec<Served>,
    pub(crate) sealed: Vec<Arc<Sealed>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    written_at: DateTime<Utc>,
    apps: Vec<AppRecord>,
    // Earlier versions wrote none.
    #[serde(default)]
    certificates: Vec<CertificateRecord>,
}

#[derive(Debug, Serialize, Deserialize)]
struct CertificateRecord {
    id: SniEndpointId,
    updated_at: DateTime<Utc>,
    hostnames: Vec<String>,
    chain: String,
    /// Base64.
    sealed_key: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct AppRecord {
    id: AppId,
    name: String,
    maintenance: bool,
    has_slug: bool,
    web: u32,
    dynos: Vec<DynoRecord>,
    #[serde(default)]
    domains: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct DynoRecord {
    id: DynoId,
    number: u32,
    address: Option<SocketAddr>,
    state: String,
}

impl Snapshot {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, latest: None, is_saved: false, last_saved: None, is_failing: false }
    }

    /// What an earlier router left, if it was true not long ago.
    pub(crate) async fn load(&self) -> Option<LastKnown> {
        let path = self.path.clone();
        let read = spawn_blocking(move || read(&path)).await.unwrap_or_else(|error| Err(io::Error::other(error)));
        match read {
            Ok(document) if Utc::now() - document.written_at <= USABLE_FOR => Some(document.last_known()),
            Ok(document) => {
                tracing::warn!(written_at = %document.written_at, "the last known routes are too old to be used");
                None
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, path = %self.path.display(), "the last known routes cannot be read");
                None
            }
        }
    }

    /// This is in force now.
    pub(crate) fn update(&mut self, known: LastKnown) {
        if self.latest.as_deref() != Some(&known) {
            self.latest = Some(Arc::new(known));
            self.is_saved = false;
        }
    }

    /// Called at every turn. A failure is said once and tried again.
    pub(crate) async fn save_when_due(&mut self) {
        let pause = if self.is_saved { CONFIRM_EVERY } else { SAVE_EVERY };
        let Some(known) = self.latest.clone() else { return };
        if self.last_saved.is_some_and(|last| last.elapsed() < pause) {
            return;
        }
        let path = self.path.clone();
        let written = spawn_blocking(move || write(&path, &Document::of(&known, Utc::now()))).await;
        self.last_saved = Some(Instant::now());
        match written.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(()) => (self.is_saved, self.is_failing) = (true, false),
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::warn!(%error, path = %self.path.display(), "the routes cannot be kept on disk");
                }
            }
        }
    }
}

impl Document {
    fn of(known: &LastKnown, written_at: DateTime<Utc>) -> Self {
        let dyno = |dyno: &RouteDyno| DynoRecord {
            id: dyno.id,
            number: dyno.name.number,
            address: dyno.address,
            state: dyno.state.to_string(),
        };
        let mut domains = HashMap::<AppId, Vec<String>>::new();
        for (app, hostname) in &known.edges.domains {
            domains.entry(*app).or_default().push(hostname.to_string());
        }
        let mut hostnames = HashMap::<SniEndpointId, Vec<String>>::new();
        for served in &known.edges.served {
            hostnames.entry(served.id).or_default().push(served.hostname.clone());
        }
        let app = |row: &Route| AppRecord {
            id: row.app_id,
            name: row.name.to_string(),
            maintenance: row.maintenance,
            has_slug: row.has_slug,
            web: row.web,
            dynos: row.dynos.iter().map(dyno).collect(),
            domains: domains.get(&row.app_id).cloned().unwrap_or_default(),
        };
        let certificate = |row: &Arc<Sealed>| CertificateRecord {
            id: row.id,
            updated_at: row.updated_at,
            hostnames: hostnames.get(&row.id).cloned().unwrap_or_default(),
            chain: row.certificate_chain.clone(),
            sealed_key: STANDARD.encode(row.key.as_bytes()),
        };
        Self {
            written_at,
            apps: known.routes.iter().map(app).collect(),
            certificates: known.edges.sealed.iter().map(certificate).collect(),
        }
    }

    fn last_known(self) -> LastKnown {
        let mut edges = Edges::default();
        for app in &self.apps {
            let names = app.domains.iter().filter_map(|name| Hostname::parse(name).ok());
            edges.domains.extend(names.map(|name| (app.id, name)));
        }
        let apps: HashMap<&str, AppId> = edges.domains.iter().map(|(app, name)| (name.as_str(), *app)).collect();
        for CertificateRecord { id, updated_at, hostnames, chain, sealed_key } in self.certificates {
            let Ok(key) = STANDARD.decode(sealed_key) else { continue };
            edges.served.extend(hostnames.into_iter().filter_map(|hostname| {
                let app_id = *apps.get(hostname.as_str())?;
                Some(Served { app_id, hostname, id, updated_at })
            }));
            let key = SealedKey::from_bytes(key);
            edges.sealed.push(Arc::new(Sealed { id, updated_at, certificate_chain: chain, key }));
        }
        LastKnown { routes: self.apps.into_iter().filter_map(AppRecord::route).collect(), edges: Arc::new(edges) }
    }
}

impl AppRecord {
    /// `None`: another version's, which this one cannot make sense of.
    fn route(self) -> Option<Route> {
        Some(Route {
            app_id: self.id,
            name: AppName::parse(&self.name).ok()?,
            maintenance: self.maintenance,
            has_slug: self.has_slug,
            web: self.web,
            dynos: self.dynos.into_iter().filter_map(DynoRecord::dyno).collect(),
        })
    }
}

impl DynoRecord {
    fn dyno(self) -> Option<RouteDyno> {
        Some(RouteDyno {
            id: self.id,
            name: DynoName { kind: ProcessType::web(), number: self.number },
            address: self.address,
            state: self.state.parse::<DynoState>().ok()?,
        })
    }
}

fn read(path: &Path) -> io::Result<Document> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Beside the file, then renamed: whoever reads sees the old routes or the new ones, whole.
fn write(path: &Path, document: &Document) -> io::Result<()> {
    let side = path.with_extension(format!("new-{}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&side)?;
    file.write_all(&serde_json::to_vec(document)?)?;
    file.sync_all()?;
    fs::rename(&side, path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn known() -> LastKnown {
        let (id, updated_at, routes) = (paas_db::new_id(), Utc::now(), rows());
        let app_id = routes[0].app_id;
        let edges = Edges {
            domains: vec![(app_id, Hostname::parse("*.example.com").unwrap())],
            served: vec![Served { app_id, hostname: "*.example.com".into(), id, updated_at }],
            sealed: vec![Arc::new(Sealed {
                id,
                updated_at,
                certificate_chain: "chain".into(),
                key: SealedKey::from_bytes(vec![1, 2, 3]),
            })],
        };
        LastKnown { routes, edges: Arc::new(edges) }
    }

    fn rows() -> Vec<Route> {
        let dyno = |number, state, address| RouteDyno {
            id: paas_db::new_id(),
            name: DynoName { kind: ProcessType::web(), number },
            address,
            state,
        };
        vec![Route {
            app_id: paas_db::new_id(),
            name: AppName::parse("one-app").unwrap(),
            maintenance: false,
            has_slug: true,
            web: 2,
            dynos: vec![
                dyno(1, DynoState::Up, Some("10.0.0.1:4000".parse().unwrap())),
                dyno(2, DynoState::Placed, None),
            ],
        }]
    }

    fn snapshot(directory: &Path) -> Snapshot {
        Snapshot::new(directory.join("routes.json"))
    }

    #[tokio::test]
    async fn what_was_saved_is_loaded_and_only_its_owner_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let (mut saved, rows) = (snapshot(directory.path()), known());
        assert!(saved.load().await.is_none());
        saved.update(rows.clone());
        saved.save_when_due().await;
        assert_eq!(snapshot(directory.path()).load().await.unwrap(), rows);
        assert_eq!(fs::metadata(&saved.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn a_burst_of_changes_is_one_write() {
        let directory = tempfile::tempdir().unwrap();
        let mut saved = snapshot(directory.path());
        let (first, second) = (known(), known());
        saved.update(first.clone());
        saved.save_when_due().await;
        saved.update(second.clone());
        saved.save_when_due().await;
        assert_eq!(saved.load().await.unwrap(), first);
        // As if the pause were over.
        saved.last_saved = None;
        saved.save_when_due().await;
        assert_eq!(saved.load().await.unwrap(), second);
    }

    #[tokio::test]
    async fn old_routes_and_half_ones_are_not_used() {
        let directory = tempfile::tempdir().unwrap();
        let saved = snapshot(directory.path());
        write(&saved.path, &Document::of(&known(), Utc::now() - TimeDelta::minutes(61))).unwrap();
        assert!(saved.load().await.is_none());
        write(&saved.path, &Document::of(&known(), Utc::now() - TimeDelta::minutes(59))).unwrap();
        assert!(saved.load().await.is_some());
        let whole = fs::read(&saved.path).unwrap();
        fs::write(&saved.path, &whole[..whole.len() / 2]).unwrap();
        assert!(saved.load().await.is_none());
    }
}
