use std::sync::Arc;

use chrono::{DateTime, Utc};
use paas_control::{Control, Settings};
use paas_db::SecretHash;
use uuid::Uuid;

use crate::{WebConfig, rate_limit::Allowances, replays::Replays, waiting_logins::WaitingLogins};

/// In seconds.
const HOUR: i64 = 60 * 60;

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Web {
    pub control: Control,
    pub config: Arc<WebConfig>,
    pub allowances: Arc<Allowances>,
    pub replays: Replays,
    pub waiting_logins: WaitingLogins,
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
            replays: Replays::default(),
            waiting_logins: WaitingLogins::default(),
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
        same(&self.ticket(purpose, id), ticket).then_some(id)
    }

    /// `ID.UNTIL.PROOF`: a ticket that opens something for one to two hours. It stays the same for an hour, so that the answers
    /// that hold it do.
    pub(crate) fn passing_ticket(&self, purpose: &str, id: Uuid) -> String {
        let until = (Utc::now().timestamp() / HOUR + 2) * HOUR;
        self.ticket_until(purpose, id, until)
    }

    /// The id of a passing ticket that was given out for this purpose, and has not run out.
    pub(crate) fn redeem_passing(&self, purpose: &str, ticket: &str) -> Option<Uuid> {
        let (id, rest) = ticket.split_once('.')?;
        let (id, until) = (id.parse().ok()?, rest.split_once('.')?.0.parse().ok()?);
        let is_ours = same(&self.ticket_until(purpose, id, until), ticket);
        (is_ours && until > Utc::now().timestamp()).then_some(id)
    }

    fn ticket_until(&self, purpose: &str, id: Uuid, until: i64) -> String {
        let proof = self.control.db.vault().tag(&format!("{purpose} until {until}"), id);
        format!("{id}.{until}.{}", hex::encode(proof))
    }

    /// A URL of this server. `path` begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.settings().public_url)
    }
}

/// Both are hashed, so that the time the comparison takes tells nothing.
fn same(ours: &str, given: &str) -> bool {
    let digest = |text: &str| SecretHash::of(&text.to_owned().into());
    digest(ours) == digest(given)
}
