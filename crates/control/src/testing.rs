//! A control plane for tests: a throw-away database, a fake engine, and the real loops.

mod signer;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{TimeDelta, Utc};
use paas_builder::{Builder, BuilderConfig, Registry, RegistryConfig, StackConfig};
use paas_db::{
    Changes, Db, SecretHash,
    accounts::Account,
    apps::App,
    hosts, new_id, new_secret, slugs,
    testing::{TestDb, test_vault},
};
use paas_hosts::{
    Engine, EngineError, Engines, HostEndpoint,
    testing::{FakeEngine, FakeMachines},
};
use paas_logs::{DrainPolicy, Logs};
use paas_model::{CrashPolicy, FreeDisk, HostId, Labels, ProcessType, Retention, SlugId, SlugLayer, TrustedProxies};
use paas_planner::Policy;
use secrecy::SecretString;
use tokio::{runtime::Runtime, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::signer::TestSigner;
use crate::{Catalog, Control, HostRegistry, Settings, ops, reconcile};

/// The endpoint of the host that a test's server runs on.
const LOCAL: &str = "unix:///fake";

/// Everything a use-case needs, and what the tests look at. Loops run after [`TestControl::start`].
#[derive(Debug)]
pub struct TestControl {
    pub control: Control,
    /// The local host's engine.
    pub engine: FakeEngine,
    pub engines: FakeEngines,
    /// What launches machines for pools.
    pub machines: FakeMachines,
    pub db: TestDb,
    /// The owner of the installation.
    pub owner: Account,
    pub token: SecretString,
    stop: CancellationToken,
    _stop_at_the_end: DropGuard,
}

impl TestControl {
    /// # Panics
    /// When PostgreSQL cannot be had: these tests never skip.
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    /// With other settings than [`settings`].
    ///
    /// # Panics
    /// As [`TestControl::new`].
    #[expect(clippy::expect_used, reason = "a test that cannot have its parts must fail, saying why")]
    pub async fn with(settings: Settings) -> Self {
        let db = TestDb::new().await;
        let (engines, machines) = (FakeEngines::default(), FakeMachines::default());
        let engine = engines.at(LOCAL);
        let stop = CancellationToken::new();
        let changes = Changes::listen(db.db(), stop.clone()).await.expect("the test database notifies");
        let logs = Logs::start(db.db().clone(), changes.clone(), stop.clone());
        let url = "http://127.0.0.1:9".parse().expect("this is a URL");
        let registry = Registry::new(RegistryConfig { url, credentials: None }).expect("this is a registry's URL");
        let builder = Builder::new(BuilderConfig::default(), registry.clone());
        let control = Control {
            db: db.db().clone(),
            changes,
            logs,
            registry,
            builder: Arc::new(builder),
            engines: Arc::new(engines.clone()),
            machines: Some(Arc::new(machines.clone())),
            catalog: Catalog::default(),
            settings: Arc::new(settings),
        };
        let made = ops::accounts::create(&control, "owner@example.com", true).await;
        let (owner, token) = made.expect("an account can be made");
        let guard = stop.clone().drop_guard();
        Self { control, engine, engines, machines, db, owner, token, stop, _stop_at_the_end: guard }
    }

    /// Starts the loops, as a server does.
    #[must_use]
    pub fn start(&self) -> JoinHandle<()> {
        self.start_until(self.stop.child_token())
    }

    /// Ends the loops, for tests that make more than one.
    ///
    /// # Panics
    /// When a loop panicked.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn stop(&self, loops: JoinHandle<()>) {
        self.stop.cancel();
        loops.await.expect("no loop panics");
    }

    /// Starts the loops; `stop` ends them alone.
    #[must_use]
    pub fn start_until(&self, stop: CancellationToken) -> JoinHandle<()> {
        let local = reconcile::LocalHost { name: "local".to_owned(), endpoint: LOCAL.to_owned(), reserved_mb: 0 };
        tokio::spawn(reconcile::run(self.control.clone(), Some(local), stop))
    }

    /// Starts the loops of a controller whose own machine is no host; `stop` ends them alone.
    #[must_use]
    pub fn start_controller(&self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(reconcile::run(self.control.clone(), None, stop))
    }

    /// Starts the loops of a controller that dies like a killed process when it is dropped: nothing of it runs on, and it
    /// gives nothing up.
    ///
    /// # Panics
    /// When the system has no thread for it.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub fn start_doomed_controller(&self) -> DoomedController {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let (mut control, url) = (self.control.clone(), self.db.url());
        runtime.spawn(async move {
            let stop = CancellationToken::new();
            // Connections belong to the runtime that made them.
            control.db = Db::connect(&url, test_vault()).await.expect("the test database answers");
            control.changes = Changes::listen(&control.db, stop.clone()).await.expect("the test database notifies");
            control.logs = Logs::start(control.db.clone(), control.changes.clone(), stop.clone());
            reconcile::run(control, None, stop).await;
        });
        DoomedController(Some(runtime))
    }

    /// A machine joins by hand, as `host-<number>`; its engine is ready to be asked.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn join(&self, number: u8, labels: &[(&str, &str)]) -> (HostId, FakeEngine) {
        let id = new_id::<HostId>();
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        (id, self.join_as(id, number, labels).await)
    }

    /// The machine of a launched host boots, runs its user data, and joins.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn join_launched(&self, id: HostId, number: u8) -> FakeEngine {
        self.join_as(id, number, Labels::new()).await
    }

    #[expect(clippy::expect_used, reason = "a test helper")]
    async fn join_as(&self, id: HostId, number: u8, labels: Labels) -> FakeEngine {
        let endpoint = HostEndpoint::tcp(SocketAddr::from(([10, 0, 0, number], 2376)), id).to_string();
        let joined = hosts::Joined {
            id,
            name: format!("host-{number}"),
            endpoint: endpoint.clone(),
            zone: None,
            labels,
            machine_id: None,
            renewal_hash: SecretHash::of(&new_secret("")),
            certificate_expires_at: Utc::now() + TimeDelta::days(90),
        };
        let engine = self.engines.at(&endpoint);
        assert!(hosts::join(self.control.db.pool(), &joined).await.expect("a host can join"), "it is past joining");
        engine
    }

    /// Releases a slug with these process types as a build would, its image already on the host.
    ///
    /// # Panics
    /// When the database refuses.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn deploy(&self, app: &App, process_types: &[(&str, &str)]) -> paas_db::releases::Release {
        let id = new_id::<SlugId>();
        let image = format!("127.0.0.1:9/apps/{}:{id}", app.id);
        // Elsewhere it is pulled.
        self.engine.add_image(&image);
        let types = process_types
            .iter()
            .map(|(kind, command)| (ProcessType::parse(kind).expect("a process type"), (*command).to_owned()));
        let digest = format!("sha256:{}", "0".repeat(64));
        let slug = slugs::NewSlug {
            id,
            app_id: app.id,
            stack: app.stack.clone(),
            layers: vec![SlugLayer { digest: digest.clone(), diff_id: digest, size: 1_000, ..SlugLayer::default() }],
            image,
            commit: Some("7894b4129a8c".to_owned()),
            commit_description: None,
            buildpack_provided_description: Some("Node.js".to_owned()),
            process_types: types.collect(),
        };
        slugs::create(self.control.db.pool(), &slug).await.expect("a slug can be stored");
        ops::releases::of_slug(&self.control, &self.owner, app, id, None).await.expect("a slug can be released")
    }

    /// Another tenant, with a token.
    ///
    /// # Panics
    /// When the database refuses.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn tenant(&self, email: &str) -> (Account, SecretString) {
        ops::accounts::create(&self.control, email, false).await.expect("an account can be made")
    }
}

