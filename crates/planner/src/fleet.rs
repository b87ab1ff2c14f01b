//! Hosts of pools that are given back, and those that a pool has at least.
//!
//! A host goes in three steps: it is marked when everything on it fits elsewhere, drained when that has been so for as
//! long as [`crate::Policy::spare_after`] asks, terminated when nothing is left on it. Anything that needs it in between takes
//! it back. A pool that grows gives nothing back, so that the two never alternate.

use std::cmp::Reverse;

use paas_model::{DynoKind, HostFault, HostId, PoolId};

use crate::{
    Action, DrainReason, Dyno, Host, TerminateReason, draft::Draft, muster::Muster, policy::after, room::Wanted,
};

impl<'a> Draft<'a> {
    /// All that is to be done about pools beyond what needs asked for.
    pub(crate) fn tend_pools(&mut self) {
        let pools: Vec<_> = self.fleet.musters.keys().copied().collect();
        for pool in &pools {
            self.terminate(*pool);
            self.drain_interrupted(*pool);
            self.reach_minimum(*pool);
            self.keep_headroom(*pool);
            self.drain_excess(*pool);
        }
        // What is placed by this plan is not on its host yet. The next plan, which is asked for at once, sees it there.
        if self.plan.actions.is_empty() {
            for pool in pools {
                if !self.replace_outdated(pool) {
                    self.save(pool);
                }
            }
        }
    }

