//! The machines under launched hosts: what the rows ask for is launched and ended, and what the provider says of its
//! machines is written down.
//!
//! One controller does this at a time, though two would do no harm: a launch is keyed by its host, so that a second one
//! finds the machine of the first, and a machine is ended only by its own host's id.

mod launch;
mod look;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use paas_db::{
    DbError, Topic, controllers,
    hosts::{self, Host},
    pools::{self, Pool},
};
use paas_hosts::{MachineError, MachineId, Machines};
use paas_model::{ControllerId, HostState, PoolId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Control, crash_point, error::chain};

/// The first pause after a call that the provider did not take; they double.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// A turn launches no more, so that the next look is not far away. The rows that it changes wake the next turn.
const LAUNCHES_A_TURN: u32 = 4;

#[derive(Debug, thiserror::Error)]
enum LoopError {
    #[error(transparent)]
    Db(#[from] DbError),
    #[error(transparent)]
    Machines(#[from] MachineError),
}

struct Loop {
    control: Control,
    machines: Arc<dyn Machines>,
    /// Launches of a pool that failed in a row.
    failures: BTreeMap<PoolId, u32>,
    looked_at: Option<Instant>,
}

pub(super) async fn run(control: Control, id: ControllerId, stop: CancellationToken) {
    let Some(machines) = control.machines.clone() else { return };
    let mut wake = control.changes.subscribe(&[Topic::Hosts, Topic::Pools]);
    let (every, lease) = (control.settings.machines_every, control.settings.host_lease);
    let mut this = Loop { control, machines, failures: BTreeMap::new(), looked_at: None };
    let mut failures = 0;
    while !stop.is_cancelled() {
        // An unanswered question is a no: the next turn asks again.
        let leads = controllers::is_eldest(this.control.db.pool(), id, lease).await.unwrap_or(false);
        let turn = async { if leads { this.turn().await } else { Ok(()) } };
        let wait = match stop.run_until_cancelled(turn).await {
            None => return,
            Some(Ok(())) => {
                failures = 0;
                every
            }
            Some(Err(error)) => {
                failures += 1;
                tracing::warn!(error = chain(&error), "machines cannot be looked after; trying again");
                // Not woken before: a provider that throttles is not to be asked more.
                stop.run_until_cancelled(tokio::time::sleep(pause(failures))).await;
                continue;
            }
        };
        stop.run_until_cancelled(wake.changed_or_after(wait)).await;
    }
}

/// After so many failures in a row.
fn pause(failures: u32) -> Duration {
    PAUSE.saturating_mul(2_u32.saturating_pow(failures.saturating_sub(1))).min(LONGEST_PAUSE)
}

impl Loop {
    async fn turn(&mut self) -> Result<(), LoopError> {
        // First: that a machine is taken back is not to wait for launches.
        if self.looked_at.is_none_or(|at| at.elapsed() >= self.control.settings.machines_every) {
            self.look().await?;
            self.looked_at = Some(Instant::now());
        }
        let pools: BTreeMap<PoolId, Pool> =
            pools::list(self.control.db.pool()).await?.into_iter().map(|pool| (pool.id, pool)).collect();
        let mut launches = 0;
        for host in hosts::list(self.control.db.pool()).await? {
            let Some(pool) = host.pool_id.and_then(|id| pools.get(&id)) else { continue };
            // Launching without a name: nobody knows what came of it, and launching again finds out.
            let is_due =
                host.state == HostState::Requested || host.state == HostState::Launching && host.machine_id.is_none();
            if is_due && launches < LAUNCHES_A_TURN {
                launches += u32::from(self.launch(&host, pool).await?);
            } else if let (HostState::Terminating, Some(machine)) = (host.state, &host.machine_id) {
                // Without a name for its machine there may still be one: looking finds it.
                self.terminate(&host, &MachineId(machine.clone())).await?;
            }
        }
        Ok(())
    }

    /// Ends the machine of a host that is given up. One that may not be ended holds up no other: its row tells why, and the
    /// next turn tries again.
    async fn terminate(&self, host: &Host, machine: &MachineId) -> Result<(), LoopError> {
        crash_point!("machine.before_terminate");
        match self.machines.terminate(host.id, machine).await {
            Ok(()) => {}
            Err(error @ MachineError::NotOurs { .. }) => {
                tracing::error!(host.name, %machine, error = chain(&error), "a machine is not ended");
            }
            Err(error @ (MachineError::Throttled | MachineError::Unavailable { .. })) => return Err(error.into()),
            Err(error) => {
                let reason = format!("its machine cannot be ended: {}", chain(&error));
                if host.reason.as_ref() != Some(&reason) {
                    tracing::error!(host.name, %machine, error = chain(&error), "a machine cannot be ended");
                    hosts::note(self.control.db.pool(), host.id, &reason).await?;
                }
                return Ok(());
            }
        }
        crash_point!("machine.terminated");
        hosts::gone(self.control.db.pool(), host.id, None).await?;
        crash_point!("machine.gone");
        tracing::info!(host.name, %machine, "a machine was ended");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        assert_eq!([1, 2, 3, 9, u32::MAX].map(|failures| pause(failures).as_secs()), [2, 4, 8, 300, 300]);
    }
}
