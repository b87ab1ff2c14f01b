use std::collections::{BTreeMap, BTreeSet};

use paas_model::{AppId, BuildId, DynoId, DynoKind, HostId, PoolId};

use crate::{App, Build, Dyno, Host, Pool, amount::Amount, audience::Audience, standing::Standings};

/// The rows of a world, by id and by what they belong to.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) pools: BTreeMap<PoolId, Pool>,
    pub(crate) hosts: BTreeMap<HostId, Host>,
    pub(crate) apps: BTreeMap<AppId, App>,
    pub(crate) dynos: BTreeMap<DynoId, Dyno>,
    pub(crate) builds: BTreeMap<BuildId, Build>,
    by_app: BTreeMap<AppId, BTreeSet<DynoId>>,
    by_host: BTreeMap<HostId, BTreeSet<DynoId>>,
}

impl Store {
    pub(crate) fn put_dyno(&mut self, dyno: Dyno) {
        self.by_app.entry(dyno.app_id).or_default().insert(dyno.id);
        if let Some(host) = dyno.reserves_on() {
            self.by_host.entry(host).or_default().insert(dyno.id);
        }
        self.dynos.insert(dyno.id, dyno);
    }

    pub(crate) fn take_dyno(&mut self, id: DynoId) -> Option<Dyno> {
        let dyno = self.dynos.remove(&id)?;
        forget(&mut self.by_app, &dyno.app_id, id);
        if let Some(host) = dyno.reserves_on() {
            forget(&mut self.by_host, &host, id);
        }
        Some(dyno)
    }

    /// The dynos of an app in the order of their ids.
    pub(crate) fn dynos_of(&self, app: AppId) -> impl Iterator<Item = &Dyno> {
        self.by_app.get(&app).into_iter().flatten().filter_map(|id| self.dynos.get(id))
    }

    /// The dynos that hold memory on a host.
    pub(crate) fn dynos_on(&self, host: HostId) -> impl Iterator<Item = &Dyno> {
        self.by_host.get(&host).into_iter().flatten().filter_map(|id| self.dynos.get(id))
    }

    pub(crate) fn count_on(&self, host: HostId) -> usize {
        self.by_host.get(&host).map_or(0, BTreeSet::len)
    }

    /// Apps that are in the world, and those of which only dynos are left.
    pub(crate) fn app_ids(&self) -> BTreeSet<AppId> {
        self.apps.keys().chain(self.by_app.keys()).copied().collect()
    }

    /// Which hosts an app's dynos may be on.
    pub(crate) fn audience(&self, app: AppId) -> Audience {
        self.apps.get(&app).map(|app| Audience::of_app(&app.labels)).unwrap_or_default()
    }

    /// Whether a dyno will be there for as long as its app is not changed.
    pub(crate) fn stays(&self, dyno: &Dyno) -> bool {
        let newest = self.apps.get(&dyno.app_id).and_then(App::runnable).map(|release| release.id);
        dyno.kind == DynoKind::Formation && newest == Some(dyno.release_id)
    }

    /// What an app would take if its formation were complete.
    pub(crate) fn desired(&self, app: AppId) -> Amount {
        let formations = self.apps.get(&app).filter(|app| app.runnable().is_some()).map(|app| &app.formation[..]);
        let formations = formations.unwrap_or_default().iter();
        let formations =
            formations.map(|formation| Amount::of_size(formation.size).times(i64::from(formation.quantity)));
        let commands = self.dynos_of(app).filter(|dyno| dyno.kind != DynoKind::Formation && dyno.is_live());
        formations.chain(commands.map(|dyno| Amount::of_size(dyno.size))).fold(Amount::default(), Amount::plus)
    }
}

impl Standings for Store {
    fn host(&self, id: HostId) -> Option<&Host> {
        self.hosts.get(&id)
    }
}

fn forget<K: Ord>(ids: &mut BTreeMap<K, BTreeSet<DynoId>>, of: &K, id: DynoId) {
    if let Some(known) = ids.get_mut(of) {
        known.remove(&id);
        if known.is_empty() {
            ids.remove(of);
        }
    }
}
