use chrono::{DateTime, Utc};
use paas_model::{DynoState, HostFault, HostId, HostState};

use crate::{Dyno, Host, Policy, policy::after};

/// What may be said of the host that a dyno is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Stays,
    Draining,
    /// It will be taken away within minutes.
    Interrupted,
    /// It does not answer: what runs there serves nobody, as far as anyone knows, but it may run.
    Unreachable {
        since: DateTime<Utc>,
    },
    /// The machine has ended, or the host is not known any more: nothing runs there.
    Gone,
}

impl Standing {
    /// `None`: a host that is not in the world.
    pub(crate) fn of(host: Option<&Host>) -> Self {
        let Some(host) = host else { return Self::Gone };
        match host.state {
            HostState::Ready | HostState::Draining if host.interrupted => Self::Interrupted,
            HostState::Requested | HostState::Launching | HostState::Joining | HostState::Ready => Self::Stays,
            HostState::Draining => Self::Draining,
            HostState::Lost if host.fault == Some(HostFault::MachineGone) => Self::Gone,
            // A machine that is told to end runs on for a while.
            HostState::Lost | HostState::Terminating => Self::Unreachable { since: host.since },
            HostState::Gone => Self::Gone,
        }
    }

    pub(crate) const fn is_lost(self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Gone)
    }

    /// Until when a container there has to be taken for running. `None`: it does not run. `Some(None)`: nobody knows.
    pub(crate) fn may_run_until(self, policy: &Policy, now: DateTime<Utc>) -> Option<Option<DateTime<Utc>>> {
        match self {
            Self::Stays | Self::Draining | Self::Interrupted => Some(None),
            Self::Gone => None,
            Self::Unreachable { since } => {
                let Some(grace) = policy.singleton_grace else { return Some(None) };
                let until = after(since, grace);
                (until > now).then_some(Some(until))
            }
        }
    }
}

/// Looks up hosts for dynos.
pub(crate) trait Standings {
    fn host(&self, id: HostId) -> Option<&Host>;

    /// What may be said of a host that a dyno is on.
    fn standing_on(&self, host: HostId) -> Standing {
        Standing::of(self.host(host))
    }

    fn standing(&self, dyno: &Dyno) -> Standing {
        match dyno.reserves_on() {
            Some(host) => self.standing_on(host),
            None => Standing::Stays,
        }
    }

    /// Whether requests may be reaching it.
    fn serves(&self, dyno: &Dyno) -> bool {
        dyno.state == DynoState::Up && !self.standing(dyno).is_lost()
    }
}
