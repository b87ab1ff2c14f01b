//! EC2 as moto has it: a real API over HTTP whose instances are rows in a process. Each is booted as a host of a pool here,
//! by running its user data as cloud-init does, and ends when it is terminated.

mod api;
mod booter;

use std::{
    env,
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

pub(crate) use self::api::Instance;
use self::{api::Api, booter::Booter};
use super::{Host, eventually, seconds};

/// Whose instances get addresses on the network of hosts, so that they can be booted there.
const SUBNETS: [(&str, &str); 3] =
    [("us-east-1a", "10.210.1.0/24"), ("us-east-1b", "10.210.2.0/24"), ("us-east-1c", "10.210.3.0/24")];

/// A running moto. Instances are ended with it.
#[derive(Debug)]
pub(crate) struct Moto {
    process: Child,
    api: Api,
    /// Subnets by zone, in which launched instances can be booted.
    pub(crate) subnets: Vec<(String, String)>,
    /// Two images; nothing is in them, but their ids differ.
    pub(crate) images: [String; 2],
    booter: Option<Booter>,
    _scratch: TempDir,
}

impl Moto {
    /// Starts it with a network of three zones.
    pub(crate) fn start() -> Self {
        let scratch = tempfile::tempdir().expect("there is room for a log");
        let path = scratch.path().join("moto.log");
        let log = File::create(&path).expect("the directory is ours");
        // It ends with this process, however that ends.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program()).args(["-H", "127.0.0.1", "-p", "0"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("files can be shared")).stderr(log);
        let mut process = command.spawn().expect("util-linux is installed");
        let port = eventually("moto says where it listens", seconds(60), || {
            let said = fs::read_to_string(&path).unwrap_or_default();
            let ended = process.try_wait().expect("it is our child");
            assert!(ended.is_none(), "moto_server cannot be run (pip install 'moto[server,ec2]'): {said}");
            let (_, rest) = said.split_once("Running on http://127.0.0.1:")?;
            rest.split_whitespace().next()?.parse().ok()
        });
        let api = Api::new(port);
        let vpc = api.create_vpc("10.210.0.0/16");
        let subnet = |(zone, network): &(&str, &str)| ((*zone).to_owned(), api.create_subnet(&vpc, zone, network));
        let subnets = SUBNETS.iter().map(subnet).collect();
        let mut images = api.images().into_iter();
        let mut image = || images.next().expect("moto has images");
        Self { process, subnets, images: [image(), image()], api, booter: None, _scratch: scratch }
    }

    /// Boots what is launched from now on.
    pub(crate) fn boot_into(&mut self, hosts: PathBuf) {
        self.booter = Some(Booter::start(self.api.clone(), hosts));
    }

    /// The subnets as options of `paas pools:…`.
    pub(crate) fn subnet_options(&self) -> Vec<String> {
        self.subnets.iter().map(|(zone, subnet)| format!("--subnet={zone}={subnet}")).collect()
    }

    /// For `AWS_ENDPOINT_URL`.
    pub(crate) fn url(&self) -> String {
        self.api.url()
    }

    /// Instances in any state, the oldest first.
    pub(crate) fn instances(&self) -> Vec<Instance> {
        self.api.instances()
    }

    /// Those that are pending or running.
    pub(crate) fn running(&self) -> Vec<Instance> {
        self.instances().into_iter().filter(Instance::is_running).collect()
    }

    /// Launches one that runs `user_data`, as no platform does; its id.
    pub(crate) fn launch(&self, user_data: &str, tags: &[(&str, &str)]) -> String {
        self.api.launch(&self.images[0], &self.subnets[0].1, user_data, tags)
    }

    /// The host that an instance was booted as.
    pub(crate) fn host(&self, instance: &Instance) -> Host {
        let booter = self.booter.as_ref().expect("instances are booted");
        Host::existing(booter.hosts(), &instance.id, instance.address)
    }

    /// As AWS ends a machine whose hardware has failed.
    pub(crate) fn terminate(&self, instance: &Instance) {
        self.api.terminate(&instance.id);
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.booter.take());
        // It may have ended by itself, which the test has told.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// `PAAS_TEST_MOTO`, where `./dev test` installs it.
fn program() -> PathBuf {
    env::var_os("PAAS_TEST_MOTO").map_or_else(|| "moto_server".into(), PathBuf::from)
}
