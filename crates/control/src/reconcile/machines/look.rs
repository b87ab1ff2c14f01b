//! What the provider says of its machines, next to what the rows say.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use paas_db::{
    DbError,
    hosts::{self, Host},
};
use paas_hosts::{Machine, MachineState};
use paas_model::{HostId, HostState};

use super::{Loop, LoopError};
use crate::{crash_point, error::chain};

impl Loop {
    pub(super) async fn look(&self) -> Result<(), LoopError> {
        // Rows first: a machine that is seen has had its row before.
        let rows = hosts::list(self.control.db.pool()).await?;
        let rows: BTreeMap<HostId, Host> = rows.into_iter().map(|host| (host.id, host)).collect();
        let mut found = BTreeSet::new();
        let mut machines = self.machines.list().await?;
        // A row without a name for its machine takes one that lives.
        machines.sort_by_key(|machine| machine.state >= MachineState::Stopping);
        for machine in machines {
            let Some(host) = machine.host.and_then(|id| rows.get(&id)) else {
                self.end_stray(&machine).await?;
                continue;
            };
            match &host.machine_id {
                // Two machines of one host: the one that its row names is the host.
                Some(known) if *known != machine.id.0 => self.end_stray(&machine).await?,
                None if found.contains(&host.id) => {}
                _ => {
                    found.insert(host.id);
                    self.note(host, &machine).await?;
                }
            }
        }
        let missing = rows.values().filter(|host| host.pool_id.is_some() && !found.contains(&host.id));
        // A machine that was just launched need not be listed yet; one that has joined has been for long.
        for host in missing.filter(|host| host.endpoint.is_some() || self.is_old(Some(host.created_at))) {
            self.without_machine(host).await?;
        }
        Ok(())
    }

    async fn note(&self, host: &Host, machine: &Machine) -> Result<(), LoopError> {
        let db = self.control.db.pool();
        if host.machine_id.is_none() {
            match host.state {
                // A launch whose outcome nobody heard of, and that is not wanted any more.
                HostState::Terminating => {
                    return self.terminate(host, &machine.id).await;
                }
                _ => hosts::launching(db, host.id, Some(&machine.id.0)).await?,
            };
        }
        // While it is stopping, what it runs may still run.
        if machine.state == MachineState::Ended {
            self.machine_ended(host).await?;
        } else if machine.interrupted && hosts::interrupted(db, host.id).await? {
            tracing::warn!(host.name, machine = %machine.id, "the provider takes a machine back");
        }
        Ok(())
    }

    /// The provider has no machine for the host, though one was launched a while ago, or may have been.
    async fn without_machine(&self, host: &Host) -> Result<(), LoopError> {
        match (host.state, &host.machine_id) {
            // Not launched yet.
            (HostState::Requested, _) | (HostState::Launching, None) => {}
            // Nothing came of the launch. With a name it is the other loop's to end.
            (HostState::Terminating, None) => {
                hosts::gone(self.control.db.pool(), host.id, None).await?;
            }
            (HostState::Terminating, Some(_)) => {}
            _ => self.machine_ended(host).await?,
        }
        Ok(())
    }

    async fn machine_ended(&self, host: &Host) -> Result<(), DbError> {
        let db = self.control.db.pool();
        let reason = Some("its machine ended before it had joined");
        let has_moved = hosts::advance(db, host.id, &[HostState::Launching], HostState::Terminating, reason).await?
            || hosts::machine_gone(db, host.id).await?;
        if has_moved {
            tracing::warn!(host.name, machine = host.machine_id, "a machine has ended by itself");
        }
        Ok(())
    }

    /// Ends a machine of this installation that no row names.
    async fn end_stray(&self, machine: &Machine) -> Result<(), LoopError> {
        let Some(host) = machine.host else {
            tracing::warn!(machine = %machine.id, "a machine says that it is ours, and not which host: it is left alone");
            return Ok(());
        };
        if matches!(machine.state, MachineState::Stopping | MachineState::Ended) || !self.is_old(machine.launched_at) {
            return Ok(());
        }
        tracing::warn!(machine = %machine.id, host.id = %host, "ending a machine that is no host");
        if let Err(error) = self.machines.terminate(host, &machine.id).await {
            tracing::warn!(machine = %machine.id, error = chain(&error), "a stray machine cannot be ended");
        }
        crash_point!("machine.stray_ended");
        Ok(())
    }

    /// Whether it has been there for so long that rows and the provider's lists must know of it.
    fn is_old(&self, since: Option<DateTime<Utc>>) -> bool {
        let age = since.map_or(Duration::MAX, |since| (Utc::now() - since).to_std().unwrap_or_default());
        age >= self.control.settings.machine_grace
    }
}
