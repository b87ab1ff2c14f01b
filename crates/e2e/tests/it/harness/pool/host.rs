//! One machine of a pool: namespaces of this machine that `hosts.sh` makes, with a Docker Engine of their own.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::super::{
    containers::{self, Container},
    eventually,
    run::{Ran, run},
};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/hosts.sh");
const ENGINE_TIMEOUT: Duration = Duration::from_secs(30);

/// A machine that is switched on, or was.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
    directory: PathBuf,
}

impl Host {
    /// Switches a new one on. Its disk holds the layers of the stack's images where an earlier host has left them, as a
    /// machine image that is made for a pool would.
    pub(crate) fn boot(hosts: &Path, name: &str, address: Ipv4Addr) -> Self {
        let host = Self::new(hosts, name, address);
        let seed = seed();
        if seed.exists() {
            host.script(&["seed"], &[&seed.to_string_lossy()]).ok();
        }
        host.switch_on(None);
        host
    }

    /// One whose engine has `megabytes` of disk.
    pub(crate) fn boot_with_disk(hosts: &Path, name: &str, address: Ipv4Addr, megabytes: u32) -> Self {
        let host = Self::new(hosts, name, address);
        host.switch_on(Some(megabytes));
        host
    }

    /// One that somebody else has booted.
    pub(crate) fn existing(hosts: &Path, name: &str, address: Ipv4Addr) -> Self {
        Self { name: name.to_owned(), address, directory: hosts.join(name) }
    }

    fn new(hosts: &Path, name: &str, address: Ipv4Addr) -> Self {
        let host = Self::existing(hosts, name, address);
        fs::create_dir_all(&host.directory).expect("the platform's directory is ours");
        host
    }

    fn switch_on(&self, megabytes: Option<u32>) {
        let address = self.address.to_string();
        let megabytes = megabytes.map(|megabytes| megabytes.to_string());
        let arguments: Vec<&str> = [Some(address.as_str()), megabytes.as_deref()].into_iter().flatten().collect();
        // Files, not pipes: the host keeps them open.
        let log = fs::File::create(self.directory.join("boot.log")).expect("the platform's directory is ours");
        let mut boot = Command::new(SCRIPT);
        boot.arg("boot").arg(&self.directory).args(arguments).stdin(Stdio::null());
        boot.stdout(log.try_clone().expect("files can be shared")).stderr(log);
        let status = boot.status().expect("the script can be run");
        let said = fs::read_to_string(self.directory.join("boot.log")).unwrap_or_default();
        assert!(status.success(), "{} does not boot: {said}", self.name);
    }

