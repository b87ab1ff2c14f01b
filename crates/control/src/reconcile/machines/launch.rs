//! From `requested` to a machine that runs its first script.

use std::time::Duration;

use chrono::Utc;
use paas_db::{
    DbError, SecretHash,
    hosts::{self, Host},
    join_tokens::{self, NewJoinToken},
    new_id, new_secret,
    pools::{self, Pool},
};
use paas_hosts::{Machine, MachineError, MachineOrder, MachineState, user_data};
use paas_model::{HostState, Labels};
use secrecy::ExposeSecret;

use super::{Loop, LoopError, pause};
use crate::{crash_point, error::chain, ops::joining::TOKEN_PREFIX};

/// A machine that has not joined by then never will.
const TOKEN_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// What the provider has none of is not asked for again before.
const SHORTAGE: Duration = Duration::from_secs(10 * 60);
/// Until a person has changed the pool or the credentials: seldom enough to bother nobody.
const REFUSED: Duration = Duration::from_secs(5 * 60);

impl Loop {
    /// False: the provider was not asked.
    pub(super) async fn launch(&mut self, host: &Host, pool: &Pool) -> Result<bool, LoopError> {
        let db = self.control.db.pool().clone();
        if pool.launch_after.is_some_and(|after| after > Utc::now()) || !hosts::launching(&db, host.id, None).await? {
            return Ok(false);
        }
        crash_point!("machine.launching");
        let order = self.order(host, pool).await?;
        crash_point!("machine.token_made");
        match self.machines.launch(&order).await {
            Ok(machine) => {
                crash_point!("machine.launched");
                self.failures.remove(&pool.id);
                pools::unhold(&db, pool.id).await?;
                self.launched(host, &machine).await?;
            }
            Err(error) => {
                tracing::warn!(host.name, pool.name, error = chain(&error), "a machine was not launched");
                self.refused(host, pool, &error).await?;
                crash_point!("machine.refused");
            }
        }
        Ok(true)
    }

    async fn launched(&self, host: &Host, machine: &Machine) -> Result<(), DbError> {
        let db = self.control.db.pool();
        if matches!(machine.state, MachineState::Stopping | MachineState::Ended) {
            let reason = Some("its machine ended before it had joined");
            hosts::advance(db, host.id, &[HostState::Launching], HostState::Terminating, reason).await?;
        }
        hosts::launching(db, host.id, Some(&machine.id.0)).await?;
        crash_point!("machine.noted");
        tracing::info!(host.name, machine = %machine.id, machine.instance_type, machine.zone, "a machine was launched");
        Ok(())
    }

    async fn refused(&mut self, host: &Host, pool: &Pool, error: &MachineError) -> Result<(), DbError> {
        let db = self.control.db.pool();
        let text = chain(error);
        let instance_type = host.instance_type.as_deref().unwrap_or_default();
        match error {
            // The plan looks for another offer.
            MachineError::NoCapacity { .. } | MachineError::LimitReached { .. } => {
                pools::note_shortage(db, pool.id, instance_type, &host.zone, host.spot, SHORTAGE).await?;
                pools::hold(db, pool.id, Duration::ZERO, &text).await?;
                hosts::gone(db, host.id, Some(&text)).await?;
            }
            // There may be a machine: the row stays, and the next try finds it.
            MachineError::Throttled | MachineError::Unavailable { .. } => {
                let failures = self.failures.entry(pool.id).or_default();
                *failures = failures.saturating_add(1);
                pools::hold(db, pool.id, pause(*failures), &text).await?;
            }
            MachineError::Denied { .. } | MachineError::Invalid { .. } | MachineError::NotOurs { .. } => {
                pools::hold(db, pool.id, REFUSED, &text).await?;
                hosts::gone(db, host.id, Some(&text)).await?;
            }
        }
        Ok(())
    }

    async fn order(&self, host: &Host, pool: &Pool) -> Result<MachineOrder, DbError> {
        let secret = new_secret(TOKEN_PREFIX);
        let token = NewJoinToken {
            id: new_id(),
            hash: SecretHash::of(&secret),
            host_id: Some(host.id),
            name: None,
            labels: Labels::new(),
            account_id: None,
            lifetime: TOKEN_LIFETIME,
        };
        join_tokens::create(self.control.db.pool(), &token).await?;
        let settings = &self.control.settings;
        let environment = [("PAAS_HOST_NAME", host.name.as_str()), ("PAAS_HOST_ZONE", host.zone.as_str())];
        Ok(MachineOrder {
            host: host.id,
            name: host.name.clone(),
            pool: pool.name.clone(),
            instance_type: host.instance_type.clone().unwrap_or_default(),
            zone: host.zone.clone(),
            spot: host.spot,
            image: host.image.clone().unwrap_or_else(|| pool.image.clone()),
            subnet: pool.subnets.get(&host.zone).cloned(),
            security_groups: pool.security_groups.clone(),
            key_name: pool.key_name.clone(),
            disk_gb: pool.disk_gb,
            user_data: user_data(&settings.public_url, settings.signer.ca_pem(), secret.expose_secret(), &environment),
            instance_profile: pool.instance_profile.clone(),
        })
    }
}
