use std::{collections::BTreeMap, future::Future, net::SocketAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use paas_db::{
    Changes, Db, accounts, apps, configs, domains,
    dynos::{self, NewDyno},
    formations, hosts, new_id,
    releases::{self, NewRelease},
    routers,
    slugs::{self, NewSlug},
    sni_endpoints::{self, SealedKey},
    testing::TestDb,
};
use paas_logs::{Filter, Logs};
use paas_model::{
    AccountId, AppId, AppName, ConfigId, ConfigVars, DynoId, DynoKind, DynoName, DynoSize, HostId, Hostname,
    ProcessType, ReleaseId, ReleaseState, SlugId, SlugLayer, SniEndpointId,
};
use paas_router::{Listeners, RouterConfig, Timeouts, serve};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::raw::Raw;

/// A database with an account and a host, and what a process needs to be a router.
pub(crate) struct World {
    database: TestDb,
    changes: Changes,
    logs: Logs,
    owner: AccountId,
    host: HostId,
    stop: CancellationToken,
}

#[derive(Clone)]
pub(crate) struct App {
    pub(crate) id: AppId,
    name: String,
    release: ReleaseId,
}

/// A running router.
pub(crate) struct Router {
    pub(crate) address: SocketAddr,
    pub(crate) tls_address: Option<SocketAddr>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDb::new().await;
        let (db, stop) = (database.db(), CancellationToken::new());
        let changes = Changes::listen(db, stop.clone()).await.unwrap();
        let logs = Logs::start(db.clone(), changes.clone(), stop.clone());
        let owner = accounts::create(db.pool(), new_id(), "owner@example.com", true).await.unwrap().id;
        let host = hosts::enter(db.pool(), new_id(), "here", "unix:///nowhere", 4_096, 2).await.unwrap().id;
        Self { database, changes, logs, owner, host, stop }
    }

    pub(crate) async fn add_domain(&self, app: &App, hostname: &str, endpoint: Option<SniEndpointId>) {
        let (id, hostname) = (new_id(), Hostname::parse(hostname).unwrap());
        domains::create(self.db().pool(), id, app.id, &hostname, &id.to_string(), endpoint).await.unwrap();
    }

    pub(crate) async fn add_certificate(&self, app: &App, chain: &str, key: &str) -> SniEndpointId {
        let id: SniEndpointId = new_id();
        let sealed = SealedKey::seal(self.db().vault(), id, &key.into()).unwrap();
        sni_endpoints::create(self.db().pool(), id, app.id, &format!("n{id}"), chain, &sealed).await.unwrap();
        id
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        self.database.execute(statement).await;
    }

    pub(crate) fn db(&self) -> &Db {
        self.database.db()
    }

    /// An app that nothing was deployed to.
    pub(crate) async fn blank_app(&self, name: &str) -> App {
        let (db, app, config): (_, AppId, ConfigId) = (self.db(), new_id(), new_id());
        let mut transaction = db.begin().await.unwrap();
        let name = AppName::parse(name).unwrap();
        apps::create(&mut transaction, app, &name, self.owner, "debian-13", config).await.unwrap();
        configs::create(&mut *transaction, db.vault(), config, app, &ConfigVars::default()).await.unwrap();
        let release = self.release(&mut transaction, app, config, None).await;
        transaction.commit().await.unwrap();
        App { id: app, name: name.to_string(), release }
    }

    /// An app with a release that has a slug, scaled to `web` dynos, none of which was started.
    pub(crate) async fn app(&self, name: &str, web: u32) -> App {
        let mut app = self.blank_app(name).await;
        let db = self.db();
        let slug: SlugId = new_id();
        let process_types = BTreeMap::from([(ProcessType::web(), "serve".to_owned())]);
        let new = NewSlug {
            id: slug,
            app_id: app.id,
            stack: "debian-13".into(),
            layers: vec![SlugLayer::default()],
            image: "registry/app:1".into(),
            commit: None,
            commit_description: None,
            buildpack_provided_description: None,
            process_types: process_types.clone(),
        };
        slugs::create(db.pool(), &new).await.unwrap();
        let config = apps::by_id(db.pool(), app.id).await.unwrap().unwrap().config_id;
        let mut transaction = db.begin().await.unwrap();
        app.release = self.release(&mut transaction, app.id, config, Some(slug)).await;
        formations::follow(&mut transaction, app.id, &process_types).await.unwrap();
        formations::set(&mut transaction, app.id, &ProcessType::web(), web, DynoSize::default()).await.unwrap();
        transaction.commit().await.unwrap();
        app
    }

    /// An app with one dyno, up at `address`; also `web.1` of its log.
    pub(crate) async fn app_at(&self, name: &str, address: SocketAddr) -> App {
        let app = self.app(name, 1).await;
        self.up(&app, 1, address).await;
        app
    }

    pub(crate) async fn placed(&self, app: &App, number: u32) -> DynoId {
        let dyno = NewDyno {
            id: new_id(),
            app_id: app.id,
            release_id: app.release,
            kind: DynoKind::Formation,
            name: DynoName { kind: ProcessType::web(), number },
            size: DynoSize::default(),
            command: "serve".into(),
            host_id: Some(self.host),
            account_id: None,
            env: BTreeMap::new(),
            attach: None,
            tty: false,
            expires_at: None,
            crashes: 0,
        };
        dynos::create(self.db().pool(), self.db().vault(), &dyno).await.unwrap();
        dyno.id
    }

    pub(crate) async fn starting(&self, app: &App, number: u32, address: SocketAddr) -> DynoId {
        let id = self.placed(app, number).await;
        assert!(dynos::starting(self.db().pool(), id, Some(address)).await.unwrap());
        id
    }

    pub(crate) async fn up(&self, app: &App, number: u32, address: SocketAddr) -> DynoId {
        let id = self.starting(app, number, address).await;
        self.set_up(id).await;
        id
    }

    pub(crate) async fn set_up(&self, dyno: DynoId) {
        assert!(dynos::up(self.db().pool(), dyno).await.unwrap());
    }

    pub(crate) async fn crash(&self, dyno: DynoId) {
        let crashed = dynos::crashed(self.db().pool(), dyno, Some(1), 1, chrono::Utc::now(), "crashed").await;
        assert!(crashed.unwrap());
    }

    pub(crate) async fn stop_dyno(&self, dyno: DynoId) {
        let mut transaction = self.db().begin().await.unwrap();
        assert!(dynos::stop(&mut transaction, dyno, "replaced").await.unwrap());
        transaction.commit().await.unwrap();
    }

    pub(crate) async fn set_maintenance(&self, app: &App, on: bool) {
        let mut transaction = self.db().begin().await.unwrap();
        apps::update(&mut transaction, app.id, None, Some(on), None).await.unwrap();
        transaction.commit().await.unwrap();
    }

    pub(crate) async fn undrained(&self, dyno: DynoId) -> i64 {
        routers::undrained_by(self.db().pool(), dyno).await.unwrap()
    }

    pub(crate) async fn router(&self) -> Router {
        self.router_with(Timeouts::default()).await
    }

    pub(crate) async fn router_with(&self, timeouts: Timeouts) -> Router {
        self.start(RouterConfig { timeouts, ..RouterConfig::new("test") }, &[]).await
    }

    pub(crate) async fn tls_router(&self, tls: rustls::ServerConfig) -> Router {
        let tls = Some(Arc::new(ArcSwap::from_pointee(tls)));
        self.start(RouterConfig { tls, ..RouterConfig::new("test") }, &["127.0.0.1:0".parse().unwrap()]).await
    }

    pub(crate) async fn start(&self, config: RouterConfig, https: &[SocketAddr]) -> Router {
        self.start_on(self.db().clone(), config, https).await
    }

    /// A router whose database is another one, or none.
    pub(crate) async fn start_on(&self, db: Db, config: RouterConfig, https: &[SocketAddr]) -> Router {
        let listeners = Listeners::bind(&["127.0.0.1:0".parse().unwrap()], https, 2).unwrap();
        let (address, tls_address) = (listeners.http()[0], listeners.https().first().copied());
        let stop = CancellationToken::new();
        let routed = serve(listeners, config, db, self.changes.clone(), self.logs.clone(), stop.clone());
        let task = tokio::spawn(async move { routed.await.unwrap() });
        let router = Router { address, tls_address, stop, task };
        // The first answer means that the first table is in force.
        assert_eq!(router.get("nobody.test", "/").await.0, 404);
        router
    }

    /// The router's lines of the app, once there are as many as `count`; ids, ports and times replaced.
    pub(crate) async fn lines(&self, app: &App, count: usize) -> String {
        let filter = Filter { process: Some("router".into()), ..Filter::default() };
        let mut lines = Vec::new();
        soon(async {
            while lines.len() < count {
                self.logs.flush().await;
                lines = self.logs.read(app.id, &filter, 1_500).await.unwrap();
            }
        })
        .await;
        lines.iter().map(|stored| scrub(&stored.line.message)).collect::<Vec<_>>().join("\n")
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.logs.flush().await;
        self.database.drop_database().await;
    }

    async fn release(
        &self,
        transaction: &mut paas_db::Connection,
        app: AppId,
        config: ConfigId,
        slug: Option<SlugId>,
    ) -> ReleaseId {
        let release = NewRelease {
            id: new_id(),
            app_id: app,
            state: ReleaseState::Succeeded,
            description: "Release".into(),
            account_id: self.owner,
            slug_id: slug,
            config_id: config,
            build_id: None,
        };
        releases::create(transaction, &release).await.unwrap();
        release.id
    }
}

