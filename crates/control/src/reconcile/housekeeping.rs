//! Forgets rows that nobody needs any more.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use paas_db::{
    audit_events, browser_logins, dynos, hosts, join_tokens, login_attempts, oauth_grants, pools, slug_uploads, sources,
};
use tokio_util::sync::CancellationToken;

use crate::{Control, OpError, error::chain};

const EVERY: Duration = Duration::from_secs(10 * 60);
/// Ended dynos stay this long: their exit status may be asked for.
const KEEP_DYNOS: TimeDelta = TimeDelta::hours(24);
/// Hosts that are gone: as long as their dynos.
const KEEP_HOSTS: TimeDelta = TimeDelta::hours(24);
/// Sources of which nothing is made, and announced slugs: the URL that fills a slug is good for two hours.
const KEEP_UPLOADS: TimeDelta = TimeDelta::hours(24);

pub(super) async fn run(control: Control, stop: CancellationToken) {
    loop {
        if let Err(error) = turn(&control).await {
            tracing::warn!(error = chain(&error), "housekeeping failed; it is tried again");
        }
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

async fn turn(control: &Control) -> Result<(), OpError> {
    let count = dynos::forget(control.db.pool(), Utc::now() - KEEP_DYNOS).await?;
    if count > 0 {
        tracing::info!(count, "forgot dynos that ended a day ago");
    }
    let count = hosts::forget(control.db.pool(), Utc::now() - KEEP_HOSTS).await?;
    if count > 0 {
        tracing::info!(count, "forgot hosts that went a day ago");
    }
    pools::forget_shortages(control.db.pool()).await?;
    login_attempts::forget_old(control.db.pool()).await?;
    oauth_grants::forget_old(control.db.pool()).await?;
    browser_logins::forget_old(control.db.pool()).await?;
    let count = join_tokens::forget(control.db.pool()).await?;
    if count > 0 {
        tracing::info!(count, "forgot join tokens that ran out a day ago");
    }
    let count = slug_uploads::forget(control.db.pool(), Utc::now() - KEEP_UPLOADS).await?;
    if count > 0 {
        tracing::info!(count, "forgot slugs that were announced a day ago");
    }
    let count = sources::forget_unused(control.db.pool(), Utc::now() - KEEP_UPLOADS).await?;
    if count > 0 {
        tracing::info!(count, "forgot sources of a day ago of which nothing was made");
    }
    if let Some(kept) = control.settings.audit_kept.and_then(|kept| TimeDelta::from_std(kept).ok()) {
        let count = audit_events::forget(control.db.pool(), Utc::now() - kept).await?;
        if count > 0 {
            tracing::info!(count, "forgot audit events that are past their time");
        }
    }
    Ok(())
}
