//! The real control plane behind the endpoint: its database, its rows, a registry; the builder's part is the test's.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use paas_builder::{Registry, RegistryConfig};
use paas_control::{App, Control, ops, testing::TestControl};
use paas_db::{apps, build_output, builds, builds::Build, hosts, new_id, releases, slugs};
use paas_git::GitLimits;
use paas_model::{BuildState, LeaseId, ProcessType, ReleaseId, ReleaseState, SlugId, SlugLayer};
use secrecy::ExposeSecret;
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::{
    server::{Server, eventually},
    workspace::{Done, Workspace},
};

const LEASE: Duration = Duration::from_secs(60);
/// The endpoint of the host that builds.
const HERE: &str = "unix:///here.sock";

/// An app of the owner's behind a git endpoint.
struct Platform {
    test: TestControl,
    app: App,
    server: Server<Control>,
    _registry: Option<(Child, TempDir)>,
}

impl Platform {
    async fn start() -> Self {
        let mut test = TestControl::new().await;
        let (url, process, files) = registry().await;
        test.control.registry = Registry::new(RegistryConfig { url: url.parse().unwrap(), credentials: None }).unwrap();
        Self { _registry: Some((process, files)), ..Self::around(test).await }
    }

    async fn without_registry() -> Self {
        Self::around(TestControl::new().await).await
    }

    async fn around(test: TestControl) -> Self {
        let new = ops::apps::NewApp { name: Some("example".to_owned()), stack: None };
        let app = ops::apps::create(&test.control, &test.owner, new).await.unwrap();
        let server = Server::with(test.control.clone(), GitLimits::default()).await;
        Self { test, app, server, _registry: None }
    }

    async fn push(&self, workspace: &Workspace) -> Done {
        let url = self.server.url_of(self.test.token.expose_secret(), "example");
        workspace.git(&["push", &url, "main"]).await
    }

    /// The build that a push has made, claimed as the builder claims it.
    async fn claim(&self) -> (Build, LeaseId) {
        let (pool, lease) = (self.test.control.db.pool(), new_id::<LeaseId>());
        eventually("a build is there to claim", async || {
            let builds = ops::builds::list(&self.test.control, &self.app).await.unwrap();
            builds.first().is_some_and(|build| build.state == BuildState::Pending)
        })
        .await;
        let host = hosts::enter(pool, new_id(), "here", HERE, 4_096, 2).await.unwrap().id;
        let pending = ops::builds::list(&self.test.control, &self.app).await.unwrap().remove(0);
        assert!(builds::place(pool, pending.id, host).await.unwrap());
        let id = builds::claim(pool, lease, LEASE, Some(HERE)).await.unwrap().unwrap();
        (builds::find(pool, id).await.unwrap().unwrap(), lease)
    }

    /// What the audit tells of pushes.
    async fn told(&self) -> Vec<String> {
        let filter = ops::audit::AuditFilter { limit: 10, ..Default::default() };
        let events = ops::audit::list_of_app(&self.test.control, &self.app, filter).await.unwrap();
        let line = |event: ops::audit::AuditEvent| {
            format!("{} {} {:?} {}", event.email.unwrap(), event.action, event.status, event.detail)
        };
        events.into_iter().map(line).collect()
    }

    async fn fail(&self) -> Build {
        let (build, lease) = self.claim().await;
        let pool = self.test.control.db.pool();
        build_output::append(pool, build.id, "-----> Building on the Debian-13 stack\n").await.unwrap();
        build_output::append(pool, build.id, " !     Push failed\n").await.unwrap();
        builds::fail(pool, build.id, lease, "compile failed").await.unwrap();
        build
    }

    /// From here on the database does not answer.
    async fn close_database(&self) {
        self.test.stop(tokio::spawn(async {})).await;
        self.test.control.db.close().await;
    }

    async fn end(self) {
        self.close_database().await;
        self.test.db.drop_database().await;
    }

