//! From `starting` to `up`: a web dyno's port answers, or its health path does where the app has one; any other dyno is
//! up as soon as it runs.

use std::{net::SocketAddr, pin::pin, time::Duration};

use chrono::Utc;
use paas_db::{Topic, dynos, dynos::Dyno};
use paas_hosts::Signal;
use paas_model::DynoState;

use super::{Context, ended, health, is_routed};
use crate::{OpError, crash_point, ops::attach::container_of};

/// Between two looks: short at first, for apps that are quick.
const PROBE_EVERY: Duration = Duration::from_millis(20);
const PROBE_AT_MOST_EVERY: Duration = Duration::from_millis(100);
/// Every dyno of a host that starts looks whenever one of them changes.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_millis(250);

pub(super) async fn wait(context: &Context, row: &Dyno) -> Result<(), OpError> {
    if !is_routed(row) {
        return up(context, row).await;
    }
    let address = row.address.as_deref().and_then(|address| address.parse::<SocketAddr>().ok());
    let name = container_of(row.id);
    let mut wake = context.control.changes.subscribe_on(context.host, Topic::Dynos).at_most_every(LOOK_AT_MOST_EVERY);
    let mut pause = PROBE_EVERY;
    // One question for the whole wait: asked anew for every probe, each would cost a connection.
    let mut end = pin!(context.engine.wait(&name));
    loop {
        if let Some(address) = address
            && health::answers(address, row.health_path.as_deref()).await
        {
            return up(context, row).await;
        }
        let since = row.started_at.unwrap_or(row.updated_at);
        if (Utc::now() - since).to_std().is_ok_and(|waited| waited >= context.control.settings.boot_timeout) {
            return give_up(context, row).await;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // Somebody told it to stop, or it ended: the next step is another one.
            ended = &mut end => return ended.map(drop).map_err(OpError::from),
            () = wake.changed() => {
                let now = dynos::find(context.control.db.pool(), row.id).await?;
                if now.is_none_or(|now| now.state != DynoState::Starting) {
                    return Ok(());
                }
            }
        }
        pause = (pause * 3 / 2).min(PROBE_AT_MOST_EVERY);
    }
}

async fn up(context: &Context, row: &Dyno) -> Result<(), OpError> {
    crash_point!("start.before_up");
    if dynos::up(context.control.db.pool(), row.id).await? {
        crash_point!("start.up");
        context.say_state(row, "starting", "up");
    }
    Ok(())
}

/// Heroku: R10.
async fn give_up(context: &Context, row: &Dyno) -> Result<(), OpError> {
    let seconds = context.control.settings.boot_timeout.as_secs();
    let line =
        format!("Error R10 (Boot timeout) -> Web process failed to bind to $PORT within {seconds} seconds of launch");
    context.say(row, line);
    context.say(row, "Stopping process with SIGKILL");
    let name = container_of(row.id);
    context.engine.signal(&name, Signal::Kill).await?;
    let exit_code = context.engine.wait(&name).await?;
    ended::ended(context, row, exit_code, false).await
}
