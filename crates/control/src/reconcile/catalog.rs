//! Asks the provider what the machine types of pools offer and cost, so that plans need not: they go by what is known, and
//! are made anew when more is. A provider that is slow or away delays launches of types that are new, and nothing else.

use std::time::Duration;

use paas_db::{Topic, pools};
use tokio_util::sync::CancellationToken;

use crate::{Control, error::chain};

/// How often what is known is looked through for what has to be asked anew.
const EVERY: Duration = Duration::from_secs(60);

/// Each controller has a catalogue of its own, and keeps it.
pub(super) async fn run(control: Control, stop: CancellationToken) {
    let Some(machines) = control.machines.clone() else { return };
    let mut wake = control.changes.subscribe(&[Topic::Pools]);
    loop {
        let turn = async {
            match pools::list(control.db.pool()).await {
                Ok(pools) => control.catalog.learn(&*machines, &pools).await,
                Err(error) => tracing::warn!(error = chain(&error), "what pools can buy is not asked for"),
            }
            wake.changed_or_after(EVERY).await;
        };
        if stop.run_until_cancelled(turn).await.is_none() {
            return;
        }
    }
}
