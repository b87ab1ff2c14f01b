//! What hosts have left, who holds it, and which host the next dyno gets.

use std::collections::BTreeMap;

use paas_model::{AppId, DynoSize, DynoState, HostId, HostState, ProcessType};
use serde::Serialize;

use crate::{
    Build, Dyno, Host,
    amount::Amount,
    audience::Audience,
    shelf::Shelves,
    spread::{Spread, TypeSpread},
};

/// How good a host is for one more dyno of a type; the least one is chosen. Fields in the order of their weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Score {
    /// Dynos of this app and type that stay there: a host that dies should take few of them.
    pub same_type: u32,
    /// Dynos of this app and type that stay in its zone.
    pub same_zone: u32,
    /// Dynos of this app that stay there.
    pub same_app: u32,
    /// Memory left there, in MiB: the fullest host that fits, so that large dynos find room elsewhere.
    pub free_mb: u32,
    /// So that there is never a tie.
    pub host: HostId,
}

/// One more dyno.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) app: AppId,
    pub(crate) audience: &'a Audience,
    pub(crate) kind: &'a ProcessType,
    pub(crate) size: DynoSize,
}

/// What one host has left. The default is a host that nothing is known of, but that dynos say they are on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Space {
    pub(crate) audience: Audience,
    pub(crate) zone: String,
    /// What is free now.
    pub(crate) free: Amount,
    /// What will be free when all stopping dynos are gone, less what waiting dynos already count on.
    pub(crate) later: Amount,
    pub(crate) total: Amount,
    /// Builds there, and what they hold.
    pub(crate) builds: u32,
    pub(crate) builds_hold: Amount,
    /// Whether it gets dynos. What is free on other hosts is nobody's to have.
    pub(crate) open: bool,
}

impl Space {
    /// What builds keep from dynos: one of them nothing, or it would keep a dyno that crashed from coming back to a full
    /// host. It lives on what operators set aside of each host.
    fn builds_reserve(&self) -> Amount {
        all_but_one(self.builds_hold, self.builds)
    }

    /// What one more build would take from dynos.
    pub(crate) fn build_takes(&self, need: Amount) -> Amount {
        all_but_one(self.builds_hold.plus(need), self.builds + 1).minus(self.builds_reserve())
    }
}

/// Builds are much alike, so that one of them is an equal part.
fn all_but_one(held: Amount, builds: u32) -> Amount {
    held.minus(held.share(builds))
}

/// A plan changes it as it goes along and takes everything back at its end ([`Room::roll_back`]).
#[derive(Debug, Default)]
pub(crate) struct Room {
    spaces: BTreeMap<HostId, Space>,
    free: Shelves,
    later: Shelves,
    /// Only dynos that stay count: those of older releases leave soon.
    spread: BTreeMap<AppId, Spread>,
    /// All that open hosts have, and how many they are, by audience.
    totals: BTreeMap<Audience, (Amount, i64)>,
    journal: Vec<Undo>,
}

#[derive(Debug)]
enum Undo {
    Held { host: HostId, free: Amount, later: Amount },
    BuildAdded { host: HostId, need: Amount },
    Closed { host: HostId },
    Joined { app: AppId, kind: ProcessType, host: HostId },
    Left { app: AppId, kind: ProcessType, host: HostId },
}

/// A moment in the life of a [`Room`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

// --- What the rows say. Not part of a plan, so it cannot be taken back.
impl Room {
    /// A host is new or has changed. What it holds stays as it is.
    pub(crate) fn set_host(&mut self, host: &Host) {
        let total = Amount::of_host(host);
        let held =
            self.spaces.get(&host.id).map(|space| (space.total.minus(space.free), space.total.minus(space.later)));
        let (held, later_held) = held.unwrap_or_default();
        let (builds, builds_hold) =
            self.spaces.get(&host.id).map(|space| (space.builds, space.builds_hold)).unwrap_or_default();
        self.set_open(host.id, false);
        let space = Space {
            audience: Audience::of_host(&host.labels),
            zone: host.zone.clone(),
            free: total.minus(held),
            later: total.minus(later_held),
            total,
            builds,
            builds_hold,
            open: false,
        };
        self.spaces.insert(host.id, space);
        self.set_open(host.id, host.state == HostState::Ready && !host.interrupted);
        self.journal.clear();
    }

    /// What dynos hold there is remembered, as their rows may go later.
    pub(crate) fn remove_host(&mut self, host: HostId) {
        self.set_open(host, false);
        self.journal.clear();
    }

    /// A dyno's row is there (`sign` 1), or is taken away again (-1).
    pub(crate) fn count_dyno(&mut self, dyno: &Dyno, sign: i64) {
        let Some(host) = dyno.reserves_on() else { return };
        let need = Amount::of_size(dyno.size).times(-sign);
        let later = if dyno.state == DynoState::Stopping { Amount::default() } else { need };
        self.hold(host, need, later);
        self.journal.clear();
    }

