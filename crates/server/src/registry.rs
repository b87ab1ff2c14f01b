//! The embedded image registry: the system's `docker-registry` as a detached child, on loopback or, for many hosts, on an
//! address of the network. It outlives a killed server, and the next start adopts it.

use std::{
    fs::{self, File, OpenOptions},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    files::{Readers, make_directory, read_if_there, write_whole},
    registry_access::{CERTIFICATE, KEY, TOKENS},
    registry_tokens::SERVICE,
    variables,
};

/// Debian's name for the CNCF distribution registry, and everyone else's.
const PROGRAMS: [&str; 2] = ["docker-registry", "registry"];
const START_TIMEOUT: Duration = Duration::from_secs(15);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(50);
const WATCH_EVERY: Duration = Duration::from_secs(2);
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);
/// Silent looks in a row after which the child counts as hung and is replaced.
const SILENT_LOOKS: u32 = 5;

/// A registry of ours in `directory`:
///
/// | path | what |
/// |---|---|
/// | `config.yml` | written at every start of the child |
/// | `registry.pid` | the child's process |
/// | `registry.log` | what it prints |
/// | `blobs/` | the images |
/// | `certificate.pem`, `key.pem`, `tokens.pem` | on a network only: see `registry_access.rs` |
#[derive(Debug, Clone)]
pub struct Registry {
    directory: PathBuf,
    listen: RegistryListen,
    program: PathBuf,
}

/// Whom it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryListen {
    /// Programs on this machine, on this port of 127.0.0.1, without TLS or a token.
    Loopback(u16),
    /// Whoever shows a token of this issuer, over TLS. What both need is in the directory already.
    Network { address: SocketAddr, issuer: String },
}

impl RegistryListen {
    /// `127.0.0.1:5050`: what image names begin with.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        match self {
            Self::Loopback(port) => SocketAddr::from((Ipv4Addr::LOCALHOST, *port)),
            Self::Network { address, .. } => *address,
        }
    }

    const fn variable(&self) -> &'static str {
        match self {
            Self::Loopback(_) => variables::REGISTRY_PORT.name,
            Self::Network { .. } => variables::REGISTRY_LISTEN.name,
        }
    }
}

impl Registry {
    /// Has a registry answering, adopting ours if it runs and is configured so, and starting it otherwise.
    ///
    /// # Errors
    /// It is not installed; something else has the port; it does not start. The text says what to do.
    pub async fn ensure(directory: &Path, listen: RegistryListen) -> Result<Self> {
        let Some(program) = find_program() else {
            bail!(
                "The image registry is not installed: no docker-registry in PATH.\n\
                 Install it (Debian, Ubuntu: apt-get install docker-registry), or set REGISTRY_URL."
            );
        };
        let registry = Self { directory: directory.to_owned(), listen, program };
        make_directory(directory, 0o700)?;
        if registry.process().is_some() && !registry.is_configured() {
            registry.stop().await?;
        }
        registry.ensure_running().await?;
        Ok(registry)
    }

