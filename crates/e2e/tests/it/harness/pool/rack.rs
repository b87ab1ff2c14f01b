//! A place for hosts that no platform has anything to do with.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{super::cleanup, Network};

/// Its hosts end with it.
#[derive(Debug)]
pub(crate) struct Rack {
    directory: PathBuf,
    hosts: PathBuf,
    _network: Network,
}

impl Rack {
    pub(crate) fn new() -> Self {
        let network = Network::take();
        cleanup::sweep();
        let directory = cleanup::root().join(std::process::id().to_string());
        let hosts = directory.join("hosts");
        fs::create_dir_all(&hosts).expect("the test's root can be written");
        cleanup::sign(&directory, NO_REGISTRY);
        Self { directory, hosts, _network: network }
    }

    /// Where their disks are.
    pub(crate) fn hosts(&self) -> &Path {
        &self.hosts
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        cleanup::remove(&self.directory);
    }
}

const NO_REGISTRY: u16 = 0;
