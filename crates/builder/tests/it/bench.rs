//! A registry of its own with the stack in it, the machine's Docker Engine, and apps made of strings or folders.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use paas_builder::{
    BuildError, BuildEvent, BuildRequest, Builder, BuilderConfig, Built, Registry, RegistryConfig, StackConfig,
    ensure_stacks,
};
use paas_hosts::{ContainerName, ContainerSpec, DockerEngine, Engine, Limits, Network, Signal};
use paas_model::{AppId, AppName, BuildId, BuildpackSource, ConfigId, ConfigVars, ProcessType};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

pub(crate) struct Bench {
    pub engine: DockerEngine,
    pub registry: Registry,
    pub config: BuilderConfig,
    /// Config vars of the dynos.
    pub env: BTreeMap<String, String>,
    _child: RegistryChild,
    pulled: Vec<String>,
}

/// One build's end, and all that it told.
pub(crate) struct Done {
    pub result: Result<Built, BuildError>,
    pub lines: Vec<String>,
    pub stages: Vec<(&'static str, Duration)>,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        let engine = DockerEngine::unix("/var/run/docker.sock");
        let storage = tempfile::tempdir().unwrap();
        // Links, not copies: the registry never changes a file that it has written.
        let base = base(&engine).await;
        let linked = Command::new("cp").args(["-al"]).arg(&base).arg(storage.path().join("registry")).status().unwrap();
        assert!(linked.success());
        let child = RegistryChild::start(&storage.path().join("registry"), Some(storage));
        let registry = child.registry();
        let host = PathBuf::from("/etc/ssl/certs/ca-certificates.crt");
        let config = BuilderConfig { extra_ca: Some(host), ..BuilderConfig::default() };
        Self { engine, registry, config, env: BTreeMap::new(), _child: child, pulled: vec![] }
    }

    /// Builds an app that nobody has built before.
    pub(crate) async fn build(&self, source: Bytes) -> Done {
        let request = self.request(source).await;
        self.run(&request).await
    }

    pub(crate) async fn request(&self, source: Bytes) -> BuildRequest {
        BuildRequest {
            build_id: BuildId::from(Uuid::now_v7()),
            app_id: AppId::from(Uuid::now_v7()),
            app_name: AppName::parse("example-app").unwrap(),
            source_digest: self.upload(source).await,
            version: Some("91ced12bbd6e1b5f8b5a9d7b6c2f3a4d5e6f7a8b".into()),
            stack: "debian-13".into(),
            config: ConfigVars::default(),
            config_id: ConfigId::from(Uuid::nil()),
            buildpacks: vec![],
            cache_digest: None,
            layers: vec![],
        }
    }

    pub(crate) async fn upload(&self, source: Bytes) -> String {
        let stream = futures::stream::iter([Ok(source)]);
        self.registry.put_blob("sources", stream, 1 << 30).await.unwrap().digest
    }

    pub(crate) async fn run(&self, request: &BuildRequest) -> Done {
        self.run_until(request, CancellationToken::new()).await
    }

    pub(crate) async fn run_until(&self, request: &BuildRequest, cancel: CancellationToken) -> Done {
        let builder = Builder::new(self.config.clone(), self.registry.clone());
        let (events, mut received) = mpsc::channel(100);
        let listen = async {
            let (mut lines, mut stages) = (vec![], vec![]);
            while let Some(event) = received.recv().await {
                match event {
                    BuildEvent::Output(line) => lines.push(line),
                    BuildEvent::Stage { name, took } => stages.push((name, took)),
                }
            }
            (lines, stages)
        };
        let (result, (lines, stages)) = tokio::join!(builder.build(&self.engine, request, events, cancel), listen);
        if result.is_ok() {
            builder.clean(&self.engine, request.build_id).await.unwrap();
        }
        let name = ContainerName(format!("build-{}", request.build_id));
        assert_eq!(self.engine.inspect(&name).await.unwrap(), None, "a build leaves no container behind");
        Done { result, lines, stages }
    }

    /// Starts a process type of a build as a dyno would be, asks it for `path`, and gives the answer's body.
    pub(crate) async fn get(&mut self, built: &Built, path: &str) -> String {
        body(&self.serve(built).await.get(path).await)
    }

    /// A dyno of the process type `web`.
    pub(crate) async fn serve(&mut self, built: &Built) -> Dyno {
        self.start(built, &built.process_types[&ProcessType::web()]).await
    }

