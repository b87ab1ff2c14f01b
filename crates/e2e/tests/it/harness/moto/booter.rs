//! Turns instances into hosts, and hosts of terminated instances into nothing.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use super::{
    super::Host,
    api::{Api, Instance},
};

/// A real instance takes tens of seconds to boot; this one, none.
const POLL: Duration = Duration::from_millis(300);

/// A thread that looks what moto has.
#[derive(Debug)]
pub(super) struct Booter {
    hosts: PathBuf,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Booter {
    /// `hosts` is where the disks of hosts are.
    pub(super) fn start(api: Api, hosts: PathBuf) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let (stopped, directory) = (stop.clone(), hosts.clone());
        let thread = thread::spawn(move || {
            let mut booted = BTreeMap::new();
            while !stopped.load(Ordering::Relaxed) {
                for instance in api.instances() {
                    follow(&api, &directory, &instance, &mut booted);
                }
                thread::sleep(POLL);
            }
        });
        Self { hosts, stop, thread: Some(thread) }
    }

    pub(super) fn hosts(&self) -> &Path {
        &self.hosts
    }
}

impl Drop for Booter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || thread::panicking(), "the booter failed; what it said is above");
        }
    }
}

fn follow(api: &Api, hosts: &Path, instance: &Instance, booted: &mut BTreeMap<String, Host>) {
    if instance.is_running() && !booted.contains_key(&instance.id) {
        let host = Host::boot(hosts, &instance.id, instance.address);
        host.set("PAAS_HOST_ZONE", &instance.zone);
        host.sh_in_background(&format!("exec {}", user_data(api, hosts, instance)));
        booted.insert(instance.id.clone(), host);
    } else if instance.state == "terminated"
        && let Some(host) = booted.remove(&instance.id)
    {
        host.destroy();
    }
}

/// A program, as cloud-init makes one of it.
fn user_data(api: &Api, hosts: &Path, instance: &Instance) -> String {
    let script = hosts.join(&instance.id).join("user-data");
    fs::write(&script, api.user_data(&instance.id)).expect("the platform's directory is ours");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    script.display().to_string()
}
