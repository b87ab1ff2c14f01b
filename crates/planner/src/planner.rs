//! A world that is kept between plans, so that a plan costs what has changed and not what there is.
//!
//! **Why this gives the plan that [`plan`] gives.** A plan begins by surveying apps, each by its own rows and by the
//! hosts that its dynos are on. An app that asks for nothing and has nothing on its way adds nothing to a plan, and will
//! not until one of those rows changes. So it is enough to survey the apps that were changed and those that asked for
//! something last time; everything after the survey is the same code on the same room.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use paas_model::{AppId, BuildId, DynoId, DynoState, HostId, PoolId};

use crate::{
    App, Build, Dyno, Host, Plan, Policy, Pool, World, demand::Demand, draft::Draft, room::Room, spread::Spread,
    standing::Standings as _, store::Store,
};

/// The whole decision. Its actions are sound when all of them are applied, in their order. What they lead to may need
/// another plan at once, so ask again after each one that was not empty.
#[must_use]
pub fn plan(world: &World, policy: &Policy, now: DateTime<Utc>) -> Plan {
    Planner::new(world.clone()).plan(policy, now)
}

/// One row that is new or has changed, or that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Pool(Pool),
    PoolGone(PoolId),
    Host(Host),
    HostGone(HostId),
    App(App),
    AppGone(AppId),
    Dyno(Dyno),
    DynoGone(DynoId),
    Build(Build),
    BuildGone(BuildId),
}

#[derive(Debug, Default)]
pub struct Planner {
    store: Store,
    room: Room,
    demand: Demand,
    /// Apps that the next plan has to look at.
    restless: BTreeSet<AppId>,
    /// What the last plan went by.
    policy: Option<Policy>,
}

impl Planner {
    #[must_use]
    pub fn new(world: World) -> Self {
        let mut planner = Self::default();
        world.hosts.into_iter().for_each(|host| planner.put_host(host));
        let store = &mut planner.store;
        store.pools = world.pools.into_iter().map(|pool| (pool.id, pool)).collect();
        store.apps = world.apps.into_iter().map(|app| (app.id, app)).collect();
        for dyno in world.dynos {
            planner.room.count_dyno(&dyno, 1);
            store.put_dyno(dyno);
        }
        for build in world.builds {
            planner.room.count_build(&build, 1);
            store.builds.insert(build.id, build);
        }
        for app in planner.store.app_ids() {
            planner.look_at(app);
        }
        planner
    }

    /// Takes in what has changed in the world. Rows that are as they were are fine, and cost nothing.
    pub fn update(&mut self, changes: impl IntoIterator<Item = Change>) {
        let mut apps = BTreeSet::new();
        for change in changes {
            match change {
                Change::Pool(pool) => drop(self.store.pools.insert(pool.id, pool)),
                Change::PoolGone(id) => drop(self.store.pools.remove(&id)),
                Change::Host(host) if self.store.host(host.id) == Some(&host) => {}
                Change::Host(host) => {
                    let on_it = self.store.dynos_on(host.id).map(|dyno| dyno.app_id);
                    // Their demand and where they are has not changed, unless the host is another place now.
                    match self.store.host(host.id).is_some_and(|before| before.zone == host.zone) {
                        true => self.restless.extend(on_it),
                        false => apps.extend(on_it),
                    }
                    self.put_host(host);
                }
                Change::HostGone(id) => {
                    apps.extend(self.store.dynos_on(id).map(|dyno| dyno.app_id));
                    self.store.remove_host(id);
                    self.room.remove_host(id);
                }
                Change::App(app) if self.store.apps.get(&app.id) == Some(&app) => {}
                Change::App(app) => {
                    apps.insert(app.id);
                    self.store.apps.insert(app.id, app);
                }
                Change::AppGone(id) => {
                    apps.insert(id);
                    self.store.apps.remove(&id);
                }
                Change::Dyno(dyno) if self.store.dyno(dyno.id) == Some(&dyno) => {}
                Change::Dyno(dyno) => {
                    apps.extend(self.take_dyno(dyno.id));
                    apps.insert(dyno.app_id);
                    self.room.count_dyno(&dyno, 1);
                    self.store.put_dyno(dyno);
                }
                Change::DynoGone(id) => apps.extend(self.take_dyno(id)),
                Change::Build(build) => {
                    self.take_build(build.id);
                    self.room.count_build(&build, 1);
                    self.store.builds.insert(build.id, build);
                }
                Change::BuildGone(id) => self.take_build(id),
            }
        }
        for app in apps {
            self.look_at(app);
        }
    }

