//! The parts that `paasd` runs itself. They need Debian's `docker-registry` and PostgreSQL, as `paasd` does.

use std::{fs, net::TcpListener, path::Path, time::Duration};

use paas_server::registry::{Registry, RegistryListen};
use rustix::process::{Pid, Signal, kill_process};
use tokio::{net::TcpStream, time::timeout};
use tokio_util::sync::CancellationToken;

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn pid(directory: &Path) -> i32 {
    fs::read_to_string(directory.join("registry.pid")).unwrap().trim().parse().unwrap()
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

/// Polls until `condition` holds; the process that it watches is not ours to wait for.
async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("never happened: {what}"));
}

#[tokio::test]
async fn a_registry_that_runs_is_adopted_and_stops_when_told() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let registry = Registry::ensure(directory.path(), RegistryListen::Loopback(port)).await.unwrap();
    let first = pid(directory.path());
    Registry::ensure(directory.path(), RegistryListen::Loopback(port)).await.unwrap();
    assert_eq!(pid(directory.path()), first);

    registry.stop().await.unwrap();
    assert!(TcpStream::connect(registry.address()).await.is_err());
    registry.stop().await.unwrap();
}

#[tokio::test]
async fn a_registry_that_is_configured_otherwise_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let old = Registry::ensure(directory.path(), RegistryListen::Loopback(free_port())).await.unwrap();
    let first = pid(directory.path());
    let new = Registry::ensure(directory.path(), RegistryListen::Loopback(free_port())).await.unwrap();
    assert_ne!(pid(directory.path()), first);
    assert!(TcpStream::connect(old.address()).await.is_err() && TcpStream::connect(new.address()).await.is_ok());
    new.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_registry_comes_back_by_itself() {
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::ensure(directory.path(), RegistryListen::Loopback(free_port())).await.unwrap();
    let first = pid(directory.path());
    let shutdown = CancellationToken::new();
    let supervisor = tokio::spawn({
        let (registry, shutdown) = (registry.clone(), shutdown.clone());
        async move { registry.supervise(shutdown).await }
    });

    kill(first);
    eventually("another registry answers", async || {
        pid(directory.path()) != first && TcpStream::connect(registry.address()).await.is_ok()
    })
    .await;

    shutdown.cancel();
    supervisor.await.unwrap();
    registry.stop().await.unwrap();
}

#[tokio::test]
async fn a_port_that_another_program_has_is_an_error_that_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    let error = Registry::ensure(directory.path(), RegistryListen::Loopback(port)).await.unwrap_err().to_string();
    assert!(error.contains(&format!("Port {port} is taken")) && error.contains("PAAS_REGISTRY_PORT"), "{error}");
}