impl App {
    pub(crate) fn host(&self) -> String {
        format!("{}.test", self.name)
    }
}

impl Router {
    pub(crate) async fn connect(&self) -> Raw {
        Raw::connect(self.address).await
    }

    /// One request over a connection of its own: status and body.
    pub(crate) async fn get(&self, host: &str, path: &str) -> (u16, String) {
        let mut client = self.connect().await;
        client.say(&format!("GET {path} HTTP/1.1\nhost: {host}\nconnection: close\n\n")).await;
        let response = client.hear_all().await;
        let (head, body) = response.split_once("\n\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The status, where an answer comes without waiting for a dyno.
    pub(crate) async fn get_now(&self, host: &str) -> Option<u16> {
        let asked = tokio::time::timeout(Duration::from_millis(500), self.get(host, "/"));
        asked.await.ok().map(|(status, _)| status)
    }

    /// Asks until the answer is `status`.
    pub(crate) async fn until(&self, app: &App, status: u16) {
        soon(async { while self.get(&app.host(), "/").await.0 != status {} }).await;
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        soon(self.task).await.unwrap();
    }
}

/// What should take moments, with an end to waiting for it.
pub(crate) async fn soon<T>(wanted: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), wanted).await.expect("this takes moments")
}

/// Replaces what differs from run to run.
fn scrub(line: &str) -> String {
    let fields = line.split(' ').map(|field| match field.split_once('=') {
        Some(("request_id", id)) if uuid::Uuid::parse_str(id).is_ok() => "request_id=ID".to_owned(),
        Some((name @ ("connect" | "service"), value)) if value.ends_with("ms") => format!("{name}=Nms"),
        _ => field.to_owned(),
    });
    fields.collect::<Vec<_>>().join(" ")
}
