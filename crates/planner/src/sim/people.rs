//! What people do to their apps.

use paas_model::{
    AppId, AppName, DynoId, DynoKind, DynoName, DynoSize, DynoState, Labels, ProcessType, ReleaseId, ReleaseVersion,
};

use super::Sim;
use crate::{App, Build, Dyno, Formation, Release};

impl Sim {
    pub fn add_app(&mut self, name: AppName) -> AppId {
        let id = self.fresh_id();
        let app = App { id, name, labels: Labels::new(), canary_seconds: None, release: None, formation: Vec::new() };
        self.apps.insert(id, app);
        id
    }

    pub fn label_app(&mut self, app: AppId, labels: Labels) {
        if let Some(app) = self.apps.get_mut(&app) {
            app.labels = labels;
        }
    }

    pub fn set_canary(&mut self, app: AppId, seconds: Option<u32>) {
        if let Some(app) = self.apps.get_mut(&app) {
            app.canary_seconds = seconds;
        }
    }

    /// A new release with code; `broken`: its dynos never come up.
    pub fn deploy(&mut self, app: AppId, broken: bool) {
        let id = self.fresh_id();
        if broken {
            self.broken.insert(id);
        }
        if let Some(app) = self.apps.get_mut(&app) {
            let version = ReleaseVersion(app.release.as_ref().map_or(1, |release| release.version.0 + 1));
            app.release = Some(Release { id, version, has_slug: true });
        }
    }

    /// Sets the quantity and size of a type; a type that is new gets its name as command, and `clock` is a singleton.
    pub fn scale(&mut self, app: AppId, kind: &ProcessType, quantity: u32, size: DynoSize) {
        let Some(app) = self.apps.get_mut(&app) else { return };
        match app.formation.iter_mut().find(|formation| formation.kind == *kind) {
            Some(formation) => (formation.quantity, formation.size) = (quantity, size),
            None => {
                let (command, singleton) = (format!("run {kind}"), kind.as_str() == "clock");
                app.formation.push(Formation { kind: kind.clone(), quantity, size, command, singleton });
            }
        }
    }

    /// The type is gone from the Procfile.
    pub fn remove_type(&mut self, app: AppId, kind: &ProcessType) {
        if let Some(app) = self.apps.get_mut(&app) {
            app.formation.retain(|formation| formation.kind != *kind);
        }
    }

    /// `paas run`: it ends by itself some time after it is up.
    pub fn run(&mut self, app: AppId, size: DynoSize) {
        let Some(release) = self.apps.get(&app).and_then(App::runnable) else { return };
        let (release_id, id) = (release.id, self.fresh_id());
        let number = u32::try_from(self.last_id % 9_000).unwrap_or_default() + 1;
        let name = DynoName { kind: ProcessType::run(), number };
        let dyno = self.dyno(id, app, release_id, DynoKind::OneOff, name, size, "bash");
        self.dynos.insert(id, dyno);
    }

    /// `git push`: the build ends by itself some time after it has a host.
    pub fn build(&mut self, app: AppId, memory_mb: u32) {
        let id = self.fresh_id();
        let build = Build { id, app_id: app, memory_mb, cpu_millis: 1_000, host: None };
        self.builds.insert(id, build);
    }

    pub fn request_restart(&mut self, id: DynoId) {
        if let Some(dyno) = self.dynos.get_mut(&id) {
            dyno.restart_requested = true;
        }
    }

    /// A dyno that nothing has happened to yet.
    #[expect(clippy::too_many_arguments, reason = "they are the columns of its row")]
    pub(super) fn dyno(
        &self,
        id: DynoId,
        app_id: AppId,
        release_id: ReleaseId,
        kind: DynoKind,
        name: DynoName,
        size: DynoSize,
        command: &str,
    ) -> Dyno {
        Dyno {
            id,
            app_id,
            release_id,
            kind,
            name,
            size,
            command: command.to_owned(),
            state: DynoState::Wanted,
            host: None,
            up_at: None,
            crashes: 0,
            restart_at: None,
            restart_requested: false,
        }
    }
}