    pub(crate) fn count_build(&mut self, build: &Build, sign: i64) {
        let Some(host) = build.host else { return };
        self.add_build(host, Amount::of_build(build).times(sign), sign);
        self.journal.clear();
    }

    /// Where the dynos of an app are that stay.
    pub(crate) fn set_spread(&mut self, app: AppId, spread: Spread) {
        match spread.is_empty() {
            true => drop(self.spread.remove(&app)),
            false => drop(self.spread.insert(app, spread)),
        }
    }
}

// --- Looking.
impl Room {
    pub(crate) fn is_empty(&self) -> bool {
        self.free.is_empty()
    }

    pub(crate) fn space(&self, host: HostId) -> Option<&Space> {
        self.spaces.get(&host)
    }

    /// The open hosts of an audience.
    pub(crate) fn hosts<'r>(&'r self, audience: &Audience) -> impl Iterator<Item = (HostId, &'r Space)> {
        let hosts = self.free.zones(audience).flat_map(|(_, shelf)| shelf.hosts());
        hosts.filter_map(|host| Some((host, self.spaces.get(&host)?)))
    }

    pub(crate) fn has_hosts(&self, audience: &Audience) -> bool {
        self.free.zones(audience).next().is_some()
    }

    /// All that the open hosts of an audience have.
    pub(crate) fn total(&self, audience: &Audience) -> Amount {
        self.totals.get(audience).copied().unwrap_or_default().0
    }

    /// What an open host of an audience has on average.
    pub(crate) fn average(&self, audience: &Audience) -> Amount {
        let (total, hosts) = self.totals.get(audience).copied().unwrap_or_default();
        Amount { mb: total.mb / hosts.max(1), millis: total.millis / hosts.max(1) }
    }

    /// The host for one more dyno; `None`: none has room.
    ///
    /// Same answer as the least [`Score`] of all hosts with room, without looking at all of them.
    pub(crate) fn choose(&self, wanted: Wanted<'_>) -> Option<HostId> {
        let zones = self.free.zones(wanted.audience);
        let Some(known) = self.spread.get(&wanted.app) else {
            return zones.filter_map(|(_, shelf)| shelf.fullest(wanted.size, |_| true)).min().map(|(_, host)| host);
        };
        let of = known.of(wanted.kind);
        // Of the hosts without this app only the fullest of each zone can be the best.
        let strangers = zones.filter_map(|(zone, shelf)| {
            let (mb, host) = shelf.fullest(wanted.size, |host| !known.is_on(*host))?;
            let same_zone = of.map_or(0, |of| of.in_zone(zone));
            let (free_mb, _) = Amount { mb, millis: 0 }.shown();
            Some(Score { same_type: 0, same_zone, same_app: 0, free_mb, host })
        });
        let need = Amount::of_size(wanted.size);
        let fitting = |host: HostId| {
            let space = self.spaces.get(&host)?;
            let fits = space.open && space.audience == *wanted.audience && need.fits_in(space.free);
            fits.then(|| score(host, space, Some(known), of))
        };
        let without = strangers.chain(known.beside(of).filter_map(fitting)).min();
        let mut with = of.into_iter().flat_map(TypeSpread::fewest_first);
        let best = without.or_else(|| with.find_map(|hosts| hosts.iter().filter_map(|host| fitting(*host)).min()));
        best.map(|score| score.host)
    }

    /// `None` for a host that is not known.
    pub(crate) fn score(&self, wanted: Wanted<'_>, host: HostId) -> Option<Score> {
        let known = self.spread.get(&wanted.app);
        Some(score(host, self.spaces.get(&host)?, known, known.and_then(|known| known.of(wanted.kind))))
    }

    /// Empty for a host that is not known.
    pub(crate) fn zone(&self, host: HostId) -> &str {
        self.spaces.get(&host).map_or("", |space| &space.zone)
    }
}

fn score(host: HostId, space: &Space, known: Option<&Spread>, of: Option<&TypeSpread>) -> Score {
    Score {
        same_type: of.map_or(0, |of| of.on(host)),
        same_zone: of.map_or(0, |of| of.in_zone(&space.zone)),
        same_app: known.map_or(0, |known| known.on(host)),
        free_mb: space.free.shown().0,
        host,
    }
}

