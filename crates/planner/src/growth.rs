//! More hosts when something does not fit: first those that are on their way, then those that the plan itself drains,
//! then new ones by what they cost for what they carry.

use std::{cmp::Reverse, collections::BTreeMap};

use paas_model::{HostId, PoolId};

use crate::{
    Action, Host, Offer, WaitReason, amount::Amount, audience::Audience, blend::blend, draft::Draft, muster::Muster,
    need::Need, standing::Standings as _,
};

/// A host that is not ready yet, and what is not spoken for of it.
#[derive(Debug)]
struct Berth {
    pool: String,
    free: Amount,
}

/// Hosts on their way by whom they are for.
type Berths = BTreeMap<Audience, Vec<Berth>>;

impl<'a> Draft<'a> {
    /// Lets needs wait for hosts that are on their way, and asks for more; returns those that no host can be had for.
    pub(crate) fn grow(&mut self, stuck: Vec<Need<'a>>) -> Vec<Need<'a>> {
        let mut rest = Vec::new();
        let mut queue = Vec::new();
        for need in stuck {
            if let Some(host) = need.empties.filter(|host| self.is_saved(*host)) {
                self.reprieve_if_stuck(host);
            } else if self.in_pace(&need) {
                // Later ones of its type have to know.
                if !need.is_command() {
                    self.rollouts.entry(need.crew).or_default().coming += 1;
                }
                queue.push(need);
            } else {
                rest.push(need);
            }
        }
        let mut counts: BTreeMap<Audience, BTreeMap<Reverse<Amount>, i64>> = BTreeMap::new();
        let mut queues: BTreeMap<Audience, Vec<Need<'a>>> = BTreeMap::new();
        for need in queue {
            *counts.entry(need.audience.clone()).or_default().entry(Reverse(asked(&need))).or_default() += 1;
            queues.entry(need.audience.clone()).or_default().push(need);
        }
        // Each host is chosen for the largest that it has to carry at least, and filled up before the next.
        let in_order = queues.into_iter().flat_map(|(audience, queue)| {
            let host = counts.get(&audience).and_then(|waiting| self.likely_offer(&audience, waiting));
            blend(queue, asked, host.map(Amount::of_offer).unwrap_or_default())
        });
        let queue: Vec<_> = in_order.collect();
        let mut berths = self.berths();
        for need in queue {
            let amount = asked(&need);
            let waiting = counts.entry(need.audience.clone()).or_default();
            let berth = take_berth(&mut berths, &need.audience, amount)
                .or_else(|| self.undrain_for(&need.audience, amount, &mut berths))
                .or_else(|| self.launch_for(&need.audience, amount, waiting, &mut berths));
            if let Some(count) = waiting.get_mut(&Reverse(amount)) {
                *count -= 1;
            }
            match berth {
                Some(pool) => self.wait(need.crew, WaitReason::HostLaunching { pool }),
                None => {
                    if let Some(rollout) = self.rollouts.get_mut(&need.crew).filter(|_| !need.is_command()) {
                        rollout.coming = rollout.coming.saturating_sub(1);
                    }
                    rest.push(need);
                }
            }
        }
        rest
    }

    /// Why a pool does not help; `None`: there is no pool for it.
    pub(crate) fn full_pool(&self, audience: &Audience, amount: Amount) -> Option<WaitReason> {
        let fits = |offer: &Offer| amount.fits_in(Amount::of_offer(offer));
        let full = self.fleet.musters.values().find(|muster| {
            muster.audience == *audience && self.fleet.is_full(muster) && muster.pool.offers.iter().any(fits)
        })?;
        Some(WaitReason::PoolFull { pool: full.pool.name.clone(), max: full.pool.max_hosts })
    }

    pub(crate) fn launch(&mut self, pool: PoolId, offer: &'a Offer) {
        if let Some(muster) = self.fleet.musters.get_mut(&pool) {
            muster.launched.push(offer);
        }
        self.plan.actions.push(Action::Launch {
            pool,
            instance_type: offer.instance_type.clone(),
            zone: offer.zone.clone(),
            spot: offer.spot,
        });
    }

    fn berths(&self) -> Berths {
        let mut berths = Berths::new();
        for muster in self.fleet.musters.values() {
            let free = muster.coming.iter().map(|host| Amount::of_host(host));
            let list = free.map(|free| Berth { pool: muster.pool.name.clone(), free });
            berths.entry(muster.audience.clone()).or_default().extend(list);
        }
        berths
    }

    /// Whether a host is drained only to save it: what runs there need not leave.
    fn is_saved(&self, id: HostId) -> bool {
        let muster = self.store.host(id).and_then(|host| self.fleet.musters.get(&host.pool?));
        muster.is_some_and(|muster| muster.reprievable().any(|host| host.id == id))
    }

    /// What is drained to save a host moves by turns. When nothing moves any more, the room that there was has gone to
    /// others.
    fn reprieve_if_stuck(&mut self, id: HostId) {
        let pool = self.store.host(id).and_then(|host| host.pool);
        let Some(muster) = pool.and_then(|pool| self.fleet.musters.get_mut(&pool)) else { return };
        if !self.in_motion && self.plan.actions.is_empty() && muster.undrained.insert(id) {
            self.plan.actions.push(Action::Undrain { host: id });
        }
    }

    fn undrain_for(&mut self, audience: &Audience, amount: Amount, berths: &mut Berths) -> Option<String> {
        let room = &*self.room;
        let fits = |host: &&Host| room.space(host.id).is_some_and(|space| amount.fits_in(space.later));
        let fitting = self.fleet.musters.values_mut().filter(|muster| muster.audience == *audience);
        let (muster, host) = fitting.into_iter().find_map(|muster| {
            let host = muster.reprievable().find(fits)?;
            Some((muster, host))
        })?;
        muster.undrained.insert(host.id);
        let pool = muster.pool.name.clone();
        let later = room.space(host.id).map(|space| space.later).unwrap_or_default();
        self.plan.actions.push(Action::Undrain { host: host.id });
        berths.entry(audience.clone()).or_default().push(Berth { pool: pool.clone(), free: later.minus(amount) });
        Some(pool)
    }

    /// The offer that would be the best for all that waits; `None`: there are no pools for it.
    fn likely_offer(&self, audience: &Audience, waiting: &BTreeMap<Reverse<Amount>, i64>) -> Option<&'a Offer> {
        let musters = self.fleet.musters.values().filter(|muster| muster.audience == *audience);
        let offers = musters.filter_map(|muster| muster.best_offer(|room| carried_mb(room, waiting)));
        offers.min_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, offer)| offer)
    }

    fn launch_for(
        &mut self,
        audience: &Audience,
        amount: Amount,
        waiting: &BTreeMap<Reverse<Amount>, i64>,
        berths: &mut Berths,
    ) -> Option<String> {
        let carries = |room: Amount| match amount.fits_in(room) {
            true => carried_mb(room, waiting),
            false => 0,
        };
        let mut best = None;
        for (id, muster) in &self.fleet.musters {
            if muster.audience != *audience || self.fleet.is_full(muster) {
                continue;
            }
            if let Some(at) = muster.pool.launch_after.filter(|at| *at > self.now) {
                self.plan.wake(at);
                continue;
            }
            if let Some((score, offer)) = muster.best_offer(carries)
                && best.as_ref().is_none_or(|(least, _, _)| score < *least)
            {
                best = Some((score, *id, offer));
            }
        }
        let (_, id, offer) = best?;
        self.launch(id, offer);
        let pool = self.fleet.musters.get(&id).map(|muster: &Muster<'_>| muster.pool.name.clone())?;
        let free = Amount::of_offer(offer).minus(amount);
        berths.entry(audience.clone()).or_default().push(Berth { pool: pool.clone(), free });
        Some(pool)
    }
}

/// What a need takes on a host of its own. A stand-in comes with one that it stands in for.
fn asked(need: &Need<'_>) -> Amount {
    need.amount().times(if need.stands_in() { 2 } else { 1 })
}

fn take_berth(berths: &mut Berths, audience: &Audience, amount: Amount) -> Option<String> {
    let list = berths.get_mut(audience)?;
    let position = list.iter().position(|berth| amount.fits_in(berth.free))?;
    let berth = list.get_mut(position)?;
    berth.free = berth.free.minus(amount);
    Some(berth.pool.clone())
}

/// How much of what waits a host would carry, the largest first, in MiB.
fn carried_mb(mut room: Amount, waiting: &BTreeMap<Reverse<Amount>, i64>) -> i64 {
    let mut carried = 0;
    for (Reverse(amount), count) in waiting {
        let times = amount.times_in(room).min(*count);
        room = room.minus(amount.times(times));
        carried += amount.times(times).mb;
    }
    carried
}