    /// Takes in a whole world. Costs a look at every row, and else what has changed.
    pub fn follow(&mut self, world: World) {
        let mut gone = Vec::new();
        missing(self.store.pools.keys().copied(), world.pools.iter().map(|pool| pool.id), Change::PoolGone, &mut gone);
        missing(
            self.store.hosts().map(|host| host.id),
            world.hosts.iter().map(|host| host.id),
            Change::HostGone,
            &mut gone,
        );
        missing(self.store.apps.keys().copied(), world.apps.iter().map(|app| app.id), Change::AppGone, &mut gone);
        missing(
            self.store.dynos().map(|dyno| dyno.id),
            world.dynos.iter().map(|dyno| dyno.id),
            Change::DynoGone,
            &mut gone,
        );
        missing(
            self.store.builds.keys().copied(),
            world.builds.iter().map(|build| build.id),
            Change::BuildGone,
            &mut gone,
        );
        let hosts = world.hosts.into_iter().map(Change::Host);
        let pools = world.pools.into_iter().map(Change::Pool);
        let apps = world.apps.into_iter().map(Change::App);
        let dynos = world.dynos.into_iter().map(Change::Dyno);
        let builds = world.builds.into_iter().map(Change::Build);
        self.update(gone.into_iter().chain(hosts).chain(pools).chain(apps).chain(dynos).chain(builds));
    }

    /// What to do now.
    pub fn plan(&mut self, policy: &Policy, now: DateTime<Utc>) -> Plan {
        if self.policy.replace(*policy) != Some(*policy) {
            self.restless = self.store.app_ids();
        }
        let start = self.room.mark();
        let mut draft = Draft::new(&self.store, &mut self.room, &self.demand, policy, now);
        for app in std::mem::take(&mut self.restless) {
            draft.survey(app);
        }
        draft.place();
        draft.place_builds();
        draft.tend_pools();
        let (plan, restless) = draft.finish();
        self.restless = restless;
        self.room.roll_back(start);
        plan
    }

    /// The world as it was taken in, its rows by id.
    #[must_use]
    pub fn world(&self) -> World {
        World {
            pools: self.store.pools.values().cloned().collect(),
            hosts: self.store.hosts().cloned().collect(),
            apps: self.store.apps.values().cloned().collect(),
            dynos: self.store.dynos().cloned().collect(),
            builds: self.store.builds.values().cloned().collect(),
        }
    }

    pub(crate) fn parts(&self) -> (&Store, &Room) {
        (&self.store, &self.room)
    }

    fn put_host(&mut self, host: Host) {
        self.room.set_host(&host);
        self.store.put_host(host);
    }

    fn take_dyno(&mut self, id: DynoId) -> Option<AppId> {
        let dyno = self.store.take_dyno(id)?;
        self.room.count_dyno(&dyno, -1);
        Some(dyno.app_id)
    }

    fn take_build(&mut self, id: BuildId) {
        if let Some(build) = self.store.builds.remove(&id) {
            self.room.count_build(&build, -1);
        }
    }

    /// Counts an app anew, and has the next plan look at it.
    fn look_at(&mut self, app: AppId) {
        self.restless.insert(app);
        self.demand.set(app, self.store.audience(app), self.store.desired(app));
        let mut spread = Spread::default();
        for dyno in self.store.dynos_of(app).filter(|dyno| self.store.stays(dyno) && dyno.state != DynoState::Stopping)
        {
            if let Some(host) = dyno.reserves_on() {
                spread.add(&dyno.name.kind, host, self.room.zone(host));
            }
        }
        self.room.set_spread(app, spread);
    }
}

/// The rows of which there are no more.
fn missing<K: Copy + Ord>(
    known: impl Iterator<Item = K>,
    ids: impl Iterator<Item = K>,
    change: impl Fn(K) -> Change,
    gone: &mut Vec<Change>,
) {
    let ids: BTreeSet<K> = ids.collect();
    gone.extend(known.filter(|id| !ids.contains(id)).map(change));
}
