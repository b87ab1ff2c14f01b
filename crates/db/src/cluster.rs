//! A private PostgreSQL, for one machine with nothing configured, and for tests: the system's binaries, a data directory
//! of ours, a Unix socket and no TCP port. It outlives the process that started it (so that a killed server finds its
//! database running), and [`Cluster::ensure`] adopts it.

use std::{
    fs, io,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// PostgreSQL refuses to run as root; then it runs as this user, whom its packages make.
const UNPRIVILEGED_USER: &str = "postgres";
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A running private server.
#[derive(Debug, Clone)]
pub struct Cluster {
    directory: PathBuf,
    binaries: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "PostgreSQL is not installed: no initdb in PATH or under /usr/lib/postgresql. \
         Install it (Debian, Ubuntu: apt-get install postgresql), or set DATABASE_URL."
    )]
    NotInstalled,
    #[error("PostgreSQL does not run as root, and there is no user `{UNPRIVILEGED_USER}` to run it as")]
    NoUser,
    #[error("{command} failed: {reason}")]
    Command { command: String, reason: String },
    #[error("PostgreSQL did not start within {}; see {log}", humantime(START_TIMEOUT))]
    Timeout { log: String },
    #[error("{doing} {path}")]
    Io { doing: &'static str, path: String, source: io::Error },
}

impl Cluster {
    /// Has a server running on `directory`, making and starting it where needed. Blocking: seconds the first time.
    ///
    /// # Errors
    /// [`ClusterError`]; its text says what to do.
    pub fn ensure(directory: &Path) -> Result<Self, ClusterError> {
        let cluster = Self { directory: directory.to_owned(), binaries: find_binaries()? };
        cluster.make_directories()?;
        if !cluster.data().join("PG_VERSION").exists() {
            cluster.initialise()?;
        }
        if !cluster.answers() {
            cluster.start()?;
        }
        Ok(cluster)
    }

    /// The server that was made on `directory` before, running or not; `None`: none was. Starts nothing.
    ///
    /// # Errors
    /// [`ClusterError::NotInstalled`].
    pub fn find(directory: &Path) -> Result<Option<Self>, ClusterError> {
        if !directory.join("data/PG_VERSION").exists() {
            return Ok(None);
        }
        Ok(Some(Self { directory: directory.to_owned(), binaries: find_binaries()? }))
    }