    /// Ends the build well, and its release, which has a release command, in `state`.
    async fn succeed(&self, state: ReleaseState) -> Build {
        let (build, lease) = self.claim().await;
        let mut tx = self.test.control.db.begin().await.unwrap();
        apps::lock(&mut tx, self.app.id).await.unwrap();
        let slug = slugs::NewSlug {
            id: new_id::<SlugId>(),
            app_id: self.app.id,
            stack: self.app.stack.clone(),
            layers: vec![SlugLayer::default()],
            image: String::new(),
            commit: build.version.clone(),
            commit_description: build.version_description.clone(),
            buildpack_provided_description: None,
            process_types: BTreeMap::from([(ProcessType::release(), "migrate".to_owned())]),
        };
        slugs::create(&mut *tx, &slug).await.unwrap();
        let release = releases::NewRelease {
            id: new_id::<ReleaseId>(),
            app_id: self.app.id,
            state,
            description: "Deploy".to_owned(),
            account_id: build.account_id,
            slug_id: Some(slug.id),
            config_id: self.app.config_id,
            build_id: Some(build.id),
        };
        releases::create(&mut tx, &release).await.unwrap();
        build_output::append(&mut *tx, build.id, "       Released v3\n\n").await.unwrap();
        let outcome = builds::Outcome { slug_id: slug.id, buildpacks_used: Vec::new(), stages: BTreeMap::new() };
        builds::succeed(&mut tx, build.id, lease, &outcome).await.unwrap();
        tx.commit().await.unwrap();
        build
    }
}

async fn registry() -> (String, Child, TempDir) {
    let files = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let config = format!(
        "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
        files.path().join("data").display()
    );
    let path = files.path().join("config.yml");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(path).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let process = command.spawn().expect("docker-registry is installed");
    eventually("the registry listens", async || TcpStream::connect(address).await.is_ok()).await;
    (format!("http://{address}"), process, files)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_makes_a_source_and_a_build_and_waits_for_its_release_command() {
    let (platform, workspace) = (Platform::start().await, Workspace::new().await);
    let (done, build) = tokio::join!(platform.push(&workspace), platform.succeed(ReleaseState::Failed));
    insta::assert_snapshot!(done.transcript());
    assert_eq!((build.version, build.version_description), (Some(workspace.head().await), Some("First".to_owned())));
    let source = paas_db::sources::by_id(platform.test.control.db.pool(), build.source_id).await.unwrap().unwrap();
    assert!(source.digest.is_some() && source.size.is_some_and(|size| size > 100), "{source:?}");
    assert_eq!(platform.told().await, [r#"owner@example.com git.push Some(200) {"deployed":"refs/heads/main"}"#]);
    eventually("the repository's size is stored", async || {
        let app = apps::by_id(platform.test.control.db.pool(), platform.app.id).await.unwrap().unwrap();
        app.repo_size.is_some_and(|size| size > 100)
    })
    .await;
    platform.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quick_release_command_is_shown_all_the_same() {
    let (platform, workspace) = (Platform::start().await, Workspace::new().await);
    let (done, _) = tokio::join!(platform.push(&workspace), platform.succeed(ReleaseState::Succeeded));
    let lines: Vec<&str> = done.stderr.lines().map(str::trim_end).collect();
    assert!(lines.contains(&"remote: Running release command..."), "{}", done.stderr);
    assert!(lines.contains(&"remote: Waiting for release.... done."), "{}", done.stderr);
    platform.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_again_is_recognised() {
    let (platform, workspace) = (Platform::start().await, Workspace::new().await);
    let (first, _) = tokio::join!(platform.push(&workspace), platform.fail());
    insta::assert_snapshot!(first.transcript());
    let (second, _) = tokio::join!(platform.push(&workspace), platform.fail());
    assert!(!first.stderr.contains("already been built") && second.stderr.contains("already been built"));
    platform.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down_fails_the_push_and_leaves_no_build() {
    let (platform, workspace) = (Platform::without_registry().await, Workspace::new().await);
    let done = platform.push(&workspace).await;
    assert!(done.stderr.contains("The build could not be started: the image registry is not available"), "{done:?}");
    assert!(ops::builds::list(&platform.test.control, &platform.app).await.unwrap().is_empty());
    platform.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_other_tenants_stay_out() {
    let (platform, workspace) = (Platform::without_registry().await, Workspace::new().await);
    let (_, theirs) = platform.test.tenant("tenant@example.com").await;
    let owner = platform.test.token.expose_secret();
    for (token, app, complaint) in [
        ("HRKU-guessed", "example", "Authentication failed"),
        (theirs.expose_secret(), "example", "remote: !\tYou do not have access to the app example."),
        (theirs.expose_secret(), "example", "remote: !\tYou do not have access to the app example."),
        (owner, "another", "remote: !\tNo such app as another."),
    ] {
        let done = workspace.git(&["push", &platform.server.url_of(token, app), "main"]).await;
        assert!(!done.success && done.stderr.contains(complaint), "{complaint}: {}", done.stderr);
    }
    // Once, as it was just told.
    assert_eq!(platform.told().await, ["tenant@example.com git.push Some(403) {}"]);
    platform.close_database().await;
    let done = workspace.git(&["push", &platform.server.url_of(owner, "example"), "main"]).await;
    assert!(done.stderr.contains("The database is not available"), "{}", done.stderr);
}
