use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use paas_model::CrashPolicy;

/// What an operator may turn about placement, rollout and pool size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How many dynos of a type may be on their way to `up` beyond its quantity during a rollout or a move, in percent of
    /// the quantity, rounded up; at least one.
    pub surge_percent: u32,
    /// How many dynos of a type stay up while dynos are moved off a host, in percent of the quantity, rounded up.
    pub min_up_percent: u32,
    /// Whether the last dyno of a type that serves may be stopped before its replacement starts when no host has room
    /// for both. Off: the old release serves until there is room, so a full pool of one host never takes a deploy of an
    /// app with a single dyno.
    pub allow_stop_first: bool,
    /// When crashed dynos start again. The plan reads the outcome, `Dyno::restart_at`; whoever sees the crash counts.
    pub crash: CrashPolicy,
    /// How long a host of a pool may stay lost before its machine is terminated. Its dynos are replaced at once.
    pub lost_grace: Duration,
    /// When a singleton is started elsewhere although its host is merely unreachable. `None`: not before the machine is
    /// known to be gone.
    pub singleton_grace: Option<Duration>,
    /// How long the plan must have been able to do without a host before it drains it.
    pub spare_after: Duration,
    /// How long a launched host may take to join, in each of the states on the way.
    pub join_timeout: Duration,
    /// Builds at a time on one host.
    pub builds_per_host: u32,
    /// How much of a host that also runs dynos all its builds may reserve.
    pub build_memory_percent: u32,
    /// Dynos that may be on hosts which are drained to save them. One host is drained whatever it holds.
    pub max_moves: u32,
    /// Memory that each pool keeps free for what is to come, in MiB.
    pub headroom_mb: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            surge_percent: 25,
            min_up_percent: 100,
            allow_stop_first: true,
            crash: CrashPolicy::default(),
            lost_grace: Duration::from_mins(15),
            singleton_grace: None,
            spare_after: Duration::from_mins(10),
            join_timeout: Duration::from_mins(10),
            builds_per_host: 4,
            build_memory_percent: 50,
            max_moves: 50,
            headroom_mb: 0,
        }
    }
}

impl Policy {
    /// How many slots of a type with this quantity may be between two dynos at once.
    #[must_use]
    pub fn surge(&self, quantity: u32) -> u32 {
        percent(quantity, self.surge_percent).max(1)
    }

    /// How many dynos of a type with this quantity stay up through a move.
    #[must_use]
    pub fn min_up(&self, quantity: u32) -> u32 {
        percent(quantity, self.min_up_percent.min(100))
    }
}

/// The end of a time, however long it is.
pub(crate) fn after(since: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    let wait = TimeDelta::from_std(wait).ok();
    wait.and_then(|wait| since.checked_add_signed(wait)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Rounded up.
fn percent(of: u32, percent: u32) -> u32 {
    let part = (u64::from(of) * u64::from(percent)).div_ceil(100);
    u32::try_from(part).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_dynos_rounded_up_surges_and_at_least_one() {
        let surge = [0, 1, 2, 4, 5, 8, 9, 100].map(|quantity| Policy::default().surge(quantity));
        assert_eq!(surge, [1, 1, 1, 1, 2, 2, 3, 25]);
        assert_eq!(Policy { surge_percent: 0, ..Policy::default() }.surge(10), 1);
    }

    #[test]
    fn all_dynos_stay_up_through_a_move_unless_the_policy_spares_some() {
        assert_eq!(Policy::default().min_up(7), 7);
        assert_eq!(Policy { min_up_percent: 75, ..Policy::default() }.min_up(5), 4);
        assert_eq!(Policy { min_up_percent: 0, ..Policy::default() }.min_up(5), 0);
    }
}