// --- Planning.
impl Room {
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.journal.len())
    }

    /// Takes back all that was planned since.
    pub(crate) fn roll_back(&mut self, to: Mark) {
        while self.journal.len() > to.0 {
            match self.journal.pop() {
                Some(Undo::Held { host, free, later }) => self.hold(host, free.times(-1), later.times(-1)),
                Some(Undo::BuildAdded { host, need }) => self.add_build(host, need.times(-1), -1),
                Some(Undo::Closed { host }) => self.set_open(host, true),
                Some(Undo::Joined { app, kind, host }) => self.leave(app, &kind, host),
                Some(Undo::Left { app, kind, host }) => self.join(app, &kind, host),
                None => return,
            }
            // Taking back is noted down like everything else.
            self.journal.pop();
        }
    }

    /// A dyno is placed that does not stay, so that nobody minds to be beside it.
    pub(crate) fn take(&mut self, host: HostId, size: DynoSize) {
        let need = Amount::of_size(size).times(-1);
        self.hold(host, need, need);
    }

    /// A dyno is placed that stays: the next of its kind had better go elsewhere.
    pub(crate) fn take_for(&mut self, wanted: Wanted<'_>, host: HostId) {
        self.take(host, wanted.size);
        self.join(wanted.app, wanted.kind, host);
    }

    pub(crate) fn take_build(&mut self, host: HostId, need: Amount) {
        self.add_build(host, need, 1);
    }

    /// A dyno is told to stop: what it holds is free later.
    pub(crate) fn release(&mut self, dyno: &Dyno, stays: bool) {
        let Some(host) = dyno.reserves_on() else { return };
        if dyno.state != DynoState::Stopping {
            self.hold(host, Amount::default(), Amount::of_size(dyno.size));
        }
        if stays {
            self.leave(dyno.app_id, &dyno.name.kind, host);
        }
    }

    /// Counts on what becomes free; `None`: there will not be enough on any host.
    pub(crate) fn promise(&mut self, wanted: Wanted<'_>) -> Option<HostId> {
        let zones = self.later.zones(wanted.audience);
        let (_, host) = zones.filter_map(|(_, shelf)| shelf.fullest(wanted.size, |_| true)).min()?;
        self.promise_on(host, wanted.size);
        Some(host)
    }

    pub(crate) fn promise_on(&mut self, host: HostId, size: DynoSize) {
        self.hold(host, Amount::default(), Amount::of_size(size).times(-1));
    }

    /// The host gets nothing any more.
    pub(crate) fn close(&mut self, host: HostId) {
        self.set_open(host, false);
    }
}

// --- The steps that can be taken back.
impl Room {
    /// Changes what is free by these.
    fn hold(&mut self, host: HostId, free: Amount, later: Amount) {
        let space = self.spaces.entry(host).or_default();
        if space.open {
            self.free.remove(&space.audience, &space.zone, host, space.free);
            self.later.remove(&space.audience, &space.zone, host, space.later);
        }
        space.free = space.free.plus(free);
        space.later = space.later.plus(later);
        if space.open {
            self.free.insert(&space.audience, &space.zone, host, space.free);
            self.later.insert(&space.audience, &space.zone, host, space.later);
        }
        self.journal.push(Undo::Held { host, free, later });
    }

    fn add_build(&mut self, host: HostId, need: Amount, sign: i64) {
        let space = self.spaces.entry(host).or_default();
        let before = space.builds_reserve();
        space.builds = space.builds.saturating_add_signed(i32::try_from(sign).unwrap_or(0));
        space.builds_hold = space.builds_hold.plus(need);
        let freed = before.minus(space.builds_reserve());
        self.hold(host, freed, freed);
        self.journal.pop();
        self.journal.push(Undo::BuildAdded { host, need });
    }

    fn set_open(&mut self, host: HostId, open: bool) {
        let Some(space) = self.spaces.get_mut(&host).filter(|space| space.open != open) else { return };
        space.open = open;
        let (total, hosts) = self.totals.entry(space.audience.clone()).or_default();
        if open {
            *total = total.plus(space.total);
            *hosts += 1;
            self.free.insert(&space.audience, &space.zone, host, space.free);
            self.later.insert(&space.audience, &space.zone, host, space.later);
        } else {
            *total = total.minus(space.total);
            *hosts -= 1;
            self.free.remove(&space.audience, &space.zone, host, space.free);
            self.later.remove(&space.audience, &space.zone, host, space.later);
        }
        self.journal.push(Undo::Closed { host });
    }

    fn join(&mut self, app: AppId, kind: &ProcessType, host: HostId) {
        let zone = self.spaces.get(&host).map_or("", |space| &space.zone);
        self.spread.entry(app).or_default().add(kind, host, zone);
        self.journal.push(Undo::Joined { app, kind: kind.clone(), host });
    }

    fn leave(&mut self, app: AppId, kind: &ProcessType, host: HostId) {
        let zone = self.spaces.get(&host).map_or("", |space| &space.zone);
        if let Some(spread) = self.spread.get_mut(&app) {
            spread.remove(kind, host, zone);
            if spread.is_empty() {
                self.spread.remove(&app);
            }
        }
        self.journal.push(Undo::Left { app, kind: kind.clone(), host });
    }
}