    fn muster(&self, pool: PoolId) -> Option<&Muster<'a>> {
        self.fleet.musters.get(&pool)
    }

    fn terminate(&mut self, pool: PoolId) {
        let Some(muster) = self.fleet.musters.get(&pool) else { return };
        let mut doomed: Vec<(HostId, TerminateReason)> =
            muster.late.iter().map(|host| (host.id, TerminateReason::NeverJoined)).collect();
        for host in &muster.coming {
            self.plan.wake(after(host.since, self.policy.join_timeout));
        }
        for host in &muster.lost {
            if host.fault == Some(HostFault::MachineGone) {
                doomed.push((host.id, TerminateReason::MachineGone));
            } else if !self.fleet.is_outage {
                match after(host.since, self.policy.lost_grace) {
                    given_up if given_up <= self.now => doomed.push((host.id, TerminateReason::Lost)),
                    given_up => self.plan.wake(given_up),
                }
            }
        }
        for host in &muster.draining {
            let kept = host.drain_requested || muster.undrained.contains(&host.id);
            if !kept && self.is_empty(host.id) {
                doomed.push((host.id, TerminateReason::Drained));
            }
        }
        let actions = doomed.into_iter().map(|(host, reason)| Action::Terminate { host, reason });
        self.plan.actions.extend(actions);
    }

    fn is_empty(&self, host: HostId) -> bool {
        self.store.count_on(host) == 0 && self.room.space(host).is_none_or(|space| space.builds == 0)
    }

    /// What is held there by what does not stop, in MiB.
    fn keeps_mb(&self, host: HostId) -> i64 {
        self.room.space(host).map_or(0, |space| space.total.minus(space.later).mb)
    }

    fn drain_interrupted(&mut self, pool: PoolId) {
        let hosts: Vec<_> = self.muster(pool).map(|muster| muster.interrupted.clone()).unwrap_or_default();
        for host in hosts {
            self.drain(host, DrainReason::Interrupted);
        }
    }

    fn drain(&mut self, host: &'a Host, reason: DrainReason) {
        self.plan.actions.push(Action::Drain { host: host.id, reason });
        let Some(muster) = host.pool.and_then(|pool| self.fleet.musters.get_mut(&pool)) else { return };
        muster.ready.retain(|ready| ready.id != host.id);
        muster.interrupted.retain(|interrupted| interrupted.id != host.id);
        muster.draining.push(host);
        self.room.close(host.id);
    }

    fn reach_minimum(&mut self, pool: PoolId) {
        loop {
            let Some(muster) = self.muster(pool) else { return };
            if muster.usable() >= muster.pool.min_hosts as usize || !self.launch_any(pool) {
                return;
            }
        }
    }

    fn keep_headroom(&mut self, pool: PoolId) {
        let mut free = self.headroom(pool);
        while free < i64::from(self.policy.headroom_mb) && self.launch_any(pool) {
            let launched = self.muster(pool).and_then(|muster| muster.launched.last());
            free += launched.map_or(0, |offer| i64::from(offer.memory_mb));
        }
    }

    /// Memory that is free on the hosts of a pool, and on those that are on their way, in MiB.
    fn headroom(&self, pool: PoolId) -> i64 {
        let Some(muster) = self.muster(pool) else { return 0 };
        let ready = muster.ready.iter().filter_map(|host| self.room.space(host.id)).filter(|space| space.open);
        let coming = muster.coming.iter().map(|host| i64::from(host.memory_mb));
        let launched = muster.launched.iter().map(|offer| i64::from(offer.memory_mb));
        ready.map(|space| space.free.mb).sum::<i64>() + coming.sum::<i64>() + launched.sum::<i64>()
    }

    /// One more host, the cheapest by its memory; false: none can be had.
    fn launch_any(&mut self, pool: PoolId) -> bool {
        let Some(muster) = self.fleet.musters.get(&pool) else { return false };
        if !self.fleet.may_launch(muster, self.now) {
            if let Some(at) = muster.pool.launch_after.filter(|at| *at > self.now) {
                self.plan.wake(at);
            }
            return false;
        }
        let Some((_, offer)) = muster.best_offer(|room| room.mb) else { return false };
        self.launch(pool, offer);
        true
    }

    fn drain_excess(&mut self, pool: PoolId) {
        let Some(muster) = self.muster(pool) else { return };
        let max = muster.pool.max_hosts as usize;
        // One more is there while an outdated one is replaced.
        let allowed = max + usize::from(muster.outdated().next().is_some());
        let leaving = muster.draining.len();
        let stays = muster.held().saturating_sub(leaving);
        let excess = stays.saturating_sub(allowed);
        if excess == 0 {
            return;
        }
        let mut ready = muster.ready.clone();
        ready.sort_by_key(|host| (self.keeps_mb(host.id), host.id));
        for host in ready.into_iter().take(excess) {
            self.drain(host, DrainReason::OverMaximum);
        }
    }

    /// Takes the next step of replacing outdated hosts; false: there are none.
    fn replace_outdated(&mut self, pool: PoolId) -> bool {
        let Some(muster) = self.muster(pool) else { return false };
        let mut outdated: Vec<_> = muster.outdated().collect();
        if outdated.is_empty() {
            return false;
        }
        if muster.is_growing() || muster.draining.iter().any(|host| !host.drain_requested && !host.interrupted) {
            return true;
        }
        outdated.sort_by_key(|host| (self.keeps_mb(host.id), host.id));
        let above_minimum = muster.usable() > muster.pool.min_hosts as usize;
        let full = muster.held() > muster.pool.max_hosts as usize;
        let throttled = muster.pool.launch_after.is_some_and(|at| at > self.now);
        let offer = muster.best_offer(|room| room.mb).map(|(_, offer)| offer);
        let (Some(next), others) = (outdated.first().copied(), outdated.get(1..).unwrap_or_default()) else {
            return true;
        };
        // What is moved had better not be moved again: the hosts that are up to date have to take it.
        let mark = self.room.mark();
        others.iter().for_each(|host| self.room.close(host.id));
        let fits_for_good = above_minimum && self.fits_elsewhere(next, None);
        self.room.roll_back(mark);
        if fits_for_good {
            self.drain(next, DrainReason::Outdated);
        } else if let Some(offer) = offer.filter(|_| !full && !throttled) {
            self.launch(pool, offer);
        } else if above_minimum && self.fits_elsewhere(next, None) {
            self.drain(next, DrainReason::Outdated);
        }
        true
    }

    /// Marks hosts that the pool could do without, and drains those that have been marked for long enough.
    fn save(&mut self, pool: PoolId) {
        let Some(muster) = self.muster(pool) else { return };
        let usable = muster.usable();
        let is_marked = muster.ready.iter().any(|host| host.spare_since.is_some());
        if usable <= muster.pool.min_hosts as usize && !is_marked {
            return;
        }
        let mut candidates = muster.ready.clone();
        // Those that are marked first, so that the choice stands; then the emptiest, then the dearest.
        candidates.sort_by_key(|host| {
            let price = u64::MAX - host.price_micros_per_hour;
            (host.spare_since.is_none(), host.spare_since, self.keeps_mb(host.id), price, host.id)
        });
        let mut may_go = match muster.is_growing() {
            true => 0,
            false => usable.saturating_sub(muster.pool.min_hosts as usize),
        };
        let saved = |host: &&&Host| host.spare_since.is_some();
        let moving = muster.draining.iter().filter(saved).map(|host| self.store.count_on(host.id)).sum::<usize>();
        let mut moves = (self.policy.max_moves as usize).saturating_sub(moving);
        let mut is_first = moving == 0;
        let mark = self.room.mark();
        let mut drained = Vec::new();
        for host in candidates {
            let dynos = self.store.count_on(host.id);
            let affordable = may_go > 0 && (dynos <= moves || is_first);
            if !(affordable && self.fits_elsewhere(host, Some(pool))) {
                if host.spare_since.is_some() {
                    self.plan.actions.push(Action::UnmarkSpare { host: host.id });
                } else {
                    // The others are fuller still.
                    may_go = 0;
                }
                continue;
            }
            may_go -= 1;
            moves = moves.saturating_sub(dynos);
            is_first &= dynos == 0;
            match host.spare_since.map(|since| after(since, self.policy.spare_after)) {
                None => {
                    self.plan.actions.push(Action::MarkSpare { host: host.id });
                    self.plan.wake(after(self.now, self.policy.spare_after));
                }
                Some(due) if due <= self.now => drained.push(host),
                Some(due) => self.plan.wake(due),
            }
        }
        self.room.roll_back(mark);
        for host in drained {
            self.drain(host, DrainReason::Spare);
        }
    }

    /// Whether all that would leave this host finds room elsewhere, and one more to stand in. If so, the room is changed
    /// as if it had happened.
    fn fits_elsewhere(&mut self, host: &'a Host, headroom_of: Option<PoolId>) -> bool {
        let mark = self.room.mark();
        self.room.close(host.id);
        let mut dynos: Vec<_> = self.store.dynos_on(host.id).collect();
        dynos.retain(|dyno| dyno.kind == DynoKind::Formation && dyno.is_live());
        dynos.sort_by_key(|dyno| (Reverse(dyno.size.memory_mb()), dyno.id));
        let mut fits = true;
        for dyno in &dynos {
            fits = fits && self.fits_once_more(dyno, true);
        }
        // The largest one also needs room for its stand-in, for as long as the move takes.
        if let Some(largest) = dynos.first().filter(|_| self.policy.min_up_percent > 0) {
            fits = fits && self.fits_once_more(largest, false);
        }
        if let Some(pool) = headroom_of {
            fits &= self.headroom(pool) >= i64::from(self.policy.headroom_mb);
        }
        if !fits {
            self.room.roll_back(mark);
        }
        fits
    }

    /// Whether a host has room for one more like this dyno, which stays there if it is to.
    fn fits_once_more(&mut self, dyno: &Dyno, stays: bool) -> bool {
        let audience = self.store.audience(dyno.app_id);
        let wanted = Wanted { app: dyno.app_id, audience: &audience, kind: &dyno.name.kind, size: dyno.size };
        let Some(to) = self.room.choose(wanted) else { return false };
        if stays {
            self.room.take_for(wanted, to);
        }
        true
    }
}
