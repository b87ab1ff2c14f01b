use std::sync::Arc;

use chrono::{DateTime, Utc};
use paas_control::{Control, Settings};
use paas_db::SecretHash;
use uuid::Uuid;

use crate::{WebConfig, rate_limit::Allowances, replays::Replays};

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Web {
    pub control: Control,
    pub config: Arc<WebConfig>,
    pub allowances: Arc<Allowances>,
    pub replays: Arc<Replays>,
    /// Stands as the creation time of what comes with the server and has no row: stacks, the region.
    pub started: DateTime<Utc>,
}

impl Web {
    pub(crate) fn new(control: Control, config: WebConfig) -> Self {
        let allowances = Allowances::new(config.rate_limit, config.refill_per_minute);
        Self {
            control,
            config: Arc::new(config),
            allowances: Arc::new(allowances),
            replays: Arc::default(),
            started: Utc::now(),
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.control.settings
    }

    /// `ID.PROOF`: an id that opens something by itself, without a token. Ids alone stand in logs and in the names of
    /// containers.
    pub(crate) fn ticket(&self, purpose: &str, id: Uuid) -> String {
        format!("{id}.{}", hex::encode(self.control.db.vault().tag(purpose, id)))
    }

    /// The id of a ticket that was given out for this purpose.
    pub(crate) fn redeem(&self, purpose: &str, ticket: &str) -> Option<Uuid> {
        let id = ticket.split_once('.')?.0.parse().ok()?;
        // Both hashed, so that the time the comparison takes tells nothing.
        let digest = |text: &str| SecretHash::of(&text.to_owned().into());
        (digest(&self.ticket(purpose, id)) == digest(ticket)).then_some(id)
    }

    /// A URL of this server. `path` begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings().public_url)
    }
}
