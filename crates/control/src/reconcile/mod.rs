//! The loops that make the rows true.
//!
//! Each arms its wake-up, reads, does what is due, and waits for the next change or its timer. A failure is logged and
//! met again at the next turn; nothing retries inside. Killed anywhere, a loop goes on from the rows at its next start.

mod aftermath;
mod builds;
mod drains;
mod dyno;
mod garbage;
mod heartbeat;
mod host;
mod hosts;
mod housekeeping;
mod images;
mod leftovers;
mod machines;
mod memory;
mod old_images;
mod placement;
mod pools;
mod release_phase;
mod setups;
mod waits;

use std::time::Duration;

use paas_db::{Subscription, new_id};
use paas_model::ControllerId;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::Control;

pub use hosts::LocalHost;
pub(crate) use old_images::NEWEST as NEWEST_IMAGES;

/// A loop turns at least this often, should a wake-up get lost.
const TIMER: Duration = Duration::from_secs(5);

/// Runs every loop until `stop`, then waits for those that end something first (a build is given back). Any number of
/// processes may do so on one database. `local` is the machine that this one runs on, if it is to be a host.
pub async fn run(control: Control, local: Option<LocalHost>, stop: CancellationToken) {
    let id = new_id::<ControllerId>();
    let socket = local.as_ref().map(|local| local.endpoint.clone());
    let tasks = TaskTracker::new();
    tasks.spawn(placement::run(control.clone(), id, stop.clone()));
    tasks.spawn(pools::run(control.clone(), id, stop.clone()));
    tasks.spawn(release_phase::run(control.clone(), stop.clone()));
    tasks.spawn(setups::run(control.clone(), stop.clone()));
    tasks.spawn(builds::run(control.clone(), socket, stop.clone()));
    tasks.spawn(hosts::run(control.clone(), id, local, stop.clone()));
    tasks.spawn(drains::run(control.clone(), id, stop.clone()));
    tasks.spawn(machines::run(control.clone(), id, stop.clone()));
    tasks.spawn(garbage::run(control.clone(), id, stop.clone()));
    tasks.spawn(housekeeping::run(control, stop));
    tasks.close();
    tasks.wait().await;
}

/// Waits for a change, at most [`TIMER`]. False: it is time to stop.
async fn woken(wake: &mut Subscription, stop: &CancellationToken) -> bool {
    stop.run_until_cancelled(wake.changed_or_after(TIMER)).await.is_some()
}
