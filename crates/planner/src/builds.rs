//! Where builds go: last in line, as a build can wait and a dyno should not, and never so many that dynos starve.

use std::cmp::Reverse;

use paas_model::HostId;

use crate::{
    Action, Build, BuildWaiting, Policy, WaitReason,
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
            match choose(self.room, build, &audience, self.policy) {
                Some(host) => {
                    self.room.take_build(host, Amount::of_build(build));
                    self.plan.actions.push(Action::PlaceBuild { build: build.id, host });
                }
                None => {
                    let reason = self.build_misses(build, &audience);
                    self.plan.builds_waiting.push(BuildWaiting { build: build.id, app_id: build.app_id, reason });
                }
            }
        }
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

/// Whether a host may take one more build.
pub(crate) fn takes_build(space: &Space, need: Amount, policy: &Policy) -> bool {
    let cap = if space.audience.builds { 100 } else { policy.build_memory_percent.min(100) };
    let builds_mb = space.builds_hold.plus(need).mb;
    need.fits_in(space.free)
        && space.builds < policy.builds_per_host
        && builds_mb.saturating_mul(100) <= space.total.mb.saturating_mul(i64::from(cap))
}
