use paas_model::CrashPolicy;

/// What an operator may turn about placement and rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How many dynos of a type may be on their way to `up` beyond its quantity during a rollout, in percent of the
    /// quantity, rounded up; at least one.
    pub surge_percent: u32,
    /// Whether the last dyno of a type that serves may be stopped before its replacement starts when no host has room
    /// for both. Off: the old release serves until there is room, so a full pool of one host never takes a deploy of an
    /// app with a single dyno.
    pub allow_stop_first: bool,
    /// When crashed dynos start again. The plan reads the outcome, `Dyno::restart_at`; whoever sees the crash counts.
    pub crash: CrashPolicy,
}

impl Default for Policy {
    fn default() -> Self {
        Self { surge_percent: 25, allow_stop_first: true, crash: CrashPolicy::default() }
    }
}

impl Policy {
    /// How many slots of a type with this quantity may be between two dynos at once.
    #[must_use]
    pub fn surge(&self, quantity: u32) -> u32 {
        let slots = (u64::from(quantity) * u64::from(self.surge_percent)).div_ceil(100);
        u32::try_from(slots).unwrap_or(u32::MAX).max(1)
    }
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
}
