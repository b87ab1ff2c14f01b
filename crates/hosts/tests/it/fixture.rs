//! The Docker Engine of this machine, and scripts in its containers.

use futures::StreamExt;
use paas_hosts::{ContainerName, ContainerSpec, DockerEngine, Engine, testing::contract::Bench};

/// Must be on the host; see the `dev` script.
pub(crate) const IMAGE: &str = "debian:trixie-slim";

pub(crate) fn docker() -> DockerEngine {
    DockerEngine::unix("/var/run/docker.sock")
}

/// Runs a container to its end; its exit status and what it printed.
pub(crate) async fn outcome(bench: &Bench<DockerEngine>, spec: &ContainerSpec) -> (i64, String) {
    let name = bench.start("runs", spec).await;
    let status = bench.engine.wait(&name).await.unwrap();
    (status, printed(bench, &name).await)
}

/// All that a container prints until it ends.
pub(crate) async fn printed(bench: &Bench<DockerEngine>, name: &ContainerName) -> String {
    let mut log = bench.engine.logs(name, None).await.unwrap();
    let mut text = Vec::new();
    while let Some(chunk) = log.next().await {
        text.extend_from_slice(&chunk.unwrap().bytes);
    }
    String::from_utf8(text).unwrap()
}
