//! What becomes of plans, and what dynos do by themselves.

use chrono::TimeDelta;
use paas_model::{DynoId, DynoKind, DynoName, DynoState, HostFault, HostId, HostState};

use super::Sim;
use crate::Action;

impl Sim {
    /// Does what control's executor does with an action.
    pub(super) fn apply(&mut self, action: &Action) {
        match action {
            Action::Stop { dyno: id, .. } => match self.dynos.get(id) {
                // Nobody will ever say that it ended.
                Some(dyno) if dyno.host.is_none_or(|host| self.is_gone(host)) => drop(self.dynos.remove(id)),
                Some(dyno) if dyno.state.may_have_container() => self.enter(*id, DynoState::Stopping),
                _ => drop(self.dynos.remove(id)),
            },
            Action::Place { dyno: id, host } => {
                if let Some(dyno) = self.dynos.get_mut(id) {
                    dyno.host = Some(*host);
                }
                self.enter(*id, DynoState::Placed);
            }
            Action::Start { app_id, release_id, kind, number, size, command, crashes, host, replaces } => {
                if let Some(crashed) = replaces {
                    self.dynos.remove(crashed);
                }
                let id = self.fresh_id();
                let name = DynoName { kind: kind.clone(), number: *number };
                let mut dyno = self.dyno(id, *app_id, *release_id, DynoKind::Formation, name, *size, command);
                (dyno.host, dyno.crashes) = (Some(*host), *crashes);
                self.dynos.insert(id, dyno);
                self.enter(id, DynoState::Placed);
            }
            Action::PlaceBuild { build: id, host } => {
                let takes = self.seconds(60);
                if let Some(build) = self.builds.get_mut(id) {
                    build.host = Some(*host);
                    self.builds_end_at.insert(*id, self.now + takes);
                }
            }
            Action::Launch { pool, instance_type, zone, spot } => self.request(*pool, instance_type, zone, *spot),
            Action::Drain { host, .. } => self.set_host(*host, HostState::Draining),
            Action::Undrain { host } => {
                self.set_host(*host, HostState::Ready);
                self.mark_spare(*host, false);
            }
            Action::Terminate { host, .. } => self.set_host(*host, HostState::Terminating),
            Action::MarkSpare { host } => self.mark_spare(*host, true),
            Action::UnmarkSpare { host } => self.mark_spare(*host, false),
        }
    }

    /// A dyno that has a container ends by itself. Formation dynos crash; others are gone.
    pub fn end(&mut self, id: DynoId) {
        let Some(dyno) = self.dynos.get_mut(&id).filter(|dyno| dyno.state.may_have_container()) else { return };
        self.dynos_move_at.remove(&id);
        if dyno.kind != DynoKind::Formation || dyno.state == DynoState::Stopping {
            self.dynos.remove(&id);
            return;
        }
        (dyno.state, dyno.up_at) = (DynoState::Crashed, None);
        dyno.crashes += 1;
        let wait = TimeDelta::from_std(self.policy.crash.wait(dyno.crashes)).unwrap_or(TimeDelta::MAX);
        dyno.restart_at = Some(self.now + wait);
    }

    /// A dyno does what its state leads to. On a host that does not answer nothing is seen to happen.
    pub(super) fn progress(&mut self, id: DynoId) {
        let crashes = self.happens(self.crash_percent);
        let Some(dyno) = self.dynos.get(&id) else { return };
        if dyno.host.is_some_and(|host| self.is_cut_off(host)) {
            return;
        }
        match dyno.state {
            DynoState::Placed => self.enter(id, DynoState::Starting),
            DynoState::Starting if crashes || self.broken.contains(&dyno.release_id) => self.end(id),
            DynoState::Starting => self.enter(id, DynoState::Up),
            DynoState::Up | DynoState::Stopping => self.end(id),
            DynoState::Wanted | DynoState::Crashed | DynoState::Gone => {}
        }
    }

    /// The host answers again: what was about to happen there does.
    pub(super) fn resume(&mut self, host: HostId) {
        let dynos: Vec<_> = self.dynos.values().filter(|dyno| dyno.reserves_on() == Some(host)).cloned().collect();
        for dyno in dynos {
            if dyno.state != DynoState::Up || dyno.kind != DynoKind::Formation {
                self.dynos_move_at.entry(dyno.id).or_insert(self.now);
            }
        }
    }

    /// Nothing runs on this host any more.
    pub(super) fn end_all_on(&mut self, host: HostId) {
        let dynos: Vec<_> = self.dynos.values().filter(|dyno| dyno.reserves_on() == Some(host)).cloned().collect();
        for dyno in dynos {
            // Formation dynos are the plan's to replace; those that it has already told to stop are over.
            if dyno.kind != DynoKind::Formation || dyno.state == DynoState::Stopping {
                self.dynos.remove(&dyno.id);
                self.dynos_move_at.remove(&dyno.id);
            }
        }
    }

    /// Sets the state and when it ends.
    fn enter(&mut self, id: DynoId, state: DynoState) {
        let Some(dyno) = self.dynos.get_mut(&id) else { return };
        dyno.state = state;
        dyno.up_at = (state == DynoState::Up).then_some(self.now);
        let one_off = dyno.kind != DynoKind::Formation;
        let seconds = match state {
            DynoState::Placed => 1,
            DynoState::Starting => 5,
            DynoState::Stopping => 10,
            DynoState::Up if one_off => 60,
            _ => {
                self.dynos_move_at.remove(&id);
                return;
            }
        };
        let at = self.now + self.seconds(seconds);
        self.dynos_move_at.insert(id, at);
    }

    fn is_gone(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_none_or(|host| {
            host.state == HostState::Lost && host.fault == Some(HostFault::MachineGone) || host.state == HostState::Gone
        })
    }

    fn is_cut_off(&self, host: HostId) -> bool {
        self.hosts.get(&host).is_none_or(|host| matches!(host.state, HostState::Lost | HostState::Terminating))
    }
}
