//! The memory of all hosts that are ready, who holds it, and which host the next dyno gets.

use std::collections::{BTreeMap, BTreeSet};

use paas_model::{AppId, DynoKind, DynoSize, DynoState, HostId, HostState, ProcessType, ReleaseId};
use serde::Serialize;

use crate::{Dyno, Host, NearestMiss, World};

/// How good a host is for one more dyno of a type; the least one is chosen. Fields in the order of their weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Score {
    /// Dynos of this app and type that stay there: a host that dies should take few of them.
    pub same_type: u32,
    /// Dynos of this app that stay there.
    pub same_app: u32,
    /// Memory left there, in MiB: the fullest host that fits, so that large dynos find room elsewhere.
    pub free_mb: u32,
    /// So that there is never a tie.
    pub host: HostId,
}

/// Only hosts that are `ready` are in it; memory that dynos hold on others is nobody's to give.
#[derive(Debug)]
pub(crate) struct Pool<'a> {
    hosts: BTreeMap<HostId, &'a Host>,
    free: Levels,
    /// What will be free when all stopping dynos are gone, less what waiting dynos already count on.
    later: Levels,
    /// Only dynos of these count in `spread`; those of older ones leave soon.
    newest: BTreeMap<AppId, ReleaseId>,
    spread: BTreeMap<AppId, BTreeMap<HostId, Neighbours<'a>>>,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let ready = world.hosts.iter().filter(|host| host.state == HostState::Ready);
        let mut pool = Self {
            hosts: ready.map(|host| (host.id, host)).collect(),
            free: Levels::default(),
            later: Levels::default(),
            newest: world.apps.iter().filter_map(|app| Some((app.id, app.runnable()?.id))).collect(),
            spread: BTreeMap::new(),
        };
        for host in pool.hosts.values() {
            pool.free.insert(host.id, host.memory_mb);
            pool.later.insert(host.id, host.memory_mb);
        }
        for dyno in &world.dynos {
            let Some(host) = dyno.reserves_on() else { continue };
            pool.free.lower(host, dyno.size.memory_mb());
            if dyno.state == DynoState::Stopping {
                continue;
            }
            pool.later.lower(host, dyno.size.memory_mb());
            if pool.stays(dyno) {
                pool.neighbours(dyno.app_id, host).add(&dyno.name.kind);
            }
        }
        pool
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// All memory of all ready hosts, in MiB.
    pub(crate) fn total_mb(&self) -> u64 {
        self.hosts.values().map(|host| u64::from(host.memory_mb)).sum()
    }

    /// The host for one more dyno of this type; `None`: none has room.
    ///
    /// Same answer as the least [`Score`] of all hosts with room, without looking at all of them.
    pub(crate) fn choose(&self, app: AppId, kind: &ProcessType, size: DynoSize) -> Option<HostId> {
        let need = size.memory_mb();
        let Some(known) = self.spread.get(&app) else { return self.free.at_least(need).next() };
        // A host without this app beats each one with it, and `free` has those in the order of the rest of the score.
        if let Some(host) = self.free.at_least(need).find(|host| !known.contains_key(host)) {
            return Some(host);
        }
        let fits = known.keys().filter(|host| self.free.of(**host).is_some_and(|free| free >= need));
        fits.filter_map(|host| self.score(app, kind, *host)).min().map(|score| score.host)
    }

    /// `None` for a host that is not ready.
    pub(crate) fn score(&self, app: AppId, kind: &ProcessType, host: HostId) -> Option<Score> {
        let known = self.spread.get(&app).and_then(|hosts| hosts.get(&host));
        Some(Score {
            same_type: known.map_or(0, |known| known.by_type.get(kind).copied().unwrap_or(0)),
            same_app: known.map_or(0, |known| known.total),
            free_mb: self.free.of(host)?,
            host,
        })
    }

    /// A dyno is placed.
    pub(crate) fn take(&mut self, host: HostId, size: DynoSize) {
        self.free.lower(host, size.memory_mb());
        self.later.lower(host, size.memory_mb());
    }

    /// A dyno is placed that stays: the next of its kind had better go elsewhere.
    pub(crate) fn take_for(&mut self, app: AppId, kind: &'a ProcessType, size: DynoSize, host: HostId) {
        self.take(host, size);
        self.neighbours(app, host).add(kind);
    }

    /// A dyno is told to stop: its memory is free later.
    pub(crate) fn release(&mut self, dyno: &Dyno) {
        let Some(host) = dyno.reserves_on() else { return };
        self.later.raise(host, dyno.size.memory_mb());
        if !self.stays(dyno) {
            return;
        }
        let Some(hosts) = self.spread.get_mut(&dyno.app_id) else { return };
        if hosts.get_mut(&host).is_some_and(|known| known.remove(&dyno.name.kind)) {
            hosts.remove(&host);
        }
    }

    /// What will be free on a host, if it is ready.
    pub(crate) fn later_mb(&self, host: HostId) -> Option<u32> {
        self.later.of(host)
    }

    /// Counts on memory that becomes free; false: there will not be enough on any host.
    pub(crate) fn promise(&mut self, size: DynoSize) -> bool {
        let Some(host) = self.later.at_least(size.memory_mb()).next() else { return false };
        self.promise_on(host, size);
        true
    }

    pub(crate) fn promise_on(&mut self, host: HostId, size: DynoSize) {
        self.later.lower(host, size.memory_mb());
    }

    pub(crate) fn nearest(&self) -> Option<NearestMiss> {
        let (free_mb, id) = self.free.highest()?;
        Some(NearestMiss { host: self.hosts.get(&id)?.name.clone(), free_mb })
    }

    fn stays(&self, dyno: &Dyno) -> bool {
        dyno.kind == DynoKind::Formation && self.newest.get(&dyno.app_id) == Some(&dyno.release_id)
    }

    fn neighbours(&mut self, app: AppId, host: HostId) -> &mut Neighbours<'a> {
        self.spread.entry(app).or_default().entry(host).or_default()
    }
}

