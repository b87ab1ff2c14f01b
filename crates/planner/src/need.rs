use std::cmp::Reverse;

use paas_model::{AppId, DynoId, DynoKind, DynoSize, HostId, ProcessType, ReleaseId};

use crate::{Dyno, StopReason, amount::Amount, audience::Audience, room::Wanted, slot::Pace};

/// The dynos of one type of one app.
pub(crate) type Crew<'a> = (AppId, &'a ProcessType);

/// One dyno that wants a host.
#[derive(Debug, Clone)]
pub(crate) struct Need<'a> {
    pub(crate) pace: Pace,
    /// 0: a command.
    pub(crate) number: u32,
    pub(crate) crew: Crew<'a>,
    /// The hosts that it may be on.
    pub(crate) audience: Audience,
    pub(crate) size: DynoSize,
    pub(crate) step: Step<'a>,
    /// The dyno in the same slot that could be stopped to make room, and what that would be called.
    pub(crate) gives_up: Option<(&'a Dyno, StopReason)>,
    /// The host that is being emptied by what this need is part of.
    pub(crate) empties: Option<HostId>,
}

#[derive(Debug, Clone)]
pub(crate) enum Step<'a> {
    Place(&'a Dyno),
    Start {
        release: ReleaseId,
        command: &'a str,
        crashes: u32,
        replaces: Option<DynoId>,
        instead_of: Option<(&'a Dyno, StopReason)>,
        /// Its number is past the quantity: it serves while others are moved, and needs room for one of those too.
        stands_in: bool,
    },
    /// Only one may run: the one that runs stops, and the next is started when it is gone.
    StopFirst(&'a Dyno, StopReason),
}

impl<'a> Need<'a> {
    /// The need of a one-off or release-phase dyno.
    pub(crate) fn command(dyno: &'a Dyno, audience: Audience) -> Self {
        Self {
            pace: Pace::Outright,
            number: 0,
            crew: (dyno.app_id, &dyno.name.kind),
            audience,
            size: dyno.size,
            step: Step::Place(dyno),
            gives_up: None,
            empties: None,
        }
    }

    pub(crate) fn is_command(&self) -> bool {
        matches!(self.step, Step::Place(dyno) if dyno.kind != DynoKind::Formation)
    }

    /// Place in line among equals: every app's first dyno before any app's second, and of these the largest first, as the
    /// small ones fit into what is left.
    pub(crate) fn rank(&self) -> (u32, Reverse<u32>, AppId, &'a ProcessType, Option<DynoId>) {
        let dyno = match &self.step {
            Step::Place(dyno) => Some(dyno.id),
            Step::Start { .. } | Step::StopFirst(..) => None,
        };
        (self.number, Reverse(self.size.memory_mb()), self.crew.0, self.crew.1, dyno)
    }

    pub(crate) fn is_swap(&self) -> bool {
        matches!(self.step, Step::Start { instead_of: Some(_), .. } | Step::StopFirst(..))
    }

    pub(crate) fn stands_in(&self) -> bool {
        matches!(self.step, Step::Start { stands_in: true, .. })
    }

    pub(crate) fn amount(&self) -> Amount {
        Amount::of_size(self.size)
    }

    pub(crate) fn wanted(&self) -> Wanted<'_> {
        Wanted { app: self.crew.0, audience: &self.audience, kind: self.crew.1, size: self.size }
    }
}

/// How far a type is on its way to its newest release, and what must not be taken from it.
#[derive(Debug, Default)]
pub(crate) struct Rollout {
    pub(crate) surge: u32,
    /// Right dynos that are placed, starting, or certain to be placed soon.
    pub(crate) coming: u32,
    /// Right dynos that crashed and are not due.
    pub(crate) failing: u32,
    /// Whether a right dyno is crashed, due or not.
    pub(crate) crashed: bool,
    /// Dynos of any release that serve and that this plan leaves alone.
    pub(crate) serving: u32,
    /// So many are left serving by moves.
    pub(crate) floor: u32,
    /// The newest release has yet to prove itself with this many dynos (0 or 1) that are up.
    pub(crate) canary: Option<u32>,
}