    /// Sets a variable for all that runs on it from now on.
    pub(crate) fn set(&self, name: &str, value: &str) {
        let path = self.directory.join("environment");
        let text = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, format!("{text}{name}={value}\n")).expect("the platform's directory is ours");
    }

    /// Runs a line of shell on it, as root.
    pub(crate) fn sh(&self, line: &str) -> Ran {
        self.script(&["run"], &["sh", "-c", line])
    }

    /// The same for a line that leaves processes behind; what it says is in a file.
    pub(crate) fn sh_in_background(&self, line: &str) -> PathBuf {
        let log = self.directory.join("command.log");
        let file = fs::File::create(&log).expect("the platform's directory is ours");
        let mut command = Command::new(SCRIPT);
        command.arg("run").arg(&self.directory).args(["setsid", "sh", "-c", line]).stdin(Stdio::null());
        command.stdout(file.try_clone().expect("files can be shared")).stderr(file);
        let mut process = command.spawn().expect("the script can be run");
        thread::spawn(move || drop(process.wait()));
        log
    }

    /// Its engine's own command line, which needs no network.
    pub(crate) fn docker(&self, args: &[&str]) -> Ran {
        self.script(&["run"], &[&["docker"], args].concat())
    }

    /// Containers that carry a label, in any state.
    pub(crate) fn labelled(&self, label: &str) -> Vec<Container> {
        containers::labelled_by(|args| self.docker(args).ok().stdout, label)
    }

    /// Pulls its network cable: its engine cannot be reached, and its containers live on.
    pub(crate) fn cut(&self) {
        self.script(&["cut"], &[]).ok();
    }

    /// Puts the cable back.
    pub(crate) fn mend(&self) {
        self.script(&["mend"], &[]).ok();
    }

    /// Its network carries `rate` (`64kbit`) each way, and queues up to a second.
    pub(crate) fn slow(&self, rate: &str) {
        self.script(&["slow"], &[rate]).ok();
    }

    /// Ends everything on it at once: the machine is lost. Its disk stays.
    pub(crate) fn kill9(&self) {
        self.script(&["halt"], &[]).ok();
    }

    /// Switches it on again after [`Host::kill9`], and starts its engine as an init system would.
    pub(crate) fn boot_again(&self) {
        self.boot_again_by(Self::start_engine);
    }

    /// The same for one that has its engine from elsewhere.
    pub(crate) fn boot_again_by(&self, start_engine: impl FnOnce(&Self)) {
        self.switch_on(None);
        start_engine(self);
    }

    /// SIGKILL for the engine alone. Containers run on until the engine starts again.
    pub(crate) fn kill_engine(&self) {
        self.sh("kill -9 $(cat /run/docker.pid)").ok();
    }

    /// Starts the engine in the way that joining has set up.
    pub(crate) fn start_engine(&self) {
        self.sh_in_background(START_ENGINE);
        eventually(&format!("the engine of {} answers", self.name), ENGINE_TIMEOUT, || {
            (self.docker(&["version"]).status == Some(0)).then_some(())
        });
    }

    /// Leaves no room on its engine's disk.
    pub(crate) fn fill_disk(&self) {
        // It ends because there is no room.
        self.sh("cat /dev/zero >/var/lib/docker/filler 2>/dev/null; test -s /var/lib/docker/filler").ok();
    }

    pub(crate) fn empty_disk(&self) {
        self.sh("rm /var/lib/docker/filler").ok();
    }

    /// Ends it for good.
    pub(crate) fn destroy(&self) {
        self.script(&["destroy"], &[]).ok();
    }

    /// Leaves what it has pulled to the hosts of later tests, if none has done so. It is switched off by that.
    pub(crate) fn leave_seed(&self) {
        let seed = seed();
        if !seed.exists() {
            self.sh("docker ps --all --quiet | xargs --no-run-if-empty docker rm --force").ok();
            self.kill9();
            remove_seeds(&seed);
            self.script(&["keep"], &[&seed.to_string_lossy()]).ok();
        }
    }

    fn script(&self, command: &[&str], args: &[&str]) -> Ran {
        run(Command::new(SCRIPT).args(command).arg(&self.directory).args(args).stdin(Stdio::null()))
    }
}

/// What the join script leaves for machines without an init system.
const START_ENGINE: &str = "exec /etc/paas/host/start-engine";

/// The network that hosts are in.
pub(super) fn make_network() {
    run(Command::new(SCRIPT).arg("network")).ok();
}

/// Ends every host whose directory is under `hosts`, whoever made it.
pub(crate) fn destroy_all(hosts: &Path) {
    for host in fs::read_dir(hosts).into_iter().flatten().flatten() {
        let ran = run(Command::new(SCRIPT).arg("destroy").arg(host.path()));
        if ran.status != Some(0) {
            eprintln!("{ran}");
        }
    }
}

/// Named after the stack's image, so that another stack has another.
fn seed() -> PathBuf {
    let stack = containers::image_id("paas/debian-13");
    super::super::cleanup::root().join("seed").join(format!("engine-{stack}"))
}

/// Those of other stacks.
fn remove_seeds(but: &Path) {
    let parent = but.parent().expect("seeds have a directory");
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_seed = entry.file_name().to_string_lossy().starts_with("engine-");
        if is_seed && entry.path() != but {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