    /// What a command prints in a container of the image.
    pub(crate) async fn output(&mut self, built: &Built, command: &str) -> String {
        let dyno = self.start(built, command).await;
        dyno.end().await;
        dyno.logs().await
    }

    /// A dyno of a container build's process type.
    pub(crate) async fn start_type(&mut self, built: &Built, kind: &ProcessType) -> Dyno {
        let container = built.container.as_ref().unwrap();
        let command = match container.own_commands.contains(kind) {
            true => vec![],
            false => vec!["/bin/sh".into(), "-c".into(), built.process_types[kind].clone()],
        };
        let image = container.images[kind].clone();
        self.create(|spec| ContainerSpec { image, command, entrypoint: true, working_dir: String::new(), ..spec }).await
    }

    pub(crate) async fn start(&mut self, built: &Built, command: &str) -> Dyno {
        let script = format!("for file in /app/.profile.d/*.sh; do [[ ! -f $file ]] || source $file; done; {command}");
        let (image, command) = (built.image.clone(), vec!["bash".into(), "-c".into(), script]);
        self.create(|spec| ContainerSpec { image, command, ..spec }).await
    }

    async fn create(&mut self, change: impl FnOnce(ContainerSpec) -> ContainerSpec) -> Dyno {
        let name = ContainerName(format!("builder-test-{}", Uuid::now_v7()));
        let mut env = BTreeMap::from([("PORT".into(), "5000".into()), ("DYNO".into(), "web.1".into())]);
        env.extend(self.env.clone());
        let spec = change(ContainerSpec {
            image: String::new(),
            command: Vec::new(),
            entrypoint: false,
            env,
            labels: BTreeMap::from([("paas".into(), "builder-test".into())]),
            user: "1000:1000".into(),
            working_dir: "/app".into(),
            limits: Limits { memory_mb: 512, cpu_shares: 1024, cpu_millis: None, processes: 256, file_bytes: None },
            network: Network::Dynos,
            port: Some(5000),
            tty: false,
            stdin: false,
        });
        self.engine.pull(&spec.image).await.unwrap();
        self.pulled.push(spec.image.clone());
        self.engine.create(&name, &spec).await.unwrap();
        let dyno = Dyno { engine: self.engine.clone(), name };
        self.engine.start(&dyno.name).await.unwrap();
        dyno
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        for image in &self.pulled {
            drop(Command::new("docker").args(["rmi", "--force", image]).output());
        }
    }
}

impl Done {
    pub(crate) fn built(&self) -> &Built {
        match &self.result {
            Ok(built) => built,
            Err(error) => panic!("{error:?}\n{}", self.transcript()),
        }
    }

    /// Compressed bytes of all layers.
    pub(crate) fn slug_size(&self) -> u64 {
        self.built().layers.iter().map(|layer| layer.size).sum()
    }

    /// The text of a rejection, as the user saw it.
    pub(crate) fn rejected(&self) -> String {
        match &self.result {
            Err(BuildError::Rejected { .. }) => self.transcript(),
            other => panic!("{other:?}\n{}", self.transcript()),
        }
    }

    pub(crate) fn transcript(&self) -> String {
        self.lines.join("\n")
    }

    pub(crate) fn has_line(&self, line: &str) -> bool {
        self.lines.iter().any(|shown| shown == line)
    }
}

/// A container of a build's image; removed with the value.
pub(crate) struct Dyno {
    engine: DockerEngine,
    name: ContainerName,
}

