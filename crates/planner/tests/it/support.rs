//! A simulator that is spoken to by names, as people do.

use std::{collections::BTreeMap, fmt::Write as _};

use chrono::{DateTime, TimeDelta, Utc};
use paas_model::{
    AppId, AppName, DynoId, DynoSize, DynoState, HostFault, HostId, Labels, PoolId, ProcessType, parse_label,
};
use paas_planner::{Action, Dyno, Offer, Plan, WaitReason, World, explain, explain_dyno, sim::Sim};

pub(crate) struct Town {
    pub(crate) sim: Sim,
    /// Names of hosts that are gone, too.
    hosts: BTreeMap<HostId, String>,
    pools: BTreeMap<String, PoolId>,
    apps: BTreeMap<String, AppId>,
}

impl Town {
    pub(crate) fn new() -> Self {
        Self { sim: Sim::steady(), hosts: BTreeMap::new(), pools: BTreeMap::new(), apps: BTreeMap::new() }
    }

    /// Hosts by name and memory, and one app `blog` with `quantity` web dynos of 512 MB of its first release, all up.
    pub(crate) fn with_blog(hosts: &[(&str, u32)], quantity: u32) -> Self {
        let mut town = Self::new();
        for (name, memory_mb) in hosts {
            town.run(&format!("host {name} {memory_mb}"));
        }
        for line in ["app blog", "deploy blog", &format!("scale blog web={quantity}")] {
            town.run(line);
        }
        town.settle();
        assert!(town.sim.is_settled(), "{}", town.show());
        town
    }

