use std::{collections::BTreeMap, time::Duration};

use chrono::{TimeDelta, Utc};
use paas_db::{
    Connection, Db, SecretHash, Transaction, accounts, apps,
    builds::{self, NewBuild},
    configs,
    dynos::{self, NewDyno},
    hosts::{self, Capacity, Host, Joined},
    new_id, new_secret,
    releases::{self, NewRelease},
    slugs::{self, NewSlug},
    sources,
    testing::TestDb,
};
use paas_model::{
    AccountId, AppId, AppName, BuildId, ConfigId, ConfigVars, ControllerId, DynoId, DynoKind, DynoName, DynoSize,
    HostId, Labels, ProcessType, ReleaseId, ReleaseState, ReleaseVersion, SlugId, SlugLayer, SourceId,
};

/// The endpoint of the host.
pub(crate) const HERE: &str = "unix:///nowhere";

/// A database with an account and a host.
pub(crate) struct World {
    pub(crate) database: TestDb,
    pub(crate) owner: AccountId,
    pub(crate) host: HostId,
}

/// An app with its first, empty release.
#[derive(Clone, Copy)]
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) config: ConfigId,
    pub(crate) release: ReleaseId,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = TestDb::new().await;
        let pool = database.db().pool();
        let owner = accounts::create(pool, new_id(), "owner@example.com", true).await.unwrap().id;
        let host = hosts::enter(pool, new_id(), "here", HERE, 4_096, 2).await.unwrap().id;
        Self { database, owner, host }
    }

    pub(crate) fn db(&self) -> &Db {
        self.database.db()
    }

    pub(crate) async fn begin(&self) -> Transaction {
        self.db().begin().await.unwrap()
    }

    pub(crate) async fn app(&self, name: &str) -> App {
        let (id, config): (AppId, ConfigId) = (new_id(), new_id());
        let mut transaction = self.begin().await;
        let name = AppName::parse(name).unwrap();
        apps::create(&mut transaction, id, &name, self.owner, "debian-13", config).await.unwrap();
        configs::create(&mut *transaction, self.db().vault(), config, id, &ConfigVars::default()).await.unwrap();
        let mut app = App { id, config, release: new_id() };
        app.release = self.release_in(&mut transaction, &app, ReleaseState::Succeeded, None).await.0;
        transaction.commit().await.unwrap();
        app
    }

    pub(crate) async fn release_in(
        &self,
        transaction: &mut Connection,
        app: &App,
        state: ReleaseState,
        slug: Option<SlugId>,
    ) -> (ReleaseId, ReleaseVersion) {
        let release = NewRelease {
            id: new_id(),
            app_id: app.id,
            state,
            description: "Release".into(),
            account_id: self.owner,
            slug_id: slug,
            config_id: app.config,
            build_id: None,
        };
        let version = releases::create(transaction, &release).await.unwrap();
        (release.id, version)
    }

    pub(crate) async fn release(&self, app: &App, state: ReleaseState, slug: Option<SlugId>) -> ReleaseId {
        let mut transaction = self.begin().await;
        let (release, _) = self.release_in(&mut transaction, app, state, slug).await;
        transaction.commit().await.unwrap();
        release
    }

    pub(crate) async fn slug(&self, app: &App) -> SlugId {
        self.slug_of(app, "registry/app:1").await
    }

    pub(crate) async fn slug_of(&self, app: &App, image: &str) -> SlugId {
        let slug = NewSlug {
            id: new_id(),
            app_id: app.id,
            stack: "debian-13".into(),
            layers: vec![SlugLayer { digest: "sha256:0".into(), size: 1, ..SlugLayer::default() }],
            image: image.to_owned(),
            commit: None,
            commit_description: None,
            buildpack_provided_description: None,
            process_types: process_types(&[("web", "serve")]),
        };
        slugs::create(self.db().pool(), &slug).await.unwrap();
        slug.id
    }

    /// Placed on the host.
    pub(crate) async fn build(&self, app: &App) -> BuildId {
        let build = self.unplaced_build(app).await;
        assert!(builds::place(self.db().pool(), build, self.host).await.unwrap());
        build
    }

    pub(crate) async fn unplaced_build(&self, app: &App) -> BuildId {
        let source: SourceId = new_id();
        let secret = SecretHash::of(&new_secret("source-"));
        sources::create(self.db().pool(), source, self.owner, &secret).await.unwrap();
        let build = NewBuild {
            id: new_id(),
            app_id: app.id,
            account_id: self.owner,
            source_id: source,
            version: None,
            version_description: None,
            buildpacks: None,
            stack: "debian-13".into(),
        };
        builds::create(self.db().pool(), &build).await.unwrap();
        build.id
    }

    /// A formation dyno of the app's first release; wanted where `host` is `None`.
    pub(crate) fn new_dyno(&self, app: &App, name: &str, host: Option<HostId>) -> NewDyno {
        NewDyno {
            id: new_id(),
            app_id: app.id,
            release_id: app.release,
            kind: DynoKind::Formation,
            name: name.parse::<DynoName>().unwrap(),
            size: DynoSize::default(),
            command: "serve".into(),
            host_id: host,
            account_id: None,
            env: BTreeMap::new(),
            attach: None,
            tty: false,
            expires_at: None,
            crashes: 0,
        }
    }

    pub(crate) async fn create(&self, dyno: &NewDyno) -> DynoId {
        dynos::create(self.db().pool(), self.db().vault(), dyno).await.unwrap();
        dyno.id
    }

    pub(crate) async fn up(&self, app: &App, name: &str) -> DynoId {
        let dyno = self.create(&self.new_dyno(app, name, Some(self.host))).await;
        let address = Some(([127, 0, 0, 1], 5_000).into());
        assert!(dynos::starting(self.db().pool(), dyno, address).await.unwrap());
        assert!(dynos::up(self.db().pool(), dyno).await.unwrap());
        dyno
    }

    /// A host that has joined, and whose engine has answered the controller.
    pub(crate) async fn remote_host(&self, number: u8, controller: ControllerId) -> HostId {
        let joined = self.joined(number);
        let pool = self.db().pool();
        assert!(hosts::join(pool, &joined).await.unwrap());
        hosts::claim(pool, controller, Duration::from_secs(60), 100).await.unwrap();
        self.seen(joined.id, controller).await;
        joined.id
    }

    pub(crate) fn joined(&self, number: u8) -> Joined {
        let id: HostId = new_id();
        Joined {
            id,
            name: format!("host-{number}"),
            endpoint: format!("tcp://10.0.0.{number}:2376/?name={id}"),
            zone: Some("zone-a".to_owned()),
            labels: Labels::new(),
            machine_id: None,
            renewal_hash: SecretHash::of(&new_secret("")),
            certificate_expires_at: Utc::now() + TimeDelta::days(90),
        }
    }

    /// The host's engine answers. True: its state changed.
    pub(crate) async fn seen(&self, host: HostId, controller: ControllerId) -> bool {
        let capacity = Capacity { memory_mb: 2_048, cpus: 2, engine_version: "1".to_owned() };
        let mut transaction = self.begin().await;
        let changed = hosts::seen(&mut transaction, host, controller, &capacity).await.unwrap();
        transaction.commit().await.unwrap();
        changed
    }

    pub(crate) async fn host(&self, id: HostId) -> Host {
        hosts::find(self.db().pool(), id).await.unwrap().unwrap()
    }

    pub(crate) async fn stop(&self, dyno: DynoId) -> bool {
        let mut transaction = self.begin().await;
        let stopped = dynos::stop(&mut transaction, dyno, "not needed").await.unwrap();
        transaction.commit().await.unwrap();
        stopped
    }

    pub(crate) async fn delete(&self, app: &App) {
        let mut transaction = self.begin().await;
        apps::delete(&mut transaction, app.id).await.unwrap();
        transaction.commit().await.unwrap();
    }

    pub(crate) async fn end(self) {
        self.database.drop_database().await;
    }
}

pub(crate) fn process_types(types: &[(&str, &str)]) -> BTreeMap<ProcessType, String> {
    types.iter().map(|(kind, command)| (ProcessType::parse(kind).unwrap(), (*command).to_owned())).collect()
}