impl Dyno {
    /// The whole answer to a request, head and body, from as soon as there is one.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.ask(path, "").await
    }

    /// With header lines, each with its end.
    pub(crate) async fn ask(&self, path: &str, headers: &'static str) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            let status = self.engine.inspect(&self.name).await.unwrap().unwrap();
            let Some(address) = status.address else {
                panic!("the container ended: {status:?}\n{}", self.logs().await);
            };
            let path = path.to_owned();
            match tokio::task::spawn_blocking(move || request(address, &path, headers)).await.unwrap() {
                Ok(answer) if !answer.is_empty() => return answer,
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("nothing answered\n{}", self.logs().await);
    }

    /// SIGTERM to all of its processes, as dynos are stopped.
    pub(crate) async fn stop(&self) {
        self.engine.signal(&self.name, Signal::Term).await.unwrap();
    }

    /// The status that it ends with.
    pub(crate) async fn end(&self) -> i64 {
        let ended = tokio::time::timeout(Duration::from_secs(60), self.engine.wait(&self.name)).await;
        match ended {
            Ok(status) => status.unwrap(),
            Err(_) => panic!("it did not end\n{}", self.logs().await),
        }
    }

    pub(crate) async fn logs(&self) -> String {
        use futures::StreamExt;
        let mut logs = self.engine.logs(&self.name, None).await.unwrap();
        let mut text = Vec::new();
        while let Ok(Some(chunk)) = tokio::time::timeout(Duration::from_secs(1), logs.next()).await {
            text.extend_from_slice(&chunk.unwrap().bytes);
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

impl Drop for Dyno {
    fn drop(&mut self) {
        // Blocks, unlike the engine's own way.
        drop(Command::new("docker").args(["rm", "--force", "--volumes", &self.name.0]).output());
    }
}

/// What follows an answer's head.
pub(crate) fn body(answer: &str) -> String {
    answer.split_once("\r\n\r\n").map_or(answer, |(_, body)| body).to_owned()
}

fn request(address: std::net::SocketAddr, path: &str, headers: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: example.test\r\n{headers}\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A registry's storage that has the stack's run image; made once, and shared by every test of every process.
async fn base(engine: &DockerEngine) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("builder-registry");
    std::fs::create_dir_all(&directory).unwrap();
    // Held until this returns.
    let lock = File::create(directory.join("lock")).unwrap();
    lock.lock().unwrap();
    let child = RegistryChild::start(&directory.join("storage"), None);
    let (lines, mut told) = mpsc::channel(100);
    let stacks = [StackConfig::debian_13()];
    let registry = child.registry();
    let (ensured, ()) = tokio::join!(ensure_stacks(engine, &registry, &stacks, lines), async {
        while let Some(line) = told.recv().await {
            eprintln!("{line}");
        }
    });
    ensured.unwrap();
    directory.join("storage")
}

/// `docker-registry` on a free port; ends with the value.
pub(crate) struct RegistryChild {
    child: Child,
    port: u16,
    _storage: Option<tempfile::TempDir>,
}

impl RegistryChild {
    pub(crate) fn start(root: &Path, storage: Option<tempfile::TempDir>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        std::fs::create_dir_all(root).unwrap();
        let config = tempfile::Builder::new().suffix(".yml").tempfile().unwrap();
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n",
            root.display()
        );
        std::fs::write(config.path(), text).unwrap();
        let child = Command::new("docker-registry")
            .arg("serve")
            .arg(config.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("docker-registry is installed");
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "the registry did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { child, port, _storage: storage }
    }

    pub(crate) fn registry(&self) -> Registry {
        let url = format!("http://127.0.0.1:{}", self.port).parse().unwrap();
        Registry::new(RegistryConfig { url, credentials: None }).unwrap()
    }
}

impl Drop for RegistryChild {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A `.tar.gz` of files by path. A path that ends in `*` is executable.
pub(crate) fn app(files: &[(&str, &str)]) -> Bytes {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(if path.ends_with('*') { 0o755 } else { 0o644 });
        header.set_size(content.len() as u64);
        header.set_mtime(1_700_000_000);
        tar.append_data(&mut header, path.trim_end_matches('*'), content.as_bytes()).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

/// A `.tar.gz` of a folder of the checkout: `buildpacks/nodejs/test/yarn`.
pub(crate) fn folder(path: &str) -> Bytes {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all(".", directory).unwrap();
    gzip(&tar.into_inner().unwrap())
}

/// A mirror that has nothing.
pub(crate) fn nowhere() -> Url {
    "http://127.0.0.1:9/".parse().unwrap()
}

/// An app that the Python buildpack takes, and that runs `script` in the middle of its build.
pub(crate) fn app_that_runs(script: &str) -> Bytes {
    app(&[("requirements.txt", ""), ("bin/pre_compile*", &format!("#!/usr/bin/env bash\n{script}\n"))])
}

pub(crate) fn gzip(bytes: &[u8]) -> Bytes {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap().into()
}

pub(crate) fn buildpack(name: &str) -> BuildpackSource {
    BuildpackSource::parse(name).unwrap()
}

pub(crate) fn config(pairs: &[(&str, &str)]) -> ConfigVars {
    let map: BTreeMap<String, String> =
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    map.into()
}
