//! Images to and from a registry.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use paas_hosts::{Engine, EngineError};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    build::{build, untag},
    fixture::docker,
};

/// A registry of its own on a free port, as long as the value lives.
struct Registry {
    address: SocketAddr,
    _process: Child,
    _files: TempDir,
}

impl Registry {
    async fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            files.path().join("data").display()
        );
        let path = files.path().join("config.yml");
        std::fs::write(&path, config).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("docker-registry is installed");
        let up = async {
            while TcpStream::connect(address).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(30), up).await.expect("the registry listens");
        Self { address, _process: process, _files: files }
    }
}

#[tokio::test]
async fn an_image_that_was_pushed_can_be_pulled() {
    let registry = Registry::start().await;
    let engine = docker();
    let image = format!("{}/apps/pushed:v1", registry.address);
    let (sender, _nobody_reads) = mpsc::channel(100);
    // Small: nothing of the base image.
    engine.build_image(build(&image, "FROM scratch\nCOPY run.Dockerfile /\n"), sender).await.unwrap();
    engine.push(&image).await.unwrap();
    untag(&image).await;
    assert!(!engine.has_image(&image).await.unwrap());
    engine.pull(&image).await.unwrap();
    assert!(engine.has_image(&image).await.unwrap());
    engine.pull(&image).await.expect("it is there already");
    untag(&image).await;
}

#[tokio::test]
async fn an_image_that_the_registry_lacks_is_not_found() {
    let registry = Registry::start().await;
    let image = format!("{}/apps/none:v1", registry.address);
    let pulled = docker().pull(&image).await;
    assert!(matches!(&pulled, Err(EngineError::ImageNotFound(missing)) if *missing == image), "{pulled:?}");
    let pushed = docker().push(&image).await;
    assert!(matches!(&pushed, Err(EngineError::ImageNotFound(missing)) if *missing == image), "{pushed:?}");
}

#[tokio::test]
async fn a_registry_that_does_not_answer_may_answer_later() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let image = format!("{closed}/apps/none:v1");
    let pulled = docker().pull(&image).await.unwrap_err();
    assert!(
        matches!(&pulled, EngineError::RegistryUnavailable { image: wanted, .. } if *wanted == image),
        "{pulled:?}"
    );
    assert!(pulled.is_transient());
}
