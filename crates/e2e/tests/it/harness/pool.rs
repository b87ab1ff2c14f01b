//! A platform with several hosts, all of them on this machine.

mod host;
mod network;
mod rack;

use std::{collections::BTreeMap, fs, path::PathBuf};

pub(crate) use self::{
    host::{Host, destroy_all},
    network::Network,
    rack::Rack,
};
use super::{Moto, Platform, eventually, seconds};

const ZONES: [&str; 3] = ["a", "b", "c"];

/// A platform, and hosts that have joined it. The machine that the platform runs on builds, and runs no dynos.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) platform: Platform,
    /// Instances of it are booted as hosts.
    pub(crate) moto: Option<Moto>,
    /// Those that joined by hand.
    hosts: BTreeMap<String, Host>,
    _network: Network,
}

impl Pool {
    /// A platform that hosts can join, without any.
    pub(crate) fn empty(settings: &[(&str, &str)]) -> Self {
        let network = Network::take();
        let platform = Platform::start_at(Network::GATEWAY, settings);
        // Builds stay where the stack's build image is.
        eventually("the server's own machine is a host", seconds(60), || platform.host("local").map(drop));
        platform.paas(&["hosts:labels", "local", "role=build"]).ok();
        Self { platform, moto: None, hosts: BTreeMap::new(), _network: network }
    }

    /// One that gets its hosts from EC2, without any yet.
    pub(crate) fn on_ec2(settings: &[(&str, &str)]) -> Self {
        let mut moto = Moto::start();
        let url = moto.url();
        let aws = [
            ("PAAS_EC2_ENDPOINT", url.as_str()),
            ("PAAS_EC2_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
        ];
        let mut pool = Self::empty(&[&aws, settings].concat());
        moto.boot_into(pool.directory());
        pool.moto = Some(moto);
        pool
    }

    /// With `count` hosts, `host-1` and so on, in zones `a`, `b`, `c` by turns.
    pub(crate) fn start(count: u8, settings: &[(&str, &str)]) -> Self {
        let mut pool = Self::empty(settings);
        for number in 1..=count {
            pool.add(number);
        }
        pool.all_ready();
        pool
    }

    /// Has one more join, `host-NUMBER`.
    pub(crate) fn add(&mut self, number: u8) {
        let host = Host::boot(&self.directory(), &format!("host-{number}"), Network::address(number));
        self.join(host, ZONES[usize::from(number - 1) % ZONES.len()]);
    }

    /// Has the platform launch hosts on EC2.
    pub(crate) fn create(&self, name: &str, min: u32, max: u32) {
        let moto = self.moto();
        let zones: Vec<_> = moto.subnets.iter().map(|(zone, _)| zone.as_str()).collect();
        let (min, max, zones) = (min.to_string(), max.to_string(), zones.join(","));
        let subnets = moto.subnet_options();
        let mut args =
            vec!["pools:create", name, "--min", &min, "--max", &max, "--types", "m5.large", "--zones", &zones];
        args.extend(["--image", &moto.images[0]]);
        args.extend(subnets.iter().map(String::as_str));
        self.platform.paas(&args).ok();
    }

    /// `pools:set`
    pub(crate) fn set(&self, name: &str, settings: &[&str]) {
        self.platform.paas(&[&["pools:set", name], settings].concat()).ok();
    }

    /// Has a host join, by the command that `paas hosts:add` prints.
    pub(crate) fn join(&mut self, host: Host, zone: &str) {
        host.set("PAAS_HOST_ZONE", zone);
        let command = self.platform.paas(&["hosts:add", &host.name]).ok().stdout;
        let log = host.sh_in_background(command.trim());
        let name = &host.name;
        eventually(&format!("{name} joins"), seconds(60), || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            assert!(!said.contains("error:"), "{name}: {said}");
            self.platform.host(name).filter(|state| state != "requested").map(drop)
        });
        self.hosts.insert(host.name.clone(), host);
    }

    pub(crate) fn all_ready(&self) {
        for name in self.hosts.keys() {
            self.is(name, "ready");
        }
    }

    /// Waits until a host is in a state.
    #[track_caller]
    pub(crate) fn is(&self, name: &str, state: &str) {
        eventually(&format!("{name} is {state}"), seconds(120), || {
            self.platform.host(name).filter(|now| now == state).map(drop)
        });
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        &self.hosts[name]
    }

    pub(crate) fn moto(&self) -> &Moto {
        self.moto.as_ref().expect("this pool has its hosts from EC2")
    }

    pub(crate) fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.values()
    }

    /// Every machine that is switched on or ought to be: those that joined by hand, and EC2's.
    pub(crate) fn machines(&self) -> Vec<Host> {
        let launched = self.moto.iter().flat_map(|moto| {
            let instances = moto.running();
            instances.iter().map(|instance| moto.host(instance)).collect::<Vec<_>>()
        });
        self.hosts.values().cloned().chain(launched).collect()
    }

    /// Waits until an app has this many web dynos up, all of the current release, and no others on their way.
    #[track_caller]
    pub(crate) fn settles(&self, app: &str, dynos: usize) {
        let query = format!(
            "select count(*) filter (where d.state = 'up' and d.release_id = (select id from releases r where \
             r.app_id = a.id and r.state = 'succeeded' order by version desc limit 1)), \
             count(*) filter (where d.state <> 'gone') from dynos d join apps a on a.id = d.app_id where a.name = '{app}'"
        );
        let want = format!("{dynos}|{dynos}");
        let mut last = String::new();
        eventually(&format!("{app} has {dynos} dynos up, and no others"), seconds(180), || {
            let now = self.platform.sql(&query);
            if now != last {
                eprintln!("{app}: up|all {now}");
                last.clone_from(&now);
            }
            (now == want).then_some(())
        });
    }

    /// Hosts by name, and how many dynos of an app are up on each; those without any are left out.
    pub(crate) fn spread(&self, app: &str) -> BTreeMap<String, usize> {
        let rows = self.platform.sql(&format!(
            "select h.name, count(*) from dynos d join hosts h on h.id = d.host_id join apps a on a.id = d.app_id \
             where a.name = '{app}' and d.state = 'up' group by h.name"
        ));
        let parse = |row: &str| {
            let (name, count) = row.split_once('|').expect("two columns");
            (name.to_owned(), count.parse().expect("a number"))
        };
        rows.lines().map(parse).collect()
    }

    /// Where hosts' disks are.
    pub(crate) fn directory(&self) -> PathBuf {
        self.platform.directory.join("hosts")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Before its hosts' disks go with the platform's directory.
        drop(self.moto.take());
        let ready = self.hosts.values().next();
        if let Some(host) = ready.filter(|_| !std::thread::panicking()) {
            host.leave_seed();
        }
    }
}
