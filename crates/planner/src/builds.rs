//! Where builds go: last in line, as a build can wait and a dyno should not, and never so many that dynos starve. Where all
//! hosts are full for good, one at a time runs nevertheless.

use std::cmp::Reverse;

use paas_model::HostId;

use crate::{
    Action, Build, BuildWaiting, Host, Policy, WaitReason,
    amount::Amount,
    audience::Audience,
    draft::Draft,
    room::{Room, Space},
    standing::{Standing, Standings as _},
};

/// How good a host is for one more build; the least one is chosen. Fields in the order of their weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct BuildScore {
    builds: u32,
    free_mb: Reverse<i64>,
    host: HostId,
}

impl Draft<'_> {
    /// Gives a host to each build that has none, or whose host is lost.
    pub(crate) fn place_builds(&mut self) {
        let store = self.store;
        for build in store.builds.values() {
            if build.host.is_some_and(|host| !Standing::of(store.host(host)).is_lost()) {
                continue;
            }
            let audience = builders(self.room, &store.audience(build.app_id));
            let host = match choose(self.room, build, &audience, self.policy) {
                Some(host) => Ok(host),
                None => match self.grow_for(build, &audience) {
                    Some(reason) => Err(reason),
                    None => crowd(self.room, build, &audience, self.policy)
                        .ok_or_else(|| self.build_misses(build, &audience)),
                },
            };
            match host {
                Ok(host) => {
                    self.room.take_build(host, Amount::of_build(build));
                    self.plan.actions.push(Action::PlaceBuild { build: build.id, host });
                }
                Err(reason) => {
                    self.plan.builds_waiting.push(BuildWaiting { build: build.id, app_id: build.app_id, reason });
                }
            }
        }
    }

    /// Waits for a host that is on its way, or asks for one; `None`: others run, and will make way, or none can be had.
    fn grow_for(&mut self, build: &Build, audience: &Audience) -> Option<WaitReason> {
        if self.room.hosts(audience).any(|(_, space)| space.builds > 0) {
            return None;
        }
        let app = self.store.audience(build.app_id);
        let need = Amount::of_build(build);
        for audience in [app.builders(), app] {
            let cap = cap_percent(&audience, self.policy);
            let carries = |room: Amount| if fits_cap(need, need, room, cap) { need.mb } else { 0 };
            let mut musters = self.fleet.musters.iter().filter(|(_, muster)| muster.audience == audience);
            let found = musters.find_map(|(id, muster)| {
                let comes = |host: &Host| carries(Amount::of_host(host)) > 0;
                let launched = muster.launched.iter().any(|offer| carries(Amount::of_offer(offer)) > 0);
                if launched || muster.coming.iter().any(|host| comes(host)) {
                    return Some((muster.pool, None));
                }
                let offer = muster.best_offer(carries).map(|(_, offer)| (*id, offer));
                offer.filter(|_| self.fleet.may_launch(muster, self.now)).map(|offer| (muster.pool, Some(offer)))
            });
            if let Some((pool, offer)) = found {
                if let Some((id, offer)) = offer {
                    self.launch(id, offer);
                }
                return Some(WaitReason::HostLaunching { pool: pool.name.clone() });
            }
        }
        None
    }

    fn build_misses(&self, build: &Build, audience: &Audience) -> WaitReason {
        let need = Amount::of_build(build);
        let with_room = self.room.hosts(audience).any(|(_, space)| need.fits_in(space.free));
        match with_room {
            true => WaitReason::BuildsFull { running: self.room.hosts(audience).map(|(_, space)| space.builds).sum() },
            false => self.missing(audience, need),
        }
    }
}

/// The hosts for the builds of an app: those that are kept for builds if any is ready, or else those of its dynos.
pub(crate) fn builders(room: &Room, app: &Audience) -> Audience {
    let builders = app.builders();
    if room.has_hosts(&builders) { builders } else { app.clone() }
}

pub(crate) fn choose(room: &Room, build: &Build, audience: &Audience, policy: &Policy) -> Option<HostId> {
    let fitting = room.hosts(audience).filter(|(_, space)| takes_build(space, Amount::of_build(build), policy));
    let scores =
        fitting.map(|(host, space)| BuildScore { builds: space.builds, free_mb: Reverse(space.free.mb), host });
    scores.min().map(|score| score.host)
}

/// A host that is full of dynos and takes a build all the same, so that builds do not wait for ever where nothing makes
/// room for them: one at a time, and none while another runs that will make way. It takes nothing from dynos (see
/// `room.rs`), which come before it in everything that a kernel shares out.
fn crowd(room: &Room, build: &Build, audience: &Audience, policy: &Policy) -> Option<HostId> {
    if room.hosts(audience).any(|(_, space)| space.builds > 0) {
        return None;
    }
    let (need, cap) = (Amount::of_build(build), cap_percent(audience, policy));
    let fitting = room.hosts(audience).filter(|(_, space)| fits_cap(need, need, space.total, cap));
    fitting.map(|(host, space)| (Reverse(space.free.mb), host)).min().map(|(_, host)| host)
}

/// Whether a host may take one more build.
pub(crate) fn takes_build(space: &Space, need: Amount, policy: &Policy) -> bool {
    // The first takes nothing, and goes where there is room all the same.
    let takes = if space.builds == 0 { need } else { space.build_takes(need) };
    takes.fits_in(space.free)
        && space.builds < policy.builds_per_host
        && fits_cap(need, space.builds_hold.plus(need), space.total, cap_percent(&space.audience, policy))
}

/// How much of a host builds may hold, in percent.
fn cap_percent(audience: &Audience, policy: &Policy) -> u32 {
    if audience.builds { 100 } else { policy.build_memory_percent.min(100) }
}

/// Whether a host with this much in all is large enough for one build, and for all of them within the cap.
fn fits_cap(need: Amount, builds: Amount, total: Amount, cap_percent: u32) -> bool {
    need.fits_in(total) && builds.mb.saturating_mul(100) <= total.mb.saturating_mul(i64::from(cap_percent))
}