/// A controller that is killed by dropping it.
#[derive(Debug)]
pub struct DoomedController(Option<Runtime>);

impl Drop for DoomedController {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Quick ones.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        product: "PaaS".to_owned(),
        public_url: "https://localhost:5443".to_owned(),
        app_url: "http://{app}.localhost:8080/".to_owned(),
        domain: "localhost".to_owned(),
        cname_domain: "dns.localhost".to_owned(),
        drains: DrainPolicy::default(),
        stacks: vec![StackConfig::debian_13()],
        container_builds: true,
        parallel_builds: 2,
        warm_builds: 0,
        crash: CrashPolicy { base: Duration::from_millis(200), ..CrashPolicy::default() },
        boot_timeout: Duration::from_secs(2),
        stop_timeout: Duration::from_secs(2),
        drain_timeout: Duration::from_secs(2),
        attach_timeout: Duration::from_secs(2),
        one_off_lifetime: Duration::from_secs(60),
        cycle_after: None,
        lease: Duration::from_secs(2),
        signer: Arc::new(TestSigner::new()),
        host_registry: Some(HostRegistry { address: "10.0.0.1:5050".to_owned(), is_ours: true }),
        host_lease: Duration::from_secs(1),
        host_heartbeat: Duration::from_millis(50),
        host_grace: Duration::from_millis(300),
        machines_every: Duration::from_millis(50),
        machine_grace: Duration::from_millis(500),
        host_reserved_mb: 0,
        build_reserved_mb: 256,
        build_reserved_millis: 100,
        placement: Policy::default(),
        prune_images_every: Duration::from_millis(100),
        retention: Retention { releases: 50 },
        collect_every: Duration::from_millis(100),
        min_free_disk: FreeDisk::Bytes(0),
        trusted_proxies: TrustedProxies::default(),
        audit_kept: None,
        sample_every: Duration::from_millis(100),
    }
}

/// One engine for each endpoint, made when it is first asked for. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct FakeEngines(Arc<Mutex<BTreeMap<String, FakeEngine>>>);

impl FakeEngines {
    /// The engine behind an endpoint as it stands in a host's row.
    #[must_use]
    pub fn at(&self, endpoint: &str) -> FakeEngine {
        let mut engines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        engines.entry(endpoint.to_owned()).or_default().clone()
    }
}

impl Engines for FakeEngines {
    fn engine(&self, endpoint: &HostEndpoint) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(self.at(&endpoint.to_string())))
    }
}