    /// `postgres://` URL of a database on this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let socket = self.socket_directory().to_string_lossy().replace('%', "%25").replace('/', "%2F");
        format!("postgres://paas@{socket}/{database}")
    }

    /// Makes the database if it is not there.
    ///
    /// # Errors
    /// [`ClusterError::Command`].
    pub fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        match self.run(self.client("createdb").arg(name)) {
            Err(ClusterError::Command { reason, .. }) if reason.contains("already exists") => Ok(()),
            other => other.map(drop),
        }
    }

    /// Stops the server, ending its connections. Does nothing if it does not run.
    ///
    /// # Errors
    /// [`ClusterError::Command`].
    pub fn stop(&self) -> Result<(), ClusterError> {
        if !self.data().join("postmaster.pid").exists() {
            return Ok(());
        }
        let mut command = self.server("pg_ctl")?;
        self.run(command.args(["stop", "--wait", "--mode=fast", "--pgdata"]).arg(self.data())).map(drop)
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("postgres.log")
    }

    fn socket_directory(&self) -> PathBuf {
        self.directory.join("run")
    }

    fn make_directories(&self) -> Result<(), ClusterError> {
        let io = |doing, path: &Path| {
            let path = path.display().to_string();
            move |source| ClusterError::Io { doing, path, source }
        };
        for path in [self.directory.clone(), self.socket_directory()] {
            fs::create_dir_all(&path).map_err(io("creating", &path))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(io("protecting", &path))?;
            if let Some((uid, gid)) = run_as()? {
                std::os::unix::fs::chown(&path, Some(uid), Some(gid)).map_err(io("handing over", &path))?;
            }
        }
        Ok(())
    }

    /// initdb into a side directory, then a rename: a kill in between leaves nothing half made.
    fn initialise(&self) -> Result<(), ClusterError> {
        let half = self.directory.join("data.new");
        if half.exists() {
            fs::remove_dir_all(&half).map_err(|source| ClusterError::Io {
                doing: "removing",
                path: half.display().to_string(),
                source,
            })?;
        }
        let mut command = self.server("initdb")?;
        command.args(["--username=paas", "--auth=peer", "--encoding=UTF8", "--locale=C", "--pgdata"]).arg(&half);
        self.run(&mut command)?;
        // Peer authentication, for root (who runs the server and the tools) and for the user the server runs as.
        let current = rustix::process::geteuid().as_raw();
        let mut map = format!("paas root paas\npaas {UNPRIVILEGED_USER} paas\n");
        if let Some(name) = user_name(current) {
            map.push_str(&format!("paas {name} paas\n"));
        }
        let files = [("pg_ident.conf", map), ("pg_hba.conf", "local all all peer map=paas\n".to_owned())]
            .map(|(file, text)| (half.join(file), text));
        for (path, text) in files {
            fs::write(&path, text).map_err(|source| ClusterError::Io {
                doing: "writing",
                path: path.display().to_string(),
                source,
            })?;
        }
        fs::rename(&half, self.data()).map_err(|source| ClusterError::Io {
            doing: "renaming",
            path: half.display().to_string(),
            source,
        })
    }

    fn start(&self) -> Result<(), ClusterError> {
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=200 -c wal_level=minimal \
             -c max_wal_senders=0",
            self.socket_directory().display()
        );
        let mut command = self.server("pg_ctl")?;
        command.args(["start", "--no-wait", "--silent", "--pgdata"]).arg(self.data());
        command.arg("--log").arg(self.log()).arg("--options").arg(options);
        // A session of its own: signals to the server's terminal or process group must not reach the database.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().map_err(|error| failed(&command, &error.to_string()))?;
        if !status.success() {
            return Err(failed(&command, &format!("{status}; see {}", self.log().display())));
        }
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.answers() {
            if Instant::now() > deadline {
                return Err(ClusterError::Timeout { log: self.log().display().to_string() });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    fn answers(&self) -> bool {
        let mut command = self.client("pg_isready");
        command.args(["--quiet", "--timeout=1"]).status().is_ok_and(|status| status.success())
    }

    /// A tool that must run as the user who owns the data.
    fn server(&self, tool: &str) -> Result<Command, ClusterError> {
        let mut command = self.tool(tool);
        command.current_dir("/").process_group(0);
        if let Some((uid, gid)) = run_as()? {
            command.uid(uid).gid(gid);
        }
        Ok(command)
    }

    fn client(&self, tool: &str) -> Command {
        let mut command = self.tool(tool);
        command.arg("--host").arg(self.socket_directory()).args(["--username", "paas"]);
        command
    }

    /// With an environment of its own: ours may hold the master key, which is not for the account that has the data;
    /// `PG…` variables would change what the tools do, and a language what they say.
    fn tool(&self, tool: &str) -> Command {
        let mut command = Command::new(self.binaries.join(tool));
        command.env_clear().env("LC_ALL", "C").stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }

    fn run(&self, command: &mut Command) -> Result<String, ClusterError> {
        let output = command.output().map_err(|error| failed(command, &error.to_string()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failed(command, String::from_utf8_lossy(&output.stderr).trim()))
    }
}

fn failed(command: &Command, reason: &str) -> ClusterError {
    let command = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    ClusterError::Command { command, reason: reason.to_owned() }
}

fn humantime(duration: Duration) -> String {
    format!("{} seconds", duration.as_secs())
}

/// The newest version under /usr/lib/postgresql (Debian's place), else whatever PATH has.
fn find_binaries() -> Result<PathBuf, ClusterError> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, path)| path.join("initdb").exists())
        .max();
    let in_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|directory| directory.join("initdb").exists())
    };
    debian.map(|(_, path)| path).or_else(in_path).ok_or(ClusterError::NotInstalled)
}

/// Whom to run the server as: `None` for whoever this is, ids when this is root.
fn run_as() -> Result<Option<(u32, u32)>, ClusterError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let find = |line: &str| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let ids = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        (name == UNPRIVILEGED_USER).then_some(ids)
    };
    passwd().lines().find_map(find).map(Some).ok_or(ClusterError::NoUser)
}

fn user_name(uid: u32) -> Option<String> {
    passwd().lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    })
}

fn passwd() -> String {
    fs::read_to_string("/etc/passwd").unwrap_or_default()
}
