//! Judges one slot: which of its dynos go, and what it needs next. Knows nothing of other slots or of room on hosts.
//!
//! A slot is one number of one process type of one app. It should hold one dyno: of the newest release, with the
//! formation's size and command, up, on a host that stays. On the way there it may hold one dyno of an older release
//! (the one that serves) beside one of the newest, never two of the same release.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use paas_model::{DynoState, ReleaseId};

use crate::{
    Dyno, Formation, StopReason,
    standing::{Standing, Standings},
};

/// What a slot should hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) release: ReleaseId,
    pub(crate) formation: &'a Formation,
}

#[derive(Debug)]
pub(crate) struct Verdict<'a> {
    /// Dynos that go whatever happens to the rest.
    pub(crate) stops: Vec<(&'a Dyno, StopReason)>,
    pub(crate) next: Next<'a>,
}

impl Verdict<'_> {
    /// Whether there is nothing to do about the slot.
    pub(crate) fn is_settled(&self) -> bool {
        self.stops.is_empty() && matches!(self.next, Next::Settled)
    }
}

#[derive(Debug)]
pub(crate) enum Next<'a> {
    /// A dyno of the newest release serves, or just took over.
    Settled,
    /// The right dyno is placed or starting.
    Coming,
    /// The right dyno crashed and is not due.
    BackingOff { until: DateTime<Utc> },
    /// The right dyno has no host yet.
    Place(&'a Dyno, Option<&'a Dyno>),
    /// A new dyno is needed beside whatever is left in the slot.
    Start {
        crashes: u32,
        /// The crashed one that it takes the place of.
        replaces: Option<&'a Dyno>,
        pace: Pace,
        /// The older release's dyno that stays until this one is up.
        older: Option<&'a Dyno>,
    },
    /// A dyno of the newest release has to be another one. Two of one release must not live in a slot, so the old one
    /// stops in the step that starts the new one.
    Swap { dyno: &'a Dyno, reason: StopReason, pace: Pace },
}

/// Whether other slots of the type have to wait for each other. The most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pace {
    /// Nothing serves in the slot, or a user wants it now.
    Outright,
    /// It serves on a host that will be taken away: moved while enough others serve.
    Rescue,
    /// It serves on a host that drains: moved while enough others serve.
    Move,
    /// Something serves: only as many at a time as the policy's surge.
    Rolling,
}

impl Pace {
    /// Whether a dyno is taken away from a host that is being emptied.
    pub(crate) const fn is_move(self) -> bool {
        matches!(self, Self::Rescue | Self::Move)
    }
}

/// `dynos` are the live formation dynos of the slot, in any order.
pub(crate) fn judge<'a>(
    target: Target<'_>,
    dynos: &[&'a Dyno],
    standings: &impl Standings,
    now: DateTime<Utc>,
) -> Verdict<'a> {
    // Nearly all slots are like this.
    if let [dyno] = dynos
        && dyno.release_id == target.release
        && dyno.state == DynoState::Up
        && flaw(target, dyno, standings).is_none()
    {
        return Verdict { stops: Vec::new(), next: Next::Settled };
    }
    let (mut newest, mut older): (Vec<_>, Vec<_>) =
        dynos.iter().copied().partition(|dyno| dyno.release_id == target.release);
    let furthest_first = |dyno: &&Dyno| Reverse((standings.serves(dyno), progress(dyno.state), dyno.id));
    newest.sort_by_key(furthest_first);
    older.sort_by_key(furthest_first);

    // Of the older ones the furthest is kept for now. One that is crashed or has no host will never serve again.
    let older_one = older.first().copied().filter(|dyno| dyno.state.may_have_container());
    let outdated = older.into_iter().skip(usize::from(older_one.is_some())).map(|dyno| (dyno, StopReason::Replaced));
    let duplicates = newest.iter().skip(1).map(|dyno| (*dyno, StopReason::Duplicate));
    let mut stops: Vec<_> = outdated.chain(duplicates).collect();

    let pace_beside = |older: Option<&Dyno>| match older {
        Some(older) if standings.serves(older) => Pace::Rolling,
        _ => Pace::Outright,
    };
    let fresh = Next::Start { crashes: 0, replaces: None, pace: pace_beside(older_one), older: older_one };
    let Some(dyno) = newest.first().copied() else { return Verdict { stops, next: fresh } };

    let next = match (flaw(target, dyno, standings), dyno.state) {
        // It took over. If it has a flaw itself, that is for the next plan: one thing at a time in a slot.
        (flaw, DynoState::Up) if flaw.is_none() || (standings.serves(dyno) && older_one.is_some()) => {
            stops.extend(older_one.map(|older| (older, StopReason::Replaced)));
            Next::Settled
        }
        (None, DynoState::Wanted) => Next::Place(dyno, older_one),
        (None, DynoState::Crashed) => match dyno.restart_at.filter(|at| *at > now) {
            Some(until) => Next::BackingOff { until },
            None => Next::Start { crashes: dyno.crashes, replaces: Some(dyno), pace: Pace::Outright, older: older_one },
        },
        (None, _) => Next::Coming,
        // It holds nothing, so nothing is lost by letting it go first.
        (Some(reason), DynoState::Wanted | DynoState::Crashed) => {
            stops.push((dyno, reason));
            fresh
        }
        (Some(reason), _) => {
            let pace = match reason {
                _ if !standings.serves(dyno) => Pace::Outright,
                StopReason::Restarted => Pace::Outright,
                StopReason::HostDraining if standings.standing(dyno) == Standing::Interrupted => Pace::Rescue,
                StopReason::HostDraining => Pace::Move,
                _ => Pace::Rolling,
            };
            Next::Swap { dyno, reason, pace }
        }
    };
    Verdict { stops, next }
}

/// Why a dyno of the newest release is not the right one.
fn flaw(target: Target<'_>, dyno: &Dyno, standings: &impl Standings) -> Option<StopReason> {
    match standings.standing(dyno) {
        Standing::Unreachable { .. } | Standing::Gone => Some(StopReason::HostLost),
        _ if dyno.restart_requested => Some(StopReason::Restarted),
        _ if dyno.size != target.formation.size => Some(StopReason::Resized),
        _ if dyno.command != target.formation.command => Some(StopReason::AppChanged),
        Standing::Draining | Standing::Interrupted => Some(StopReason::HostDraining),
        Standing::Stays => None,
    }
}

/// How far along a dyno is.
const fn progress(state: DynoState) -> u8 {
    match state {
        DynoState::Gone | DynoState::Stopping => 0,
        DynoState::Crashed => 1,
        DynoState::Wanted => 2,
        DynoState::Placed => 3,
        DynoState::Starting => 4,
        DynoState::Up => 5,
    }
}
