//! `paasd up` with a data directory and ports of its own.

use std::{
    env, fs,
    fs::File,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use reqwest::Client;
use rustix::process::{Pid, Signal, kill_process};
use tokio::runtime::Runtime;

use super::{
    buildpack, cleanup,
    client::{self, Answer},
    containers::{self, Container},
    eventually,
    load::Load,
    ports::Ports,
    role::Role,
    router::Router,
    run::{Ran, run},
    seconds, seed,
};

/// Making the stack's images, the first time on a machine, takes minutes.
const START_TIMEOUT: Duration = Duration::from_secs(600);
const STOP_TIMEOUT: Duration = Duration::from_secs(60);
/// Of a failed test's server log, this much is shown.
const LOG_LINES: usize = 120;

/// One at a time in a process: they share two cores and the container engine. nextest has a test group for the same.
static TURN: Mutex<()> = Mutex::new(());

/// A running platform; all that it made is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Platform {
    pub(crate) directory: PathBuf,
    pub(crate) runtime: Runtime,
    /// URL of the inline buildpack.
    pub(crate) buildpack: String,
    /// Where that is served: on this machine, which builds do not reach as it is.
    buildpack_address: String,
    ports: Ports,
    /// Where other machines reach it; loopback when there are none.
    address: IpAddr,
    settings: Vec<(String, String)>,
    server: Option<Child>,
    client: Client,
    _turn: MutexGuard<'static, ()>,
}

