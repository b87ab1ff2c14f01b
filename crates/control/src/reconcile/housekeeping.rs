//! Forgets rows that nobody needs any more.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use paas_db::dynos;
use tokio_util::sync::CancellationToken;

use crate::{Control, error::chain};

const EVERY: Duration = Duration::from_secs(10 * 60);
/// Ended dynos stay this long: their exit status may be asked for.
const KEEP_DYNOS: TimeDelta = TimeDelta::hours(24);

pub(super) async fn run(control: Control, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        match dynos::forget(control.db.pool(), Utc::now() - KEEP_DYNOS).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "forgot dynos that ended a day ago"),
            Err(error) => tracing::warn!(error = chain(&error), "old dynos cannot be forgotten; trying again"),
        }
    }
}
