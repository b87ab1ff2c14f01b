//! Hosts and pools: what people, providers and misfortune do to them.

use paas_model::{HostFault, HostId, HostState, Labels, PoolId};

use super::Sim;
use crate::{Host, Offer, Pool};

impl Sim {
    /// A host that was joined by hand, with CPU to spare.
    pub fn add_host(&mut self, name: &str, memory_mb: u32) -> HostId {
        self.add_host_in(name, "a", Labels::new(), memory_mb, 64_000)
    }

    pub fn add_host_in(&mut self, name: &str, zone: &str, labels: Labels, memory_mb: u32, cpu_millis: u32) -> HostId {
        let id = self.fresh_id();
        let host = Host {
            id,
            name: name.to_owned(),
            state: HostState::Ready,
            pool: None,
            zone: zone.to_owned(),
            labels,
            memory_mb,
            cpu_millis,
            since: self.now,
            fault: None,
            spare_since: None,
            interrupted: false,
            drain_requested: false,
            image: None,
            price_micros_per_hour: 0,
        };
        self.hosts.insert(id, host);
        id
    }

    pub fn add_pool(&mut self, name: &str, min_hosts: u32, max_hosts: u32, offers: Vec<Offer>) -> PoolId {
        let id = self.fresh_id();
        let pool = Pool {
            id,
            name: name.to_owned(),
            min_hosts,
            max_hosts,
            labels: Labels::new(),
            offers,
            image: Some("image-1".to_owned()),
            replace_outdated: true,
            launch_after: None,
        };
        self.pools.insert(id, pool);
        id
    }

    /// Lets people change a pool, and providers what they offer.
    pub fn change_pool(&mut self, id: PoolId, change: impl FnOnce(&mut Pool)) {
        if let Some(pool) = self.pools.get_mut(&id) {
            change(pool);
        }
    }

    /// The host enters a state, whatever the cause.
    pub fn set_host(&mut self, id: HostId, state: HostState) {
        self.hosts_move_at.remove(&id);
        let Some(host) = self.hosts.get_mut(&id).filter(|host| host.state != state) else { return };
        // No machine was asked for yet.
        if host.state == HostState::Requested && state == HostState::Terminating {
            self.hosts.remove(&id);
            return;
        }
        (host.state, host.since, host.fault) = (state, self.now, None);
        let seconds = match state {
            HostState::Requested => 2,
            HostState::Launching | HostState::Joining => 20,
            HostState::Terminating => 10,
            HostState::Ready | HostState::Draining => return self.resume(id),
            HostState::Lost | HostState::Gone => return,
        };
        if state == HostState::Launching && self.happens(self.never_joins_percent) {
            return;
        }
        let at = self.now + self.seconds(seconds);
        self.hosts_move_at.insert(id, at);
    }

    /// A person drains it, or lets it be ready again.
    pub fn request_drain(&mut self, id: HostId, drained: bool) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.drain_requested = drained;
        }
        self.set_host(id, if drained { HostState::Draining } else { HostState::Ready });
    }

    /// It does not answer any more.
    pub fn lose_host(&mut self, id: HostId, fault: HostFault) {
        self.set_host(id, HostState::Lost);
        if let Some(host) = self.hosts.get_mut(&id) {
            host.fault = Some(fault);
        }
        if fault == HostFault::MachineGone {
            self.end_all_on(id);
        }
    }

    /// The provider says that it will take the machine.
    pub fn interrupt_host(&mut self, id: HostId) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.interrupted = true;
        }
    }

    pub fn resize_host(&mut self, id: HostId, memory_mb: u32) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.memory_mb = memory_mb;
        }
    }

    pub(super) fn mark_spare(&mut self, id: HostId, spare: bool) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.spare_since = spare.then_some(self.now);
        }
    }

    pub(super) fn request(&mut self, pool: PoolId, instance_type: &str, zone: &str, spot: bool) {
        let id: HostId = self.fresh_id();
        let Some(pool) = self.pools.get(&pool) else { return };
        let wanted = |offer: &&Offer| {
            (offer.instance_type.as_str(), offer.zone.as_str(), offer.spot) == (instance_type, zone, spot)
        };
        let Some(offer) = pool.offers.iter().find(wanted) else { return };
        // The first number that no host of the pool has.
        let taken = |name: &String| self.hosts.values().any(|host| host.name == *name);
        let mut names = (1_u32..).map(|n| format!("{}-{n}", pool.name));
        let name = names.find(|name| !taken(name)).unwrap_or_default();
        let host = Host {
            id,
            name,
            state: HostState::Gone,
            pool: Some(pool.id),
            zone: zone.to_owned(),
            labels: pool.labels.clone(),
            memory_mb: offer.memory_mb,
            cpu_millis: offer.cpu_millis,
            since: self.now,
            fault: None,
            spare_since: None,
            interrupted: false,
            drain_requested: false,
            image: pool.image.clone(),
            price_micros_per_hour: offer.price_micros_per_hour,
        };
        self.hosts.insert(id, host);
        self.set_host(id, HostState::Requested);
    }

    /// A host does what its state leads to.
    pub(super) fn progress_host(&mut self, id: HostId) {
        match self.hosts.get(&id).map(|host| host.state) {
            Some(HostState::Requested) => self.set_host(id, HostState::Launching),
            Some(HostState::Launching) => self.set_host(id, HostState::Joining),
            Some(HostState::Joining) => self.set_host(id, HostState::Ready),
            Some(HostState::Terminating) => {
                self.end_all_on(id);
                self.hosts.remove(&id);
            }
            _ => {}
        }
    }
}
