use std::collections::{BTreeMap, BTreeSet};

use paas_model::{AppId, BuildId, DynoId, DynoKind, HostId, PoolId};

use crate::{
    App, Build, Dyno, Host, Pool,
    amount::Amount,
    audience::Audience,
    standing::{Standing, Standings},
};

/// The rows of a world, by id and by what they belong to.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) pools: BTreeMap<PoolId, Pool>,
    pub(crate) apps: BTreeMap<AppId, App>,
    pub(crate) builds: BTreeMap<BuildId, Build>,
    hosts: BTreeMap<HostId, Host>,
    /// The dynos of each app together, as they are looked at together.
    dynos: BTreeMap<AppId, BTreeMap<DynoId, Dyno>>,
    app_of: BTreeMap<DynoId, AppId>,
    by_host: BTreeMap<HostId, BTreeSet<DynoId>>,
    /// The hosts that dynos do not stay on, and those that dynos are on and nothing is known of. They are few, so that
    /// it is quickly said of a dyno that it stays.
    shaky: BTreeSet<HostId>,
}

impl Store {
    pub(crate) fn put_host(&mut self, host: Host) {
        let id = host.id;
        self.hosts.insert(id, host);
        self.note_standing(id);
    }

    pub(crate) fn remove_host(&mut self, id: HostId) {
        self.hosts.remove(&id);
        self.note_standing(id);
    }

    pub(crate) fn put_dyno(&mut self, dyno: Dyno) {
        self.app_of.insert(dyno.id, dyno.app_id);
        if let Some(host) = dyno.reserves_on() {
            self.by_host.entry(host).or_default().insert(dyno.id);
            self.note_standing(host);
        }
        self.dynos.entry(dyno.app_id).or_default().insert(dyno.id, dyno);
    }

    pub(crate) fn take_dyno(&mut self, id: DynoId) -> Option<Dyno> {
        let app = self.app_of.remove(&id)?;
        let of_app = self.dynos.get_mut(&app)?;
        let dyno = of_app.remove(&id)?;
        if of_app.is_empty() {
            self.dynos.remove(&app);
        }
        if let Some(host) = dyno.reserves_on() {
            self.leave(host, id);
        }
        Some(dyno)
    }

    fn leave(&mut self, host: HostId, id: DynoId) {
        if let Some(on_it) = self.by_host.get_mut(&host) {
            on_it.remove(&id);
            if on_it.is_empty() {
                self.by_host.remove(&host);
                self.note_standing(host);
            }
        }
    }

    fn note_standing(&mut self, host: HostId) {
        let stays = match self.hosts.get(&host) {
            Some(host) => Standing::of(Some(host)) == Standing::Stays,
            None => !self.by_host.contains_key(&host),
        };
        if stays {
            self.shaky.remove(&host);
        } else {
            self.shaky.insert(host);
        }
    }

    pub(crate) fn hosts(&self) -> impl ExactSizeIterator<Item = &Host> {
        self.hosts.values()
    }

    pub(crate) fn dyno(&self, id: DynoId) -> Option<&Dyno> {
        self.dynos.get(self.app_of.get(&id)?)?.get(&id)
    }

    /// All dynos in the order of their ids.
    pub(crate) fn dynos(&self) -> impl Iterator<Item = &Dyno> {
        self.app_of.keys().filter_map(|id| self.dyno(*id))
    }

    /// The dynos of an app in the order of their ids.
    pub(crate) fn dynos_of(&self, app: AppId) -> impl Iterator<Item = &Dyno> {
        self.dynos.get(&app).into_iter().flat_map(BTreeMap::values)
    }

    /// The dynos that hold memory on a host.
    pub(crate) fn dynos_on(&self, host: HostId) -> impl Iterator<Item = &Dyno> {
        self.by_host.get(&host).into_iter().flatten().filter_map(|id| self.dyno(*id))
    }

    pub(crate) fn count_on(&self, host: HostId) -> usize {
        self.by_host.get(&host).map_or(0, BTreeSet::len)
    }

    /// Apps that are in the world, and those of which only dynos are left.
    pub(crate) fn app_ids(&self) -> BTreeSet<AppId> {
        self.apps.keys().chain(self.dynos.keys()).copied().collect()
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

    fn standing_on(&self, host: HostId) -> Standing {
        match self.shaky.contains(&host) {
            true => Standing::of(self.host(host)),
            false => Standing::Stays,
        }
    }
}
