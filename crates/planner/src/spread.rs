use std::collections::{BTreeMap, BTreeSet};

use paas_model::{HostId, ProcessType};

/// Where the dynos of one app are.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    /// How many are on each host.
    hosts: BTreeMap<HostId, u32>,
    types: BTreeMap<ProcessType, TypeSpread>,
}

/// Where the dynos of one type of an app are.
#[derive(Debug, Default)]
pub(crate) struct TypeSpread {
    hosts: BTreeMap<HostId, u32>,
    /// The same by how many: the next one goes to a host with few.
    by_count: BTreeMap<u32, BTreeSet<HostId>>,
    zones: BTreeMap<String, u32>,
}

impl Spread {
    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    pub(crate) fn is_on(&self, host: HostId) -> bool {
        self.hosts.contains_key(&host)
    }

    /// How many of the app are on a host.
    pub(crate) fn on(&self, host: HostId) -> u32 {
        self.hosts.get(&host).copied().unwrap_or(0)
    }

    pub(crate) fn of(&self, kind: &ProcessType) -> Option<&TypeSpread> {
        self.types.get(kind)
    }

    /// Hosts with dynos of the app, and none of this type.
    pub(crate) fn beside(&self, of: Option<&TypeSpread>) -> impl Iterator<Item = HostId> {
        let known = of.map_or(0, |of| of.hosts.len());
        let others = if self.hosts.len() > known { Some(&self.hosts) } else { None };
        let others = others.into_iter().flatten().map(|(host, _)| *host);
        others.filter(move |host| of.is_none_or(|of| !of.hosts.contains_key(host)))
    }

    pub(crate) fn add(&mut self, kind: &ProcessType, host: HostId, zone: &str) {
        *self.hosts.entry(host).or_default() += 1;
        if !self.types.contains_key(kind) {
            self.types.insert(kind.clone(), TypeSpread::default());
        }
        if let Some(of) = self.types.get_mut(kind) {
            of.set(host, of.on(host) + 1);
            match of.zones.get_mut(zone) {
                Some(count) => *count += 1,
                None => drop(of.zones.insert(zone.to_owned(), 1)),
            }
        }
    }

    pub(crate) fn remove(&mut self, kind: &ProcessType, host: HostId, zone: &str) {
        let Some(of) = self.types.get_mut(kind).filter(|of| of.on(host) > 0) else { return };
        of.set(host, of.on(host) - 1);
        if let Some(count) = of.zones.get_mut(zone) {
            *count = count.saturating_sub(1);
        }
        if of.hosts.is_empty() {
            self.types.remove(kind);
        }
        match self.hosts.get_mut(&host) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(self.hosts.remove(&host)),
        }
    }
}

impl TypeSpread {
    pub(crate) fn on(&self, host: HostId) -> u32 {
        self.hosts.get(&host).copied().unwrap_or(0)
    }

    pub(crate) fn in_zone(&self, zone: &str) -> u32 {
        self.zones.get(zone).copied().unwrap_or(0)
    }

    /// Hosts with some of this type, those with the fewest first.
    pub(crate) fn fewest_first(&self) -> impl Iterator<Item = &BTreeSet<HostId>> {
        self.by_count.values()
    }

    fn set(&mut self, host: HostId, count: u32) {
        let before = match count {
            0 => self.hosts.remove(&host),
            _ => self.hosts.insert(host, count),
        };
        if let Some(before) = before
            && let Some(hosts) = self.by_count.get_mut(&before)
        {
            hosts.remove(&host);
            if hosts.is_empty() {
                self.by_count.remove(&before);
            }
        }
        if count > 0 {
            self.by_count.entry(count).or_default().insert(host);
        }
    }
}