/// Dynos of one app on one host.
#[derive(Debug, Default)]
struct Neighbours<'a> {
    total: u32,
    by_type: BTreeMap<&'a ProcessType, u32>,
}

impl<'a> Neighbours<'a> {
    fn add(&mut self, kind: &'a ProcessType) {
        self.total += 1;
        *self.by_type.entry(kind).or_default() += 1;
    }

    /// True when none is left.
    fn remove(&mut self, kind: &ProcessType) -> bool {
        if let Some(count) = self.by_type.get_mut(kind).filter(|count| **count > 0) {
            *count -= 1;
            self.total -= 1;
        }
        self.total == 0
    }
}

/// An amount of memory per host, and the hosts in the order of it.
#[derive(Debug, Default)]
struct Levels {
    by_host: BTreeMap<HostId, u32>,
    in_order: BTreeSet<(u32, HostId)>,
}

impl Levels {
    fn insert(&mut self, host: HostId, mb: u32) {
        self.by_host.insert(host, mb);
        self.in_order.insert((mb, host));
    }

    /// Hosts that are not in here are passed over.
    fn change(&mut self, host: HostId, to: impl FnOnce(u32) -> u32) {
        if let Some(mb) = self.by_host.get_mut(&host) {
            self.in_order.remove(&(*mb, host));
            *mb = to(*mb);
            self.in_order.insert((*mb, host));
        }
    }

    /// Stops at zero: a host may have been made smaller than what it holds.
    fn lower(&mut self, host: HostId, by: u32) {
        self.change(host, |mb| mb.saturating_sub(by));
    }

    fn raise(&mut self, host: HostId, by: u32) {
        self.change(host, |mb| mb.saturating_add(by));
    }

    fn of(&self, host: HostId) -> Option<u32> {
        self.by_host.get(&host).copied()
    }

    /// Hosts with this much, the least first.
    fn at_least(&self, mb: u32) -> impl Iterator<Item = HostId> + '_ {
        let first = self.by_host.keys().next().map(|first| (mb, *first));
        first.into_iter().flat_map(|from| self.in_order.range(from..)).map(|(_, host)| *host)
    }

    fn highest(&self) -> Option<(u32, HostId)> {
        self.in_order.last().copied()
    }
}
