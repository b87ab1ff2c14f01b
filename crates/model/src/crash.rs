use std::time::Duration;

/// When a dyno that ended by itself is started again.
///
/// Heroku's shape (the first crash at once, then waits that double up to a cap), with shorter waits than Heroku's
/// 10 minutes: see `docs/decisions/0005-crash-back-off.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CrashPolicy {
    /// The wait after the second crash in a row.
    pub base: Duration,
    pub cap: Duration,
    /// A dyno that was up for this long starts counting from zero.
    pub forgive_after: Duration,
}

impl Default for CrashPolicy {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(10),
            cap: Duration::from_secs(30 * 60),
            forgive_after: Duration::from_secs(10 * 60),
        }
    }
}

impl CrashPolicy {
    /// How long to wait before the next start. `crashes` counts crashes in a row, the one just seen included.
    #[must_use]
    pub fn wait(&self, crashes: u32) -> Duration {
        match crashes {
            0 | 1 => Duration::ZERO,
            n => self.base.saturating_mul(2_u32.saturating_pow(n - 2)).min(self.cap),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_crash_restarts_at_once_and_the_rest_doubles_up_to_the_cap() {
        let policy =
            CrashPolicy { base: Duration::from_secs(10), cap: Duration::from_secs(60), ..CrashPolicy::default() };
        let waits = [1, 2, 3, 4, 5, 1_000, u32::MAX].map(|n| policy.wait(n).as_secs());
        assert_eq!(waits, [0, 10, 20, 40, 60, 60, 60]);
    }
}
