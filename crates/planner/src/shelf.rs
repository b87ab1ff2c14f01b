use std::collections::{BTreeMap, BTreeSet};

use paas_model::{DynoSize, HostId};

use crate::{amount::Amount, audience::Audience};

/// Hosts in the order of their free memory, kept apart by audience, zone and free CPU, so that the fullest host that
/// fits is found without looking at the others.
#[derive(Debug, Default)]
pub(crate) struct Shelves(BTreeMap<Audience, BTreeMap<String, Shelf>>);

/// The hosts of one audience in one zone: by how many of [`TIERS`] their free CPU reaches, then by free memory.
#[derive(Debug, Default)]
pub(crate) struct Shelf([BTreeSet<(i64, Option<HostId>)>; TIERS.len() + 1]);

/// What dynos may need, in thousandths of a core. CPU matters only where it decides whether a size fits.
const TIERS: [i64; 6] = [50, 100, 2_000, 4_000, 8_000, 16_000];

fn tier(millis: i64) -> usize {
    TIERS.partition_point(|needed| *needed <= millis)
}

impl Shelves {
    pub(crate) fn insert(&mut self, audience: &Audience, zone: &str, host: HostId, free: Amount) {
        if !self.0.contains_key(audience) {
            self.0.insert(audience.clone(), BTreeMap::new());
        }
        let Some(zones) = self.0.get_mut(audience) else { return };
        if !zones.contains_key(zone) {
            zones.insert(zone.to_owned(), Shelf::default());
        }
        if let Some(shelf) = zones.get_mut(zone) {
            shelf.0[tier(free.millis)].insert((free.mb, Some(host)));
        }
    }

    pub(crate) fn remove(&mut self, audience: &Audience, zone: &str, host: HostId, free: Amount) {
        let Some(zones) = self.0.get_mut(audience) else { return };
        let Some(shelf) = zones.get_mut(zone) else { return };
        shelf.0[tier(free.millis)].remove(&(free.mb, Some(host)));
        if shelf.0.iter().all(BTreeSet::is_empty) {
            zones.remove(zone);
        }
        if zones.is_empty() {
            self.0.remove(audience);
        }
    }

    /// The zones in which an audience has a host.
    pub(crate) fn zones(&self, audience: &Audience) -> impl Iterator<Item = (&str, &Shelf)> {
        self.0.get(audience).into_iter().flatten().map(|(zone, shelf)| (zone.as_str(), shelf))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Shelf {
    /// The host with the least memory that has room for this size and passes.
    pub(crate) fn fullest(&self, size: DynoSize, passes: impl Fn(&HostId) -> bool) -> Option<(i64, HostId)> {
        let need = Amount::of_size(size);
        // Every size needs exactly one of TIERS, so all hosts of that tier and of those above have the CPU.
        let tiers = self.0.iter().skip(tier(need.millis));
        let firsts = tiers.filter_map(|hosts| {
            let fitting = hosts.range((need.mb, None)..).filter_map(|(mb, host)| host.map(|host| (*mb, host)));
            fitting.into_iter().find(|(_, host)| passes(host))
        });
        firsts.min()
    }

    pub(crate) fn hosts(&self) -> impl Iterator<Item = HostId> {
        self.0.iter().flatten().filter_map(|(_, host)| *host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_needs_one_of_the_tiers() {
        for size in DynoSize::ALL {
            assert!(TIERS.contains(&i64::from(size.cpu_millis())), "{size}");
        }
    }
}
