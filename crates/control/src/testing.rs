//! A control plane for tests: a throw-away database, a fake engine, and the real loops.

mod signer;

use std::{sync::Arc, time::Duration};

use paas_builder::{Builder, BuilderConfig, Registry, RegistryConfig, StackConfig};
use paas_db::{Changes, accounts::Account, apps::App, new_id, slugs, testing::TestDb};
use paas_hosts::{Engine, EngineError, Engines, HostEndpoint, testing::FakeEngine};
use paas_logs::Logs;
use paas_model::{CrashPolicy, ProcessType, SlugId};
use secrecy::SecretString;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::signer::TestSigner;
use crate::{Control, HostRegistry, Settings, ops, reconcile};

/// Everything a use-case needs, and what the tests look at. Loops run after [`TestControl::start`].
#[derive(Debug)]
pub struct TestControl {
    pub control: Control,
    pub engine: FakeEngine,
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
        let engine = FakeEngine::default();
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
            engines: Arc::new(OneEngine(engine.clone())),
            settings: Arc::new(settings),
        };
        let made = ops::accounts::create(&control, "owner@example.com", true).await;
        let (owner, token) = made.expect("an account can be made");
        let guard = stop.clone().drop_guard();
        Self { control, engine, db, owner, token, stop, _stop_at_the_end: guard }
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
        let local =
            reconcile::LocalHost { name: "local".to_owned(), endpoint: "unix:///fake".to_owned(), reserved_mb: 0 };
        tokio::spawn(reconcile::run(self.control.clone(), Some(local), stop))
    }

    /// Releases a slug with these process types as a build would, its image already on the host.
    ///
    /// # Panics
    /// When the database refuses.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn deploy(&self, app: &App, process_types: &[(&str, &str)]) -> paas_db::releases::Release {
        let id = new_id::<SlugId>();
        let image = format!("127.0.0.1:9/apps/{}:{id}", app.id);
        self.engine.add_image(&image);
        let types = process_types
            .iter()
            .map(|(kind, command)| (ProcessType::parse(kind).expect("a process type"), (*command).to_owned()));
        let slug = slugs::NewSlug {
            id,
            app_id: app.id,
            stack: app.stack.clone(),
            digest: format!("sha256:{}", "0".repeat(64)),
            diff_id: format!("sha256:{}", "0".repeat(64)),
            size: 1_000,
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

/// Quick ones.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        product: "PaaS".to_owned(),
        public_url: "https://localhost:5443".to_owned(),
        app_url: "http://{app}.localhost:8080/".to_owned(),
        stacks: vec![StackConfig::debian_13()],
        parallel_builds: 2,
        crash: CrashPolicy { base: Duration::from_millis(200), ..CrashPolicy::default() },
        boot_timeout: Duration::from_secs(2),
        stop_timeout: Duration::from_secs(2),
        drain_timeout: Duration::from_secs(2),
        attach_timeout: Duration::from_secs(2),
        one_off_lifetime: Duration::from_secs(60),
        cycle_after: None,
        lease: Duration::from_secs(2),
        host_lease: Duration::from_secs(1),
        host_heartbeat: Duration::from_millis(50),
        host_grace: Duration::from_millis(300),
        host_reserved_mb: 0,
        signer: Arc::new(TestSigner::new()),
        host_registry: Some(HostRegistry { address: "10.0.0.1:5050".to_owned(), is_ours: true }),
    }
}

#[derive(Debug)]
struct OneEngine(FakeEngine);

impl Engines for OneEngine {
    fn engine(&self, _endpoint: &HostEndpoint) -> Result<Arc<dyn Engine>, EngineError> {
        Ok(Arc::new(self.0.clone()))
    }
}
