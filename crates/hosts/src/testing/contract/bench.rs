//! The surroundings of one rule: an engine, an image, and containers that are removed afterwards.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, resume_unwind},
    time::Duration,
};

use futures::{FutureExt, StreamExt};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    ContainerName, ContainerSpec, ContainerState, Engine, EngineError, Limits, LogStream, Network, testing::Program,
};

/// On every container of one rule, with a value of its own.
pub(super) const LABEL: &str = "paas.contract";

/// A rule that takes longer has failed.
const RULE_TIMEOUT: Duration = Duration::from_secs(180);

pub(super) const EXITS_AT_ONCE: &str = "exit 0";
pub(super) const EXITS_WITH_7: &str = "exit 7";
pub(super) const PRINTS_THREE_LINES: &str = "echo one; echo two; echo three";
pub(super) const RUNS: &str = "echo ready; exec sleep 600";
pub(super) const IGNORES_TERM: &str = "trap '' TERM; echo ready; exec sleep 600";
pub(super) const ECHOES: &str = "exec cat";
/// At a pace that lets one attach to its terminal and set its size.
pub(super) const SAYS_WHO_IT_IS: &str = "sleep 1; echo user $(id -u)";
pub(super) const WRITES_A_FILE: &str = "printf hello > /tmp/result";

/// What the contract's scripts do, for engines that run no shell.
#[must_use]
pub fn programs() -> Vec<(&'static str, Program)> {
    vec![
        (EXITS_AT_ONCE, Program::exits(0)),
        (EXITS_WITH_7, Program::exits(7)),
        (PRINTS_THREE_LINES, Program::exits(0).printing("one").printing("two").printing("three")),
        (RUNS, Program::runs().printing("ready")),
        (IGNORES_TERM, Program::runs().printing("ready").ignoring_term()),
        (ECHOES, Program::echoes()),
        (SAYS_WHO_IT_IS, Program::exits(0).printing("user 0")),
        (
            "df -kP",
            Program::exits(0)
                .printing("Filesystem 1024-blocks Used Available Capacity Mounted on")
                .printing("fake 104857600 52428800 52428800 50% /"),
        ),
        (WRITES_A_FILE, Program::exits(0).writing("/tmp/result", "hello")),
    ]
}

/// What a rule is given.
pub struct Bench<E> {
    pub engine: E,
    image: String,
    id: String,
}

/// Runs one rule, and removes its containers whether it held or not.
///
/// # Panics
/// When the rule does, or takes too long.
pub async fn holds<E: Engine>(engine: E, image: &str, rule: impl AsyncFnOnce(&Bench<E>)) {
    let bench = Bench { engine, image: image.to_owned(), id: Uuid::now_v7().to_string() };
    let outcome = AssertUnwindSafe(timeout(RULE_TIMEOUT, rule(&bench))).catch_unwind().await;
    for container in bench.engine.list(LABEL, &bench.id).await.unwrap_or_default() {
        bench.engine.remove(&container.name).await.expect("containers can be removed");
    }
    match outcome {
        Ok(in_time) => in_time.expect("a rule ends in time"),
        Err(panic) => resume_unwind(panic),
    }
}

impl<E: Engine> Bench<E> {
    /// The value of [`LABEL`].
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn name(&self, name: &str) -> ContainerName {
        ContainerName(format!("contract-{}-{name}", self.id))
    }

    /// A small container for a shell script, as an ordinary user.
    #[must_use]
    pub fn spec(&self, script: &str) -> ContainerSpec {
        ContainerSpec {
            image: self.image.clone(),
            command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
            entrypoint: false,
            env: BTreeMap::new(),
            labels: BTreeMap::from([(LABEL.to_owned(), self.id.clone())]),
            user: "1000:1000".to_owned(),
            working_dir: "/".to_owned(),
            limits: Limits { memory_mb: 64, cpu_shares: 1024, cpu_millis: None, processes: 64, file_bytes: None },
            network: Network::Builds,
            port: None,
            tty: false,
            stdin: false,
        }
    }

    pub async fn create(&self, name: &str, spec: &ContainerSpec) -> ContainerName {
        let name = self.name(name);
        self.engine.create(&name, spec).await.expect("containers can be made");
        name
    }

    pub async fn start(&self, name: &str, spec: &ContainerSpec) -> ContainerName {
        let name = self.create(name, spec).await;
        self.engine.start(&name).await.expect("containers can be started");
        name
    }

    /// Starts a script that prints something first, and waits for that.
    pub async fn start_until_it_prints(&self, name: &str, script: &str) -> ContainerName {
        let name = self.start(name, &self.spec(script)).await;
        let mut log = self.engine.logs(&name, None).await.expect("a log can be followed");
        log.next().await.expect("something is printed").expect("the log goes on");
        name
    }

    /// Runs a script to its end.
    pub async fn run(&self, name: &str, script: &str) -> ContainerName {
        let name = self.start(name, &self.spec(script)).await;
        self.engine.wait(&name).await.expect("the end can be waited for");
        name
    }

    pub async fn state(&self, name: &ContainerName) -> Option<ContainerState> {
        self.engine.inspect(name).await.expect("containers can be looked at").map(|status| status.state)
    }
}

/// The whole of a log.
pub(super) async fn text_of(mut log: LogStream) -> String {
    let mut bytes = Vec::new();
    while let Some(chunk) = log.next().await {
        bytes.extend_from_slice(&chunk.expect("the log goes on").bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(super) fn is_missing<T>(result: Result<T, EngineError>, name: &ContainerName) -> bool {
    matches!(result, Err(EngineError::NoSuchContainer(missing)) if missing == name.0)
}

impl<E> std::fmt::Debug for Bench<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bench({})", self.id)
    }
}
