//! One dyno on one host: which step it is due for, and the steps.

mod ended;
mod health;
mod output;
mod port;
mod start;
mod stop;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use paas_db::dynos::Dyno;
use paas_hosts::{ContainerState, ContainerStatus, Engine};
use paas_model::{DynoKind, DynoState, HostId};
use tokio::sync::RwLock;

pub(super) use self::output::Followers;
use crate::{Control, OpError, Settings};

/// What every step needs.
#[derive(Debug)]
pub(super) struct Context {
    pub control: Control,
    pub host: HostId,
    pub engine: Arc<dyn Engine>,
    pub followers: Followers,
    /// Held for reading from the pull of an image until there is a container of it, for writing while images are removed.
    pub images: RwLock<()>,
}

/// What is to be done with a dyno next. A step may be cut off anywhere and taken again from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Make its container and start it; only make it, when a client is to start it by attaching.
    Start,
    /// Its process runs: write down where.
    Started,
    /// Wait until its port answers.
    AwaitPort,
    /// Nobody attached to it in time (Heroku: R13).
    GiveUpAttach,
    /// Its time is over.
    Expire,
    /// It has been up for so long that it is to be replaced by a fresh one (Heroku: "Automatic dyno restarts").
    Cycle,
    /// Its process has ended by itself.
    Ended { exit_code: i64, out_of_memory: bool },
    /// Its container is not there any more.
    Vanished,
    /// It was told to stop.
    Stop,
}

/// Reads the due step off the row and its container. `None`: all is as it should be.
pub(super) fn next(
    row: &Dyno,
    container: Option<&ContainerStatus>,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Option<Step> {
    use ContainerState::{Created, Ended, Running};
    let expired = row.expires_at.is_some_and(|at| at <= now);
    match (row.state, container.map(|container| container.state)) {
        (DynoState::Stopping, _) => Some(Step::Stop),
        (DynoState::Placed, None | Some(Created)) if row.attach && is_late(row, settings, now) => {
            Some(Step::GiveUpAttach)
        }
        // Made, and waiting for its client.
        (DynoState::Placed, Some(Created)) if row.attach => None,
        (DynoState::Placed, None | Some(Created)) => Some(Step::Start),
        // One that ended at once was started first: the row takes both moves.
        (DynoState::Placed, Some(Running | Ended { .. })) => Some(Step::Started),
        (DynoState::Starting | DynoState::Up, Some(Ended { exit_code, out_of_memory })) => {
            Some(Step::Ended { exit_code, out_of_memory })
        }
        (DynoState::Starting | DynoState::Up, None | Some(Created)) => Some(Step::Vanished),
        (DynoState::Starting | DynoState::Up, Some(Running)) if expired => Some(Step::Expire),
        (DynoState::Starting, Some(Running)) => Some(Step::AwaitPort),
        (DynoState::Up, Some(Running)) if is_old(row, settings, now) => Some(Step::Cycle),
        (DynoState::Up, Some(Running)) => None,
        (DynoState::Wanted | DynoState::Gone | DynoState::Crashed, _) => None,
    }
}

/// Whether the container's output is to be followed into the app's log. An attached dyno's goes to its client.
pub(super) fn prints(row: &Dyno, container: &ContainerStatus) -> bool {
    !row.attach && container.state != ContainerState::Created
}

pub(super) async fn take(context: &Context, row: Dyno, step: Step) -> Result<(), OpError> {
    match step {
        Step::Start => start::start(context, &row).await,
        Step::Started => start::started(context, &row).await,
        Step::AwaitPort => port::wait(context, &row).await,
        Step::GiveUpAttach => ended::give_up_attach(context, &row).await,
        Step::Expire => stop::expire(context, &row).await,
        Step::Cycle => stop::cycle(context, &row).await,
        Step::Ended { exit_code, out_of_memory } => ended::ended(context, &row, exit_code, out_of_memory).await,
        Step::Vanished => ended::vanished(context, &row).await,
        Step::Stop => stop::stop(context, &row).await,
    }
}

/// Nobody has come to a dyno that waits for its client.
fn is_late(row: &Dyno, settings: &Settings, now: DateTime<Utc>) -> bool {
    (now - row.updated_at).to_std().is_ok_and(|waited| waited > settings.attach_timeout)
}

/// Whether a dyno of the formation has been up for longer than dynos may be. Each has a little more time of its own (up to
/// 15 %: Heroku adds up to 216 minutes to 24 hours), so that an app's dynos do not all go at once.
fn is_old(row: &Dyno, settings: &Settings, now: DateTime<Utc>) -> bool {
    let (Some(after), Some(up_at)) = (settings.cycle_after, row.up_at) else { return false };
    let share = u32::try_from(row.id.uuid().as_u128() % 1_000).unwrap_or(0);
    let limit = after.saturating_add(after * share / 1_000 * 15 / 100);
    row.kind == DynoKind::Formation
        && !row.restart_requested
        && (now - up_at).to_std().is_ok_and(|served| served >= limit)
}

/// Whether routers send requests to it.
fn is_routed(row: &Dyno) -> bool {
    row.kind == DynoKind::Formation && row.process_type.is_web()
}

impl Context {
    /// A platform's line about the dyno: `heroku[web.1]: …`.
    pub(super) fn say(&self, row: &Dyno, message: impl Into<String>) {
        self.control.logs.heroku_event(row.app_id, &row.name().to_string(), message);
    }

    fn say_state(&self, row: &Dyno, from: &str, to: &str) {
        self.say(row, format!("State changed from {from} to {to}"));
    }
}

#[cfg(test)]
mod tests;