impl Platform {
    /// As it comes.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// With environment variables of `paasd`.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, settings)
    }

    /// One that other machines reach at `address`.
    pub(crate) fn start_at(address: Ipv4Addr, settings: &[(&str, &str)]) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        cleanup::sweep();
        let directory = cleanup::root().join(std::process::id().to_string());
        for name in ["home", "work", "data/registry"] {
            fs::create_dir_all(directory.join(name)).expect("/var/tmp can be written");
        }
        let (ports, blobs) = (Ports::free(), directory.join("data/registry/blobs"));
        cleanup::sign(&directory, ports.registry);
        seed::plant(&blobs);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let (buildpack, buildpack_address) = buildpack::serve(&directory.join("work"));
        let mut platform = Self {
            buildpack,
            buildpack_address,
            ports,
            address: address.into(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            server: None,
            client: client::client(false),
            runtime: runtime.expect("threads can be started"),
            directory,
            _turn: turn,
        };
        platform.launch();
        platform.wait_for_stack();
        seed::keep(&blobs);
        platform
    }

    /// SIGKILL: what was going on is cut off where it is.
    pub(crate) fn kill9(&mut self) {
        let mut server = self.server.take().expect("the server runs");
        server.kill().expect("it has not ended by itself");
        server.wait().expect("it is our child");
    }

    /// Starts it again after [`Platform::kill9`] or [`Platform::stop`], and waits until it answers.
    pub(crate) fn launch(&mut self) {
        self.launch_to_crash_at(None);
        assert!(self.runs(), "the server ended");
    }

    /// The same for one that kills itself where it gets to a crash point, which may be before it answers.
    pub(crate) fn launch_to_crash_at(&mut self, point: Option<&str>) {
        assert!(self.server.is_none(), "the server runs already");
        let mut command = self.paasd(&["up"]);
        command.envs(point.map(|point| ("PAAS_CRASH_AT", point)));
        self.server = Some(command.spawn().expect("paasd can be run"));
        eventually("the server answers", START_TIMEOUT, || (!self.runs() || self.is_healthy()).then_some(()));
    }

    /// Whether there is a server that the test has not ended, though it may have ended by itself.
    pub(crate) const fn is_launched(&self) -> bool {
        self.server.is_some()
    }

    /// Whether the server has not ended by itself.
    pub(crate) fn runs(&mut self) -> bool {
        let server = self.server.as_mut().expect("it was launched");
        server.try_wait().expect("it is our child").is_none()
    }

    /// Takes note that the server has ended by itself: the signal that it ended by.
    pub(crate) fn bury(&mut self) -> Option<i32> {
        let mut server = self.server.take().expect("it was launched");
        server.wait().expect("it is our child").signal()
    }

    /// `paasd` in this platform's environment; what it says goes to the log.
    pub(crate) fn paasd(&self, args: &[&str]) -> Command {
        let log = File::options().create(true).append(true).open(self.log_path()).expect("the directory is ours");
        let mut command = self.command(&binary("paasd"));
        command.args(args).stdin(Stdio::null()).stdout(log.try_clone().expect("files can be shared")).stderr(log);
        command
    }

    /// What a command of `paasd` prints.
    pub(crate) fn paasd_says(&self, args: &[&str]) -> String {
        run(self.command(&binary("paasd")).args(args)).ok().stdout
    }

    /// A router beside the server's own, as a process of its own.
    pub(crate) fn second_router(&self) -> Router {
        Router::start(self, self.ports.second_router_http, self.ports.second_router_https)
    }

    /// A controller beside the server's own loops, as a process of its own.
    pub(crate) fn second_controller(&self) -> Role {
        Role::start(&mut self.paasd(&["controller"]))
    }

    /// Stops it as an operator does, and waits until it has ended.
    pub(crate) fn stop(&mut self) {
        self.tell_to_stop();
        let mut server = self.server.take().expect("the server runs");
        let status = eventually("the server stops", STOP_TIMEOUT, || server.try_wait().expect("it is our child"));
        assert!(status.success(), "{status}");
    }

    /// Stops it and starts it with another setting, as an operator does, and waits until builds can be made.
    pub(crate) fn restart_with(&mut self, name: &str, value: &str) {
        self.stop();
        self.settings.retain(|(set, _)| set != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        let before = self.times_ready();
        self.launch();
        eventually("the stack is ready", START_TIMEOUT, || (self.times_ready() > before).then_some(()));
    }

    /// SIGTERM.
    pub(crate) fn tell_to_stop(&self) {
        let server = self.server.as_ref().expect("the server runs");
        kill_process(Pid::from_child(server), Signal::TERM).expect("it has not ended by itself");
    }

    /// The API's own idea of its health.
    pub(crate) fn is_healthy(&self) -> bool {
        let answer = client::get(&self.client, self.ports.http, "localhost", "/healthz");
        self.runtime.block_on(answer).is_ok_and(|answer| answer.status == 200)
    }

    /// Where the API is, without TLS.
    pub(crate) fn api_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.http)
    }

    /// Where the API is with TLS, which git needs.
    pub(crate) fn host_and_port(&self) -> String {
        format!("localhost:{}", self.ports.https)
    }

    /// Requests a path of the API that needs no token.
    #[track_caller]
    pub(crate) fn api(&self, path: &str) -> Answer {
        let answer = client::get(&self.client, self.ports.http, "localhost", path);
        self.runtime.block_on(answer).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs the `paas` command as the owner.
    pub(crate) fn paas(&self, args: &[&str]) -> Ran {
        run(&mut self.paas_command(args))
    }

    pub(crate) fn paas_command(&self, args: &[&str]) -> Command {
        let mut command = self.command(&binary("paas"));
        command.args(args).stdin(Stdio::null()).current_dir(&self.directory);
        command
    }

    /// What `paas … --json` prints.
    #[track_caller]
    pub(crate) fn paas_json(&self, args: &[&str]) -> serde_json::Value {
        let ran = self.paas(&[args, &["--json"]].concat()).ok();
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stdout))
    }

    /// Requests a path of an app through the router.
    #[track_caller]
    pub(crate) fn get(&self, app: &str, path: &str) -> Answer {
        self.try_get(app, path).unwrap_or_else(|error| panic!("{app}{path}: {error}"))
    }

    pub(crate) fn try_get(&self, app: &str, path: &str) -> Result<Answer, String> {
        self.try_get_host(&format!("{app}.localhost"), path)
    }

    /// Requests a path through the router by a name that an app has besides its own.
    #[track_caller]
    pub(crate) fn get_host(&self, host: &str, path: &str) -> Answer {
        self.try_get_host(host, path).unwrap_or_else(|error| panic!("{host}{path}: {error}"))
    }

    /// Sends `body` to a path of an app through the router.
    #[track_caller]
    pub(crate) fn post(&self, app: &str, path: &str, body: &str) -> Answer {
        let host = format!("{app}.localhost");
        let answer = client::post(&self.client, self.ports.router_http, &host, path, body);
        self.runtime.block_on(answer).unwrap_or_else(|error| panic!("{app}{path}: {error}"))
    }

    fn try_get_host(&self, host: &str, path: &str) -> Result<Answer, String> {
        let answer = client::get(&self.client, self.ports.router_http, host, path);
        self.runtime.block_on(answer).map_err(|error| client::kind(&error))
    }

    /// Waits until an app's answer to `/` is good and contains `text`.
    #[track_caller]
    pub(crate) fn answers(&self, app: &str, text: &str) {
        let mut last = None;
        eventually(&format!("{app} answers with {text:?}"), seconds(90), || {
            // Headers say when it was, and which request.
            let answer = self.try_get(app, "/").map(|answer| (answer.status, answer.body));
            let fits = answer.as_ref().is_ok_and(|(status, body)| *status == 200 && body.contains(text));
            if !fits && last.as_ref() != Some(&answer) {
                eprintln!("{app}: {answer:?}");
                last = Some(answer);
            }
            fits.then_some(())
        });
    }

    /// Clients that request `path` of an app until they are stopped.
    pub(crate) fn load(&self, clients: usize, app: &str, path: &str) -> Load {
        Load::start(&self.runtime, clients, self.ports.router_http, &format!("{app}.localhost"), path)
    }

    /// All that an app has logged.
    pub(crate) fn logs(&self, app: &str) -> String {
        self.paas(&["logs", "--num", "1500", "--app", app]).ok().stdout
    }

    /// Waits until an app has logged `text`.
    #[track_caller]
    pub(crate) fn has_logged(&self, app: &str, text: &str) {
        eventually(&format!("{app} has logged {text:?}"), seconds(60), || self.logs(app).contains(text).then_some(()));
    }

    /// The state of a host of the pool; `None`: there is no such host.
    pub(crate) fn host(&self, name: &str) -> Option<String> {
        let newest = "order by created_at desc limit 1";
        let state = self.sql(&format!("select state from hosts where name = '{name}' {newest}"));
        Some(state).filter(|state| !state.is_empty())
    }

    /// Dynos' containers on the machine that the server runs on, in any state.
    pub(crate) fn dynos(&self) -> Vec<Container> {
        let host = self.sql("select id from hosts where endpoint like 'unix:%'");
        assert!(!host.is_empty(), "the database is away");
        self.dynos_at(&host)
    }

    /// The same for when the database is away.
    pub(crate) fn dynos_at(&self, host: &str) -> Vec<Container> {
        containers::labelled(&format!("paas.host={host}"))
    }

    pub(crate) fn dynos_of(&self, app: &str) -> Vec<Container> {
        self.dynos().into_iter().filter(|container| container.app == app).collect()
    }

    /// Containers of builds, in any state; those of other platforms are left out by their rows.
    pub(crate) fn builds(&self) -> Vec<Container> {
        let ours = self.sql("select 'build-' || id from builds");
        let mut builds = containers::labelled("paas=build");
        builds.retain(|container| ours.lines().any(|name| name == container.name));
        builds
    }

    /// Those of builds that went well stay for a moment.
    pub(crate) fn loses_containers_of_builds(&self) {
        eventually("no build has a container", Duration::from_secs(30), || self.builds().is_empty().then_some(()));
    }

    /// A query's rows: a line a row, `|` between columns. Empty when the database is away.
    pub(crate) fn sql(&self, query: &str) -> String {
        cleanup::sql(&self.data(), query).trim_end().to_owned()
    }

    /// The process that a file under the data directory names, if it is this program.
    pub(crate) fn process(&self, pid_file: &str, program: &str) -> Option<Pid> {
        cleanup::pid_in(&self.data().join(pid_file), program)
    }

    /// Resident memory of the server itself.
    pub(crate) fn server_memory_mb(&self) -> u64 {
        let pid = self.server.as_ref().expect("the server runs").id();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it has not ended");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux tells");
        let kilobytes: u64 = line.split_whitespace().next().and_then(|number| number.parse().ok()).expect("a number");
        kilobytes / 1024
    }

    /// Of the database that the server runs for itself, for its processes of other roles.
    pub(crate) fn database_url(&self) -> String {
        let socket = self.data().join("postgres/run").to_string_lossy().replace('/', "%2F");
        format!("postgres://paas@{socket}/paas")
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// What the registry, which others reach, says to somebody who shows nothing.
    pub(crate) fn registry_status(&self) -> u16 {
        let url = format!("https://{}/v2/", SocketAddr::new(self.address, self.ports.registry));
        let authority = fs::read(self.data().join("tls/ca.pem")).expect("the authority is written for people");
        let client = client::trusting(&authority);
        let asked = self.runtime.block_on(async { client.get(url).send().await });
        asked.expect("the registry answers").status().as_u16()
    }

    /// A program in this platform's environment and no other.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let address = |port: u16| format!("127.0.0.1:{port}");
        let Ports { https, registry, .. } = self.ports;
        let home = self.directory.join("home");
        let mut command = Command::new(program);
        command.env_clear();
        let keep = ["PATH", "DOCKER_HOST", "LANG", "RUST_BACKTRACE"];
        command.envs(keep.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.env("HOME", &home).env("PAAS_CONFIG_DIR", home.join("paas")).env("PAAS_DATA_DIR", self.data());
        command.env("PAAS_HTTPS_LISTEN", SocketAddr::new(self.address, https).to_string());
        command.env("PAAS_HTTP_LISTEN", address(self.ports.http));
        if self.address != Ipv4Addr::LOCALHOST {
            command.env("PAAS_PUBLIC_URL", format!("https://{}:{https}", self.address));
            command.env("PAAS_REGISTRY_LISTEN", SocketAddr::new(self.address, registry).to_string());
        }
        command.env("PAAS_ROUTER_HTTP_LISTEN", address(self.ports.router_http));
        command.env("PAAS_ROUTER_HTTPS_LISTEN", address(self.ports.router_https));
        command.env("PAAS_REGISTRY_PORT", registry.to_string());
        command.env("PAAS_BUILD_ALLOW", &self.buildpack_address);
        // Tests fill disks, and what else is on this machine's is not theirs.
        command.env("PAAS_MIN_FREE_DISK", "256MB");
        // Most are pushed to once, and there are many.
        command.env("PAAS_WARM_BUILDS", "0");
        let bundle = Path::new("/etc/ssl/certs/ca-certificates.crt");
        if bundle.exists() {
            command.env("PAAS_EXTRA_CA", bundle);
        }
        command.envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ada")));
        command.envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ada@localhost")));
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Builds wait for the stack's images, so tests do.
    fn wait_for_stack(&self) {
        eventually("the stack is ready", START_TIMEOUT, || (self.times_ready() > 0).then_some(()));
    }

    fn times_ready(&self) -> usize {
        self.log().lines().filter(|line| *line == "Ready").count()
    }

    /// What the server has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("paasd.log")
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for name in ["paasd.log", "data/registry/registry.log", "data/postgres/postgres.log"] {
                let log = fs::read_to_string(self.directory.join(name)).unwrap_or_default();
                let lines: Vec<_> = log.lines().collect();
                let shown = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
                eprintln!("--- {name}, its last {LOG_LINES} lines ---\n{shown}\n---");
            }
        }
        if let Some(mut server) = self.server.take() {
            // It may have ended by itself, which the test has told.
            drop(server.kill());
            drop(server.wait());
        }
        cleanup::remove(&self.directory);
    }
}

/// Where this workspace's programs are, as they were built for these tests.
pub(crate) fn programs() -> PathBuf {
    let tests = env::current_exe().expect("this program has a path");
    tests.ancestors().nth(2).expect("tests are in target/PROFILE/deps").to_owned()
}

fn binary(name: &str) -> PathBuf {
    let path = programs().join(name);
    let is_program = fs::metadata(&path).is_ok_and(|file| file.permissions().mode() & 0o111 != 0);
    assert!(is_program, "{} is missing; run: cargo build -p paas-server -p paas-cli", path.display());
    path
}