    /// Obeys one line of a script (see `scripts.rs`) and returns what it prints.
    pub(crate) fn run(&mut self, line: &str) -> String {
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            ["host", name, mb, ref rest @ ..] => {
                let mut labels = labels(rest);
                let zone = labels.remove("zone").unwrap_or_else(|| "a".to_owned());
                let millis = labels.remove("cpu").map_or(64_000, |millis| millis.parse().unwrap());
                self.sim.add_host_in(name, &zone, labels, mb.parse().unwrap(), millis);
            }
            ["pool", name, sizes, ref rest @ ..] => {
                let (min, max) = sizes.split_once("..").unwrap();
                let id = self.sim.add_pool(name, min.parse().unwrap(), max.parse().unwrap(), Vec::new());
                self.sim.change_pool(id, |pool| pool.labels = labels(rest));
                self.pools.insert(name.to_owned(), id);
            }
            ["offer", pool, instance_type, mb, millis, price, zones, ref spot @ ..] => {
                let offers = zones.split(',').map(|zone| Offer {
                    instance_type: instance_type.to_owned(),
                    zone: zone.to_owned(),
                    spot: *spot == ["spot"],
                    memory_mb: mb.parse().unwrap(),
                    cpu_millis: millis.parse().unwrap(),
                    price_micros_per_hour: price.parse().unwrap(),
                });
                self.sim.change_pool(self.pools[pool], |pool| pool.offers.extend(offers));
            }
            ["shortage", pool, instance_type, zone] => self.sim.change_pool(self.pools[pool], |pool| {
                pool.offers.retain(|offer| offer.instance_type != instance_type || offer.zone != zone);
            }),
            ["image", pool, image] => {
                self.sim.change_pool(self.pools[pool], |pool| pool.image = Some(image.to_owned()));
            }
            ["resize", pool, sizes] => {
                let (min, max) = sizes.split_once("..").unwrap();
                self.sim.change_pool(self.pools[pool], |pool| {
                    (pool.min_hosts, pool.max_hosts) = (min.parse().unwrap(), max.parse().unwrap());
                });
            }
            ["drain", name] => self.sim.request_drain(self.host_id(name), true),
            ["ready", name] => self.sim.request_drain(self.host_id(name), false),
            ["lose", name] => self.sim.lose_host(self.host_id(name), HostFault::EngineUnreachable),
            ["end", name] => self.sim.lose_host(self.host_id(name), HostFault::MachineGone),
            ["interrupt", name] => self.sim.interrupt_host(self.host_id(name)),
            ["joins", word] => self.sim.never_joins_percent = if word == "yes" { 0 } else { 100 },
            ["label", app, ref rest @ ..] => self.sim.label_app(self.apps[app], labels(rest)),
            ["canary", app, seconds] => self.sim.set_canary(self.apps[app], seconds.parse().ok()),
            ["build", app, mb] => self.sim.build(self.apps[app], mb.parse().unwrap()),
            ["app", name] => {
                let id = self.sim.add_app(AppName::parse(name).unwrap());
                self.apps.insert(name.to_owned(), id);
            }
            ["deploy", app] => self.sim.deploy(self.apps[app], false),
            ["deploy", app, "broken"] => self.sim.deploy(self.apps[app], true),
            ["scale", app, request] => {
                let (kind, amount) = request.split_once('=').unwrap();
                let (quantity, size) = amount.split_once(':').unwrap_or((amount, "Standard-1X"));
                self.sim.scale(self.apps[app], &kind_of(kind), quantity.parse().unwrap(), size.parse().unwrap());
            }
            ["remove", app, kind] => self.sim.remove_type(self.apps[app], &kind_of(kind)),
            ["run", app, size] => self.sim.run(self.apps[app], size.parse().unwrap()),
            ["restart", app, name] => self.sim.request_restart(self.find(app, name).id),
            ["crash", app, name] => self.sim.end(self.find(app, name).id),
            ["policy", "stop-first", word] => self.sim.policy.allow_stop_first = word == "yes",
            ["policy", "min-up", percent] => self.sim.policy.min_up_percent = percent.parse().unwrap(),
            ["policy", "headroom", mb] => self.sim.policy.headroom_mb = mb.parse().unwrap(),
            ["policy", "builds", count] => self.sim.policy.builds_per_host = count.parse().unwrap(),
            ["policy", "surge", percent] => self.sim.policy.surge_percent = percent.parse().unwrap(),
            ["plan"] => return self.describe(&self.sim.plan()),
            ["step"] => return self.step(),
            ["tick"] => {
                self.sim.tick();
            }
            ["settle"] => return self.settle(),
            ["show"] => return self.show(),
            ["hosts"] => return self.show_hosts(),
            ["wait", seconds] => return self.wait(seconds.parse().unwrap()),
            ["why", app, name] => {
                let world = self.sim.world();
                return explain_dyno(&world, self.find(app, name).id).unwrap().to_string();
            }
            ["explain", app, kind, size] => {
                let world = self.sim.world();
                return explain(&world, self.apps[app], &kind_of(kind), size.parse().unwrap()).to_string();
            }
            _ => panic!("no such command: {line}"),
        }
        String::new()
    }

    pub(crate) fn step(&mut self) -> String {
        let before = self.sim.world();
        self.hosts.extend(before.hosts.iter().map(|host| (host.id, host.name.clone())));
        let step = self.sim.step();
        assert_eq!(step.violations, [], "{}", self.describe_in(&before, &step.plan));
        self.describe_in(&before, &step.plan)
    }

    /// Plans and lets time pass until nothing happens any more; prints what was done, and when.
    pub(crate) fn settle(&mut self) -> String {
        let mut told = String::new();
        for _ in 0..500 {
            self.step_until_idle(&mut told);
            if !self.sim.tick() {
                return if told.is_empty() { "nothing to do\n".to_owned() } else { told };
            }
        }
        panic!("this does not settle:\n{told}");
    }

    /// Plans until there is nothing left to do at this time.
    fn step_until_idle(&mut self, told: &mut String) {
        for _ in 0..8 {
            let done = self.step();
            if done.starts_with("nothing to do") {
                return;
            }
            let seconds = self.sim.now().timestamp();
            writeln!(told, "after {seconds} s").unwrap();
            done.lines().for_each(|line| writeln!(told, "  {line}").unwrap());
        }
        panic!("it plans on and on:\n{told}");
    }

    /// Plans and lets this much time pass, with all that happens meanwhile.
    pub(crate) fn wait(&mut self, seconds: i64) -> String {
        let end = self.sim.now() + TimeDelta::seconds(seconds);
        let mut told = String::new();
        loop {
            self.step_until_idle(&mut told);
            match self.sim.next_event().filter(|next| *next <= end) {
                Some(next) => self.sim.pass_to(next),
                None => {
                    self.sim.pass_to(end);
                    return if told.is_empty() { "nothing to do\n".to_owned() } else { told };
                }
            }
        }
    }

    /// Plans and lets time pass, at most so many times; what runs in a loop of crashes never settles.
    pub(crate) fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.step();
            self.sim.tick();
        }
    }

    /// The app's dynos, as `web.1 v1 up on alpha`, by name and release.
    pub(crate) fn dynos(&self, app: &str) -> Vec<String> {
        let world = self.sim.world();
        let mut dynos: Vec<_> = world.dynos.iter().filter(|dyno| dyno.app_id == self.apps[app]).collect();
        dynos.sort_by_key(|dyno| (&dyno.name, dyno.release_id, dyno.id));
        dynos.into_iter().map(|dyno| self.describe_dyno(&world, dyno)).collect()
    }

    pub(crate) fn show(&self) -> String {
        let lines =
            self.apps.keys().flat_map(|app| self.dynos(app).into_iter().map(move |dyno| format!("{app} {dyno}\n")));
        lines.collect()
    }

    /// The hosts, as `pool-1 ready in a, 512 of 2048 MB`.
    pub(crate) fn show_hosts(&self) -> String {
        let world = self.sim.world();
        let mut told = String::new();
        for host in &world.hosts {
            let held = world.dynos.iter().filter(|dyno| dyno.reserves_on() == Some(host.id));
            let held: u32 = held.map(|dyno| dyno.size.memory_mb()).sum();
            write!(told, "{} {} in {}, {held} of {} MB", host.name, host.state, host.zone, host.memory_mb).unwrap();
            told.push_str(if host.spare_since.is_some() { ", spare\n" } else { "\n" });
        }
        told
    }

    pub(crate) fn up(&self, app: &str) -> usize {
        self.sim.world().dynos.iter().filter(|d| d.app_id == self.apps[app] && d.state == DynoState::Up).count()
    }

    /// The furthest dyno of that name that is not stopping.
    fn find(&self, app: &str, name: &str) -> Dyno {
        let world = self.sim.world();
        let named = world.dynos.into_iter().filter(|dyno| dyno.app_id == self.apps[app] && dyno.is_live());
        named.filter(|dyno| dyno.name.to_string() == name).max_by_key(|dyno| (dyno.state, dyno.id)).unwrap()
    }

    pub(crate) fn describe(&self, plan: &Plan) -> String {
        self.describe_in(&self.sim.world(), plan)
    }

    fn describe_in(&self, world: &World, plan: &Plan) -> String {
        let mut told = String::new();
        for action in &plan.actions {
            match action {
                Action::Start { app_id, release_id, kind, number, size, crashes, host, replaces, .. } => {
                    let (app, version) = (self.app(*app_id), version(world, *app_id, *release_id));
                    write!(told, "start {app} {kind}.{number} {version} {size} on {}", self.host(*host)).unwrap();
                    if replaces.is_some() {
                        write!(told, ", in place of one that crashed (crashes in a row: {crashes})").unwrap();
                    }
                    told.push('\n');
                }
                Action::Place { dyno, host } => {
                    writeln!(told, "place {} on {}", self.label(world, *dyno), self.host(*host)).unwrap();
                }
                Action::Stop { dyno, reason } => {
                    writeln!(told, "stop {}: {reason}", self.label(world, *dyno)).unwrap();
                }
                Action::PlaceBuild { build, host } => {
                    let build = world.builds.iter().find(|other| other.id == *build).unwrap();
                    let (app, mb) = (self.app(build.app_id), build.memory_mb);
                    writeln!(told, "build {app} ({mb} MB) on {}", self.host(*host)).unwrap();
                }
                Action::Launch { pool, instance_type, zone, spot } => {
                    let pool = &world.pools.iter().find(|other| other.id == *pool).unwrap().name;
                    let spot = if *spot { ", spot" } else { "" };
                    writeln!(told, "launch {instance_type} in {zone} for {pool}{spot}").unwrap();
                }
                Action::Drain { host, reason } => writeln!(told, "drain {}: {reason}", self.host(*host)).unwrap(),
                Action::Undrain { host } => writeln!(told, "undrain {}", self.host(*host)).unwrap(),
                Action::Terminate { host, reason } => {
                    writeln!(told, "terminate {}: {reason}", self.host(*host)).unwrap();
                }
                Action::MarkSpare { host } => writeln!(told, "{} is spare", self.host(*host)).unwrap(),
                Action::UnmarkSpare { host } => writeln!(told, "{} is not spare", self.host(*host)).unwrap(),
            }
        }
        if plan.is_empty() {
            told.push_str("nothing to do\n");
        }
        for waiting in &plan.waiting {
            writeln!(told, "{} {} is waiting: {}", self.app(waiting.app_id), waiting.kind, waiting.reason).unwrap();
        }
        for waiting in &plan.builds_waiting {
            writeln!(told, "a build of {} is waiting: {}", self.app(waiting.app_id), waiting.reason).unwrap();
        }
        told
    }

    fn label(&self, world: &World, dyno: DynoId) -> String {
        let dyno = world.dynos.iter().find(|other| other.id == dyno).unwrap();
        format!("{} {} {}", self.app(dyno.app_id), dyno.name, version(world, dyno.app_id, dyno.release_id))
    }

    fn describe_dyno(&self, world: &World, dyno: &Dyno) -> String {
        let mut text = format!("{} {} {}", dyno.name, version(world, dyno.app_id, dyno.release_id), dyno.state);
        if let Some(host) = dyno.reserves_on() {
            write!(text, " on {}", self.host(host)).unwrap();
        }
        text
    }

    fn app(&self, id: AppId) -> &str {
        self.apps.iter().find(|(_, app)| **app == id).unwrap().0
    }

    fn host(&self, id: HostId) -> String {
        let world = self.sim.world();
        let host = world.hosts.into_iter().find(|host| host.id == id).map(|host| host.name);
        host.or_else(|| self.hosts.get(&id).cloned()).unwrap()
    }

    fn host_id(&self, name: &str) -> HostId {
        self.sim.world().hosts.iter().find(|host| host.name == name).unwrap().id
    }
}

fn labels(words: &[&str]) -> Labels {
    words.iter().map(|word| parse_label(word).unwrap()).collect()
}

/// Releases other than the newest are not in a world.
fn version(world: &World, app: AppId, release: paas_model::ReleaseId) -> String {
    let newest = world.apps.iter().find(|other| other.id == app).and_then(|app| app.release.as_ref());
    match newest {
        Some(newest) if newest.id == release => newest.version.to_string(),
        _ => "older".to_owned(),
    }
}

pub(crate) fn kind_of(text: &str) -> ProcessType {
    ProcessType::parse(text).unwrap()
}

pub(crate) fn waits_for_capacity(plan: &Plan) -> bool {
    plan.waiting.iter().any(|waiting| matches!(waiting.reason, WaitReason::NoCapacity { .. }))
}

pub(crate) fn backs_off_until(plan: &Plan) -> Option<DateTime<Utc>> {
    plan.waiting.iter().find_map(|waiting| match waiting.reason {
        WaitReason::CrashBackOff { until } => Some(until),
        _ => None,
    })
}

pub(crate) const SIZES: [DynoSize; 3] = [DynoSize::Standard1X, DynoSize::Standard2X, DynoSize::PerformanceM];
