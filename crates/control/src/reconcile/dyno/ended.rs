//! A dyno that ended by itself. For the formation any exit is a crash, status 0 too (Heroku: dyno restarts); a one-off
//! dyno has done its work.

use chrono::{TimeDelta, Utc};
use paas_db::{dynos, dynos::Dyno};
use paas_model::{CrashPolicy, DynoKind, DynoState};

use super::Context;
use crate::{OpError, crash_point, ops::attach::container_of};

pub(super) async fn ended(context: &Context, row: &Dyno, exit_code: i64, out_of_memory: bool) -> Result<(), OpError> {
    crash_point!("crash.seen");
    // Before its output, which may take seconds to read.
    dynos::unroute(context.control.db.pool(), row.id).await?;
    context.followers.finish(context, row).await;
    if out_of_memory {
        context.say(row, format!("Process running mem={}M(100.0%)", row.size.memory_mb()));
        context.say(row, "Error R15 (Memory quota vastly exceeded)");
    }
    context.say(row, format!("Process exited with status {exit_code}"));
    let note = match out_of_memory {
        true => "it used more memory than its size allows".to_owned(),
        false => format!("its process exited with status {exit_code}"),
    };
    finish(context, row, i32::try_from(exit_code).ok(), &note).await
}

/// Somebody removed the container behind our back, or the host lost it.
pub(super) async fn vanished(context: &Context, row: &Dyno) -> Result<(), OpError> {
    context.followers.forget(row.id);
    context.say(row, "Process is gone: its container was removed");
    finish(context, row, None, "its container was removed").await
}

/// The engine refuses to run it, for a reason that another try does not mend.
pub(super) async fn cannot_start(context: &Context, row: &Dyno, reason: &str) -> Result<(), OpError> {
    context.say(row, format!("Process cannot start: {reason}"));
    finish(context, row, None, reason).await
}

/// Heroku: R13.
pub(super) async fn give_up_attach(context: &Context, row: &Dyno) -> Result<(), OpError> {
    context.say(row, "Error R13 (Attach error) -> Failed to attach to process");
    finish(context, row, None, "no client attached to it").await
}

async fn finish(context: &Context, row: &Dyno, exit_code: Option<i32>, note: &str) -> Result<(), OpError> {
    let db = context.control.db.pool();
    let from = row.state.heroku();
    if row.kind == DynoKind::Formation {
        let (crashes, wait) = next_start(row, &context.control.settings.crash);
        context.say_state(row, from, "crashed");
        dynos::crashed(db, row.id, exit_code, crashes, Utc::now() + wait, note).await?;
        crash_point!("crash.noted");
    } else {
        context.say_state(row, from, "complete");
        // Who waits for the dyno's end reads its output next: it must be there.
        context.control.logs.flush().await;
        dynos::gone(db, row.id, exit_code, Some(note)).await?;
    }
    // After the row: a container without one is reaped, a row without a container would be a second crash.
    context.engine.remove(&container_of(row.id)).await?;
    crash_point!("crash.removed");
    Ok(())
}

fn next_start(row: &Dyno, policy: &CrashPolicy) -> (u32, TimeDelta) {
    let served = row.up_at.filter(|_| row.state == DynoState::Up).map(|since| Utc::now() - since);
    let forgiven = served.and_then(|served| served.to_std().ok()).is_some_and(|served| served >= policy.forgive_after);
    let crashes = if forgiven { 1 } else { row.crashes.saturating_add(1) };
    (crashes, TimeDelta::from_std(policy.wait(crashes)).unwrap_or(TimeDelta::MAX))
}
