use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use paas_git::{BuildResult, Platform, PushTarget, PushedCommit, Refusal, SourceStream, TextStream, Visit};
use paas_model::{AppId, AppName, AuditEventId, BuildId, ReleaseId};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;

pub(crate) const TOKEN: &str = "HRKU-alice";

/// Alice has `example` and whatever a test adds; Bob has `others`.
#[derive(Debug)]
pub(crate) struct ScriptedPlatform {
    apps: BTreeMap<&'static str, Arc<ScriptedApp>>,
    pub(crate) down: AtomicBool,
}

#[derive(Debug)]
pub(crate) struct ScriptedApp {
    id: AppId,
    name: AppName,
    owner: &'static str,
    pub(crate) script: Mutex<Script>,
    /// Newest last.
    pub(crate) builds: Mutex<Vec<PushedSource>>,
    pub(crate) repository_size: AtomicUsize,
    /// Output streams opened.
    pub(crate) followers: AtomicUsize,
}

/// What the platform does with pushes.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
    pub(crate) result: BuildResult,
    pub(crate) release: (&'static str, bool),
    pub(crate) must_wait: bool,
    pub(crate) refuse: Option<fn() -> Refusal>,
    /// False: the source is counted and thrown away.
    pub(crate) keep_source: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Text(&'static str),
    /// Until the test says so.
    Wait(Arc<Notify>),
    /// The stream breaks here the first time.
    BreakOnce,
}

#[derive(Debug, Clone)]
pub(crate) struct PushedSource {
    pub(crate) commit: PushedCommit,
    pub(crate) bytes: usize,
    pub(crate) content: Vec<u8>,
}

pub(crate) const BUILD_OUTPUT: &str = "\
-----> Building on the Debian-13 stack
-----> Node.js app detected
-----> Launching...
       Released v3
       http://example.localhost:8080/ deployed to PaaS

";

impl Default for Script {
    fn default() -> Self {
        Self {
            steps: vec![Step::Text(BUILD_OUTPUT)],
            result: BuildResult::Succeeded { release_phase: None },
            release: ("", true),
            must_wait: false,
            refuse: None,
            keep_source: true,
        }
    }
}

impl ScriptedPlatform {
    pub(crate) fn new() -> Self {
        let app = |number: u32, name: &'static str, owner| {
            let id = format!("018f0000-0000-7000-8000-{number:012}").parse().unwrap();
            let app = ScriptedApp {
                id,
                name: AppName::parse(name).unwrap(),
                owner,
                script: Mutex::default(),
                builds: Mutex::default(),
                repository_size: AtomicUsize::new(0),
                followers: AtomicUsize::new(0),
            };
            (name, Arc::new(app))
        };
        let apps = BTreeMap::from([app(1, "example", "alice"), app(2, "others", "bob")]);
        Self { apps, down: AtomicBool::new(false) }
    }

    pub(crate) fn example(&self) -> &Arc<ScriptedApp> {
        &self.apps["example"]
    }
}

impl ScriptedApp {
    pub(crate) fn follow(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    pub(crate) fn script(&self) -> Script {
        self.script.lock().unwrap().clone()
    }

    pub(crate) fn pushes(&self) -> Vec<PushedSource> {
        self.builds.lock().unwrap().clone()
    }
}

#[async_trait]
impl Platform for ScriptedPlatform {
    async fn app(&self, token: &SecretString, name: &AppName, _: &Visit) -> Result<Arc<dyn PushTarget>, Refusal> {
        if self.down.load(Ordering::SeqCst) {
            return Err(unavailable());
        }
        let account = token.expose_secret().strip_prefix("HRKU-").ok_or(Refusal::UnknownToken)?;
        let app = self.apps.get(name.as_str()).ok_or(Refusal::NoSuchApp)?;
        if app.owner != account {
            return Err(Refusal::Forbidden(format!("You do not have access to the app {name}.")));
        }
        Ok(app.clone())
    }
}

#[async_trait]
impl PushTarget for ScriptedApp {
    fn id(&self) -> AppId {
        self.id
    }

    fn name(&self) -> &AppName {
        &self.name
    }

    async fn begin_push(&self) -> Result<AuditEventId, Refusal> {
        Ok("018f0000-0000-7000-8000-000000000003".parse().unwrap())
    }

    async fn end_push(&self, _: AuditEventId, _: Option<&str>) {}

    async fn start_build(
        &self,
        commit: &PushedCommit,
        mut source: SourceStream,
        _: Instant,
    ) -> Result<BuildId, Refusal> {
        let script = self.script();
        if let Some(refuse) = script.refuse {
            return Err(refuse());
        }
        let mut pushed = PushedSource { commit: commit.clone(), bytes: 0, content: Vec::new() };
        while let Some(piece) = source.next().await {
            let piece = piece.map_err(|error| Refusal::Internal(error.into()))?;
            pushed.bytes += piece.len();
            if script.keep_source {
                pushed.content.extend_from_slice(&piece);
            }
        }
        let mut builds = self.builds.lock().unwrap();
        builds.push(pushed);
        Ok(format!("018f0000-0000-7000-9000-{:012}", builds.len()).parse().unwrap())
    }

    async fn must_wait(&self, _build: BuildId) -> Result<bool, Refusal> {
        Ok(self.script().must_wait)
    }

    fn build_output(&self, _build: BuildId) -> TextStream {
        let first = self.followers.fetch_add(1, Ordering::SeqCst) == 0;
        let steps = stream::iter(self.script().steps);
        steps
            .filter_map(move |step| async move {
                match step {
                    Step::Text(text) => Some(Ok(text.to_owned())),
                    Step::BreakOnce => first.then(|| Err(unavailable())),
                    Step::Wait(signal) => {
                        signal.notified().await;
                        None
                    }
                }
            })
            .boxed()
    }

    async fn build_result(&self, _build: BuildId) -> Result<BuildResult, Refusal> {
        Ok(self.script().result)
    }

    fn release_output(&self, _release: ReleaseId) -> TextStream {
        stream::iter([Ok(self.script().release.0.to_owned())]).boxed()
    }

    async fn release_succeeded(&self, _release: ReleaseId) -> Result<bool, Refusal> {
        Ok(self.script().release.1)
    }

    async fn set_repository_size(&self, bytes: u64) -> Result<(), Refusal> {
        self.repository_size.store(usize::try_from(bytes).unwrap(), Ordering::SeqCst);
        Ok(())
    }
}

pub(crate) fn unavailable() -> Refusal {
    let message = "the database is not available at the moment; try again shortly".to_owned();
    Refusal::Unavailable { message, source: io::Error::other("connection refused").into() }
}
