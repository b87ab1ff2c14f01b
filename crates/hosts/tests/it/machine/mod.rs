//! Other machines with engines of their own, in network namespaces of this one.

mod certificates;

use std::{
    fs::{self, File, OpenOptions},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use paas_hosts::{DockerEngine, DockerEngines, EngineTls, HostEndpoint};
use paas_model::HostId;

pub(crate) use certificates::Authority;

use crate::fixture::IMAGE;

const ENGINE_PORT: u16 = 2376;

/// Not in `/tmp`, which may be kept in memory.
const MACHINES: &str = "/var/tmp/paas-hosts-machines";

/// One machine, as long as the value lives; shared by all test processes that have one of its name.
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    number: u8,
    /// Held shared: the machine's guard removes it when it can have this for itself.
    _used: File,
}

impl Machine {
    /// The machine that every test of the contract shares.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Machine> = OnceLock::new();
        SHARED.get_or_init(|| Self::start("paasht-shared", 1))
    }

    /// One that a test may cut off. `number`: its own, below 60; names and addresses come from it.
    pub(crate) fn start(name: &'static str, number: u8) -> Self {
        let (machine, _starting) = Self::take(name, number);
        if !machine.directory().join("ready").exists() {
            machine.run("clean");
            fs::create_dir_all(machine.directory()).unwrap();
            certificates::write(&machine.directory(), machine.host(), machine.ip());
            machine.run("plug");
            machine.run("boot");
        }
        machine
    }

    /// A new one that nothing runs on yet.
    pub(crate) fn bare(name: &'static str, number: u8) -> Self {
        let (machine, _starting) = Self::take(name, number);
        machine.run("clean");
        fs::create_dir_all(machine.directory()).unwrap();
        machine.run("plug");
        machine.run("furnish");
        machine
    }

    /// With the lock that keeps others from starting it at the same time.
    fn take(name: &'static str, number: u8) -> (Self, File) {
        need_tools();
        fs::create_dir_all(MACHINES).unwrap();
        let starting = lock_file(name, "starting");
        starting.lock().unwrap();
        let used = lock_file(name, "used");
        used.lock_shared().unwrap();
        let machine = Self { name, number, _used: used };
        machine.guard();
        (machine, starting)
    }

    /// A command on a machine that was bare.
    pub(crate) fn command(&self, program: &str) -> Command {
        let init = fs::read_to_string(self.directory().join("init.pid")).unwrap();
        let mut command = Command::new("nsenter");
        command.args(["--target", init.trim(), "--net", "--mount", "--", program]);
        command
    }

    /// Its image, for an engine that has been started since.
    pub(crate) fn load_image(&self) {
        self.run("load");
    }

    pub(crate) fn host(&self) -> HostId {
        format!("01976f9e-7a1c-7d2e-8c3a-{:012}", self.number).parse().unwrap()
    }

    /// This machine's address as the other one sees it.
    pub(crate) fn gateway(&self) -> IpAddr {
        Ipv4Addr::new(10, 211, 0, self.number * 4 + 1).into()
    }

    /// This machine's address as something out in the world.
    pub(crate) fn elsewhere(&self) -> IpAddr {
        Ipv4Addr::new(10, 211, 64, self.number).into()
    }

    pub(crate) fn ip(&self) -> IpAddr {
        Ipv4Addr::new(10, 211, 0, self.number * 4 + 2).into()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.ip(), ENGINE_PORT)
    }

    pub(crate) fn endpoint(&self) -> HostEndpoint {
        HostEndpoint::tcp(self.address(), self.host())
    }

    /// What its engine takes.
    pub(crate) fn tls(&self) -> EngineTls {
        self.authority().client()
    }

    pub(crate) fn authority(&self) -> Authority {
        Authority::read(&self.directory())
    }

    pub(crate) fn engine(&self) -> DockerEngine {
        DockerEngines::new(Some(&self.tls())).unwrap().docker(&self.endpoint()).unwrap()
    }

    /// Unplugs it: nothing that is sent arrives, and nobody is told.
    pub(crate) fn cut(&self) {
        self.run("cut");
    }

    pub(crate) fn mend(&self) {
        self.run("mend");
    }

    pub(crate) fn directory(&self) -> PathBuf {
        Path::new(MACHINES).join(self.name)
    }

    fn run(&self, command: &str) {
        let status = self.script("--wait", command).status().unwrap();
        assert!(status.success(), "machine.sh {} {command}: {status}", self.name);
    }

    fn guard(&self) {
        let mut script = self.script("--fork", "guard");
        let status = script.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success(), "{status}");
    }

    /// In a session of its own, so that it outlives this process and its group.
    fn script(&self, waiting: &str, command: &str) -> Command {
        let mut script = Command::new("setsid");
        script
            .arg(waiting)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/machine/machine.sh"))
            .args([self.name, command])
            .env("MACHINES", MACHINES)
            .env("GATEWAY", self.gateway().to_string())
            .env("ELSEWHERE", self.elsewhere().to_string())
            .env("ADDRESS", self.ip().to_string())
            .env("IMAGE", IMAGE);
        script
    }
}

fn lock_file(name: &str, lock: &str) -> File {
    let path = format!("{MACHINES}/{name}.{lock}");
    OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap()
}

fn need_tools() {
    assert!(rustix::process::geteuid().is_root(), "these tests make network namespaces: run them as root");
    for (tool, package) in [
        ("ip", "iproute2"),
        ("nsenter", "util-linux"),
        ("setsid", "util-linux"),
        ("flock", "util-linux"),
        ("dockerd", "docker.io"),
        ("docker", "docker.io or docker-cli"),
        ("iptables", "iptables"),
    ] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap()).any(|path| path.join(tool).exists());
        assert!(found, "{tool} is not installed: it is in the package {package}");
    }
}
