//! From `stopping` to `gone`: out of the routers, requests finished, SIGTERM, and SIGKILL for what is left
//! (Heroku: dyno shutdown).

use std::time::Duration;

use chrono::Utc;
use paas_db::{DbError, Topic, dynos, dynos::Dyno, routers};
use paas_hosts::{ContainerState, EngineError, Signal};
use tokio::time::timeout;

use super::{Context, is_routed};
use crate::{OpError, crash_point, ops::attach::container_of};

/// Routers tell when they let go of a dyno; the wake-up may get lost.
const POLL: Duration = Duration::from_millis(500);

pub(super) async fn stop(context: &Context, row: &Dyno) -> Result<(), OpError> {
    let name = container_of(row.id);
    let status = context.engine.inspect(&name).await?;
    let exit_code = match status.map(|status| status.state) {
        None | Some(ContainerState::Created) => {
            context.followers.forget(row.id);
            None
        }
        Some(ContainerState::Ended { exit_code, .. }) => Some(exit_code),
        Some(ContainerState::Running) => {
            if is_routed(row) && row.up_at.is_some() {
                drain(context, row).await?;
                crash_point!("stop.drained");
            }
            let exit_code = end(context, row).await?;
            crash_point!("stop.ended");
            Some(exit_code)
        }
    };
    if let Some(exit_code) = exit_code {
        context.followers.finish(context, row).await;
        context.say(row, format!("Process exited with status {exit_code}"));
        context.say_state(row, if row.up_at.is_some() { "up" } else { "starting" }, "down");
    }
    context.control.logs.flush().await;
    let exit_code = exit_code.and_then(|code| i32::try_from(code).ok());
    dynos::gone(context.control.db.pool(), row.id, exit_code, None).await?;
    crash_point!("stop.gone");
    context.engine.remove(&name).await?;
    crash_point!("stop.removed");
    Ok(())
}

/// A one-off dyno past its time, or a release phase that never ends.
pub(super) async fn expire(context: &Context, row: &Dyno) -> Result<(), OpError> {
    context.say(row, "Time limit reached");
    let mut tx = context.control.db.begin().await?;
    dynos::stop(&mut tx, row.id, "its time limit was reached").await?;
    tx.commit().await.map_err(DbError::from)?;
    Ok(())
}

/// A dyno that has been up for long: the plan replaces it like one that somebody restarts.
pub(super) async fn cycle(context: &Context, row: &Dyno) -> Result<(), OpError> {
    if dynos::cycle(context.control.db.pool(), row.id).await? {
        context.say(row, "Cycling");
    }
    Ok(())
}

/// Waits until every live router has let go of the dyno, or the time for it is over.
async fn drain(context: &Context, row: &Dyno) -> Result<(), OpError> {
    let mut wake = context.control.changes.subscribe(&[Topic::DrainedDynos]);
    let since = row.stopping_at.unwrap_or(row.updated_at);
    loop {
        if routers::undrained_by(context.control.db.pool(), row.id).await? == 0 {
            return Ok(());
        }
        let waited = (Utc::now() - since).to_std().unwrap_or_default();
        let Some(left) = context.control.settings.drain_timeout.checked_sub(waited) else {
            return Ok(());
        };
        wake.changed_or_after(left.min(POLL)).await;
    }
}

async fn end(context: &Context, row: &Dyno) -> Result<i64, EngineError> {
    let (name, grace) = (container_of(row.id), context.control.settings.stop_timeout);
    context.say(row, "Stopping all processes with SIGTERM");
    context.engine.signal(&name, Signal::Term).await?;
    crash_point!("stop.signalled");
    if let Ok(exit_code) = timeout(grace, context.engine.wait(&name)).await {
        return exit_code;
    }
    let seconds = grace.as_secs();
    let line =
        format!("Error R12 (Exit timeout) -> At least one process failed to exit within {seconds} seconds of SIGTERM");
    context.say(row, line);
    context.say(row, "Stopping remaining processes with SIGKILL");
    context.engine.signal(&name, Signal::Kill).await?;
    context.engine.wait(&name).await
}
