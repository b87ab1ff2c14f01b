//! Images to and from a registry.

use std::{
    net::SocketAddr,
    process::Stdio,
    slice,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bollard::Docker;
use paas_hosts::{DockerEngines, Engine, EngineError, RegistryAccess, RegistryLogin, testing::contract::holds};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    build::{build, untag},
    fixture::{IMAGE, docker},
};

/// `paas` with the password `secret`, by bcrypt.
const HTPASSWD: &str = "paas:$2y$04$A6iRmfe3BuXRzKOCUQRiLevbqw0oI0FQkOyvNMpKrl.ndK6J2uHgq\n";

/// A registry of its own on a free port, as long as the value lives.
struct Registry {
    address: SocketAddr,
    _process: Child,
    _files: TempDir,
}

impl Registry {
    async fn start() -> Self {
        Self::configured("").await
    }

    /// One that lets in only this installation.
    async fn with_password() -> (Self, RegistryLogin) {
        let registry = Self::configured("auth:\n  htpasswd:\n    realm: paas\n    path: HTPASSWD\n").await;
        let access = RegistryAccess::Password { user: "paas".to_owned(), password: "secret".to_owned().into() };
        let login = RegistryLogin { address: registry.address.to_string(), access };
        (registry, login)
    }

    async fn configured(auth: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n{auth}",
            files.path().join("data").display()
        );
        let config = config.replace("HTPASSWD", files.path().join("htpasswd").to_str().unwrap());
        std::fs::write(files.path().join("htpasswd"), HTPASSWD).unwrap();
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
async fn an_image_by_its_digest_is_what_was_pushed_whatever_its_tag_says_now() {
    let registry = Registry::start().await;
    let address = registry.address.to_string();
    let tag = format!("{}/apps/pinned:v1", registry.address);
    let [first, _second] = [push(&tag, "first").await, push(&tag, "second").await];
    holds(docker(), IMAGE, async |bench| {
        let engine = &bench.engine;
        engine.pull(&first).await.unwrap();
        assert!(engine.has_image(&first).await.unwrap() && !engine.has_image(&tag).await.unwrap());
        engine.pull(&first).await.expect("it is there already");

        let mut spec = bench.spec("");
        spec.image.clone_from(&first);
        let name = bench.create("pinned", &spec).await;
        let prune = async |keep: &[String]| engine.prune_images(&address, keep, 100).await.unwrap();
        assert!(prune(&[]).await.is_empty(), "a container uses it");
        engine.remove(&name).await.unwrap();
        // As hosts have images that were pulled before images had digests in their names.
        engine.pull(&tag).await.unwrap();
        assert_eq!(prune(slice::from_ref(&first)).await, slice::from_ref(&tag));
        assert_eq!(prune(&[]).await, slice::from_ref(&first));
        assert!(!engine.has_image(&first).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn an_image_that_is_kept_by_its_digest_keeps_its_tag() {
    let registry = Registry::start().await;
    let (engine, address) = (docker(), registry.address.to_string());
    let tag = format!("{address}/apps/both:v1");
    let digest = push(&tag, "both").await;
    engine.pull(&tag).await.unwrap();
    assert!(engine.has_image(&digest).await.unwrap(), "it has both names");
    assert!(engine.prune_images(&address, slice::from_ref(&digest), 100).await.unwrap().is_empty());
    assert!(engine.prune_images(&address, slice::from_ref(&tag), 100).await.unwrap().is_empty());
    assert_eq!(engine.prune_images(&address, &[], 100).await.unwrap(), [tag]);
    assert!(!engine.has_image(&digest).await.unwrap());
}

/// Pushes an image that has this mark under a tag, forgets it, and gives its name by digest.
async fn push(tag: &str, mark: &str) -> String {
    let (sender, _nobody_reads) = mpsc::channel(100);
    let dockerfile = format!("FROM scratch\nLABEL paas-test={mark}\nCOPY run.Dockerfile /\n");
    docker().build_image(build(tag, &dockerfile), sender).await.unwrap();
    docker().push(tag).await.unwrap();
    let about = Docker::connect_with_local_defaults().unwrap().inspect_image(tag).await.unwrap();
    let name = tag.rsplit_once(':').unwrap().0;
    let digests = about.repo_digests.unwrap();
    untag(tag).await;
    digests.into_iter().find(|digest| digest.starts_with(name)).expect("the registry has told its digest")
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
async fn our_registry_is_told_who_we_are_and_keeps_others_out() {
    let (registry, login) = Registry::with_password().await;
    let ours = DockerEngines::new(None).unwrap().with_registry(login);
    let ours = ours.docker(&"unix:///var/run/docker.sock".parse().unwrap()).unwrap();
    let image = format!("{}/apps/private:v1", registry.address);
    let (sender, _nobody_reads) = mpsc::channel(100);
    ours.build_image(build(&image, "FROM scratch\nCOPY run.Dockerfile /private\n"), sender).await.unwrap();
    let refused = docker().push(&image).await.unwrap_err();
    assert!(refused.to_string().contains("no basic auth credentials"), "{refused:?}");
    ours.push(&image).await.unwrap();
    untag(&image).await;
    docker().pull(&image).await.unwrap_err();
    ours.pull(&image).await.unwrap();
    untag(&image).await;
}

#[tokio::test]
async fn an_image_that_many_want_of_one_docker_engine_is_asked_for_once() {
    let asked = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let image = format!("{}/apps/none:v1", listener.local_addr().unwrap());
    let engine = docker();
    let count = Arc::clone(&asked);
    let registry = tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let read = tokio::io::AsyncReadExt::read(&mut connection, &mut request).await.unwrap_or(0);
            let manifest = String::from_utf8_lossy(&request[..read]).contains("/manifests/");
            count.fetch_add(usize::from(manifest), Ordering::Relaxed);
            let answer = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut connection, answer).await.ok();
        }
    });
    let one = futures::future::join_all((0..1).map(|_| engine.pull(&image))).await;
    let for_one = asked.swap(0, Ordering::Relaxed);
    let many = futures::future::join_all((0..20).map(|_| engine.pull(&image))).await;
    assert_eq!(asked.load(Ordering::Relaxed), for_one, "{one:?}");
    assert!(many.iter().all(|pulled| format!("{pulled:?}") == format!("{:?}", one[0])), "{many:?}");
    registry.abort();
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
