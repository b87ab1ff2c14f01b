use std::collections::BTreeMap;

use paas_model::{HostId, ProcessType};

/// Where the dynos of one app are.
#[derive(Debug, Default)]
pub(crate) struct Spread(BTreeMap<HostId, Neighbours>);

/// Dynos of one app on one host.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    total: u32,
    by_type: BTreeMap<ProcessType, u32>,
}

impl Spread {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn is_on(&self, host: HostId) -> bool {
        self.0.contains_key(&host)
    }

    pub(crate) fn on(&self, host: HostId) -> Option<&Neighbours> {
        self.0.get(&host)
    }

    pub(crate) fn hosts(&self) -> impl Iterator<Item = (HostId, &Neighbours)> {
        self.0.iter().map(|(host, neighbours)| (*host, neighbours))
    }

    pub(crate) fn add(&mut self, kind: &ProcessType, host: HostId) {
        let neighbours = self.0.entry(host).or_default();
        neighbours.total += 1;
        match neighbours.by_type.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(neighbours.by_type.insert(kind.clone(), 1)),
        }
    }

    pub(crate) fn remove(&mut self, kind: &ProcessType, host: HostId) {
        let Some(neighbours) = self.0.get_mut(&host) else { return };
        if let Some(count) = neighbours.by_type.get_mut(kind).filter(|count| **count > 0) {
            *count -= 1;
            neighbours.total -= 1;
        }
        if neighbours.total == 0 {
            self.0.remove(&host);
        }
    }
}

impl Neighbours {
    pub(crate) fn total(&self) -> u32 {
        self.total
    }

    pub(crate) fn of(&self, kind: &ProcessType) -> u32 {
        self.by_type.get(kind).copied().unwrap_or(0)
    }
}
