use std::sync::Arc;

use chrono::{DateTime, Utc};
use paas_control::{Control, Settings};

use crate::{WebConfig, rate_limit::Allowances};

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Web {
    pub control: Control,
    pub config: Arc<WebConfig>,
    pub allowances: Arc<Allowances>,
    /// Stands as the creation time of what comes with the server and has no row: stacks, the region.
    pub started: DateTime<Utc>,
}

impl Web {
    pub(crate) fn new(control: Control, config: WebConfig) -> Self {
        let allowances = Allowances::new(config.rate_limit, config.refill_per_minute);
        Self { control, config: Arc::new(config), allowances: Arc::new(allowances), started: Utc::now() }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.control.settings
    }

    /// A URL of this server. `path` begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings().public_url)
    }
}
