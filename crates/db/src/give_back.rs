use std::time::Duration;

/// Why claimed work is given back undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveBack {
    /// Whoever had it stops, by no fault of the work's: this counts as no attempt, and another may claim it at once.
    Stopping,
    /// It failed, and may go better after `wait`.
    Failed { wait: Duration },
}

impl GiveBack {
    pub(crate) const fn wait(self) -> Duration {
        match self {
            Self::Stopping => Duration::ZERO,
            Self::Failed { wait } => wait,
        }
    }
}