    /// `127.0.0.1:5050`: what image names begin with.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.listen.address()
    }

    /// Stops and starts it, as after its certificate was renewed: it reads it only then.
    ///
    /// # Errors
    /// As [`Registry::stop`] and [`Registry::ensure`].
    pub async fn restart(&self) -> Result<()> {
        self.stop().await?;
        self.ensure_running().await
    }

    /// Starts it again whenever it is gone, until `shutdown`.
    pub async fn supervise(&self, shutdown: CancellationToken) {
        let mut silent = 0;
        while shutdown.run_until_cancelled(sleep(WATCH_EVERY)).await.is_some() {
            if self.answers().await {
                silent = 0;
                continue;
            }
            silent += 1;
            let process = self.process();
            if process.is_some() && silent < SILENT_LOOKS {
                continue;
            }
            tracing::warn!("the image registry is gone; starting it again");
            if let Some(hung) = process {
                // Already gone is as good.
                let _ = kill_process(hung, Signal::KILL);
                // It has the port until its very end, which is later than the end of its command line.
                let deadline = Instant::now() + STOP_TIMEOUT;
                while test_kill_process(hung).is_ok() && Instant::now() < deadline {
                    sleep(POLL).await;
                }
            }
            match self.ensure_running().await {
                Ok(()) => silent = 0,
                Err(error) => tracing::error!(error = format!("{error:#}"), "the image registry does not start"),
            }
        }
    }

    /// Ends the child and waits for it. Does nothing if none runs.
    ///
    /// # Errors
    /// It does not end in 10 seconds.
    pub async fn stop(&self) -> Result<()> {
        let deadline = Instant::now() + STOP_TIMEOUT;
        while let Some(process) = self.process() {
            if Instant::now() > deadline {
                bail!("the image registry (process {}) does not stop", process.as_raw_nonzero());
            }
            // It may end between the look and the signal.
            let _ = kill_process(process, Signal::TERM);
            sleep(POLL).await;
        }
        Ok(())
    }

    async fn ensure_running(&self) -> Result<()> {
        if self.process().is_some() && self.answers().await {
            return Ok(());
        }
        if self.process().is_none() && self.is_taken().await {
            bail!(
                "Port {} is taken by another program, and the image registry needs it.\n\
                 Stop that program, or set {} to a free port.",
                self.address().port(),
                self.listen.variable()
            );
        }
        let started = if self.process().is_none() { Some(self.start()?) } else { None };
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.answers().await {
            // Of a child that has just been started `process` may know nothing: a process that becomes another program
            // has no command line for a moment.
            let is_gone = match &started {
                Some(ended) => ended.load(Ordering::Relaxed),
                None => self.process().is_none(),
            };
            if Instant::now() > deadline || is_gone {
                bail!("The image registry did not start; see {}", self.path("registry.log").display());
            }
            sleep(POLL).await;
        }
        Ok(())
    }

    /// Gives what becomes true when the child has ended.
    fn start(&self) -> Result<Arc<AtomicBool>> {
        let config = self.config(&hex::encode(rand::random::<[u8; 16]>()));
        write_whole(&self.path("config.yml"), config.to_string().as_bytes(), Readers::Owner)?;
        let log = self.log()?;
        // `setsid`: a session of its own, so that no signal to the server's terminal or group reaches it.
        let mut child = Command::new("setsid")
            .arg(&self.program)
            .arg("serve")
            .arg(self.path("config.yml"))
            // Nothing else of ours: the environment may hold secrets, and `REGISTRY_…` variables win over the file.
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting docker-registry")?;
        write_whole(&self.path("registry.pid"), child.id().to_string().as_bytes(), Readers::Owner)?;
        // Somebody has to take its exit status for the process to disappear; it says nothing that its log does not.
        let ended = Arc::new(AtomicBool::new(false));
        let tell = ended.clone();
        std::thread::Builder::new().name("registry-wait".to_owned()).spawn(move || {
            drop(child.wait());
            tell.store(true, Ordering::Relaxed);
        })?;
        Ok(ended)
    }

    /// The child, if it runs: the pid file may be of another boot, so its command line must name our configuration.
    fn process(&self) -> Option<Pid> {
        let pid: i32 = read_if_there(&self.path("registry.pid")).ok()??.trim().parse().ok()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let config = self.path("config.yml");
        let is_ours = command.split(|byte| *byte == 0).any(|word| word == config.as_os_str().as_encoded_bytes());
        is_ours.then(|| Pid::from_raw(pid)).flatten()
    }

    /// Whether a request is answered. A connection alone says nothing: the kernel takes it for a program that hangs. Where
    /// TLS is spoken, plain HTTP is answered with a complaint, which is as good.
    async fn answers(&self) -> bool {
        let ask = async {
            let mut stream = TcpStream::connect(self.address()).await?;
            stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n").await?;
            stream.read_u8().await
        };
        matches!(timeout(LOOK_TIMEOUT, ask).await, Ok(Ok(_)))
    }

    async fn is_taken(&self) -> bool {
        matches!(timeout(LOOK_TIMEOUT, TcpStream::connect(self.address())).await, Ok(Ok(_)))
    }

    fn log(&self) -> Result<File> {
        let path = self.path("registry.log");
        // One start's worth is kept: the log is for finding out why it does not start.
        let open = OpenOptions::new().create(true).write(true).truncate(true).open(&path);
        open.with_context(|| format!("opening {}", path.display()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Whether the child that runs was started with what this one would write.
    fn is_configured(&self) -> bool {
        let Ok(Some(text)) = read_if_there(&self.path("config.yml")) else { return false };
        let Ok(running) = serde_json::from_str::<Value>(&text) else { return false };
        let secret = running["http"]["secret"].as_str().unwrap_or_default();
        self.config(secret) == running
    }

    /// YAML is a superset of JSON, which has one way to quote a path. `secret` signs the state of uploads under way.
    fn config(&self, secret: &str) -> Value {
        let mut config = json!({
            "version": "0.1",
            "log": { "level": "warn", "accesslog": { "disabled": true } },
            "storage": {
                "filesystem": { "rootdirectory": self.path("blobs") },
                // Images of slugs that are not kept (`control/reconcile/garbage.rs`).
                "delete": { "enabled": true },
                // What was uploaded and given up.
                "maintenance": { "uploadpurging": {
                    "enabled": true, "age": "24h", "interval": "6h", "dryrun": false,
                } },
                // No `cache`: what is swept away (`registry_sweep.rs`) is to be gone at once.
            },
            "http": { "addr": self.address().to_string(), "secret": secret },
        });
        if let RegistryListen::Network { address, issuer } = &self.listen {
            config["http"]["tls"] = json!({
                "certificate": self.path(CERTIFICATE),
                "key": self.path(KEY),
                "minimumtls": "tls1.2",
            });
            config["auth"] = json!({ "token": {
                // Where strangers are sent for a token. There is none to be had: who may have one is given it.
                "realm": format!("https://{address}/tokens"),
                "service": SERVICE,
                "issuer": issuer,
                "rootcertbundle": self.path(TOKENS),
            } });
        }
        config
    }
}

fn find_program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let in_path = |name| std::env::split_paths(&path).map(move |directory| directory.join(name));
    PROGRAMS.into_iter().flat_map(in_path).find(|candidate| candidate.is_file())
}
