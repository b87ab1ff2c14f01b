//! The hosts, shared out among the controllers that are alive: each says that it is there, takes its share by lease, and
//! runs one executor for each host that it holds.
//!
//! A controller that stops gives its hosts up at once; one that was killed loses them when their leases run out. While
//! the database is away nobody can take a host over, and executors go on.

use std::{collections::BTreeMap, time::Duration};

use paas_db::{Topic, controllers, dynos, hosts, hosts::Host, new_id};
use paas_model::{ControllerId, DynoName, HostId, HostState};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{Control, OpError, crash_point, error::chain};

const RETRY: Duration = Duration::from_secs(1);
/// Controllers that have been silent for this long will not come back.
const FORGET_AFTER: Duration = Duration::from_secs(3_600);

/// The machine that the server runs on, as a host of the pool.
#[derive(Debug, Clone)]
pub struct LocalHost {
    pub name: String,
    /// `unix:///var/run/docker.sock`
    pub endpoint: String,
    /// MiB that dynos may not use: the system's and the platform's own.
    pub reserved_mb: u32,
}

pub(super) async fn run(control: Control, id: ControllerId, local: Option<LocalHost>, stop: CancellationToken) {
    let mut wake = control.changes.subscribe(&[Topic::Hosts]);
    let entering = local.clone().map(|local| tokio::spawn(enter(control.clone(), local, stop.clone())));
    let mut controller = Controller { control, id, local, held: BTreeMap::new(), started: Instant::now() };
    let mut failing = false;
    while !stop.is_cancelled() {
        let pause = match controller.turn().await {
            Ok(()) => {
                failing = false;
                controller.control.settings.host_lease / 3
            }
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(error = chain(&error), "hosts cannot be shared out; executors go on");
                }
                RETRY
            }
        };
        stop.run_until_cancelled(wake.changed_or_after(pause)).await;
    }
    if let Some(entering) = entering {
        let _ = entering.await;
    }
    if let Err(error) = controller.leave().await {
        tracing::warn!(error = chain(&error), "hosts cannot be given up; their leases run out");
    }
}

/// Enters the local machine as soon as its engine answers.
async fn enter(control: Control, local: LocalHost, stop: CancellationToken) {
    let mut told = false;
    while !stop.is_cancelled() {
        match try_enter(&control, &local).await {
            Ok(()) => {
                crash_point!("host.entered");
                return;
            }
            Err(error) if !std::mem::replace(&mut told, true) => {
                tracing::warn!(host.name = local.name, error = chain(&error), "this machine's engine does not answer");
            }
            Err(_) => {}
        }
        stop.run_until_cancelled(tokio::time::sleep(RETRY)).await;
    }
}

async fn try_enter(control: &Control, local: &LocalHost) -> Result<(), OpError> {
    let info = control.engine_at(&local.endpoint)?.info().await?;
    let total = u32::try_from(info.memory_mb).unwrap_or(u32::MAX);
    let memory_mb = total.saturating_sub(local.reserved_mb);
    let id = new_id::<HostId>();
    hosts::enter(control.db.pool(), id, &local.name, &local.endpoint, memory_mb, info.cpus).await?;
    Ok(())
}

struct Controller {
    control: Control,
    id: ControllerId,
    local: Option<LocalHost>,
    /// The hosts that this controller looks after, as far as it knows.
    held: BTreeMap<HostId, Held>,
    started: Instant,
}

/// An executor that runs. Dropping it stops it.
struct Held {
    endpoint: Option<String>,
    stop: DropGuard,
    executor: JoinHandle<()>,
}

impl Controller {
    async fn turn(&mut self) -> Result<(), OpError> {
        let (pool, lease) = (self.control.db.pool().clone(), self.control.settings.host_lease);
        controllers::heartbeat(&pool, self.id).await?;
        let mut mine = hosts::extend(&pool, self.id, lease).await?;
        let share = share(hosts::count_shared(&pool).await?, controllers::alive(&pool, lease).await?);
        self.keep_only(|id, endpoint| mine.iter().any(|host| host.id == id && host.endpoint == *endpoint)).await;

        let (local, mut shared): (Vec<_>, Vec<_>) = mine.into_iter().partition(is_local);
        let excess = shared.split_off(share.min(shared.len()));
        mine = local;
        if !excess.is_empty() {
            let ids: Vec<_> = excess.iter().map(|host| host.id).collect();
            // First the executors: the next controller's must not meet ours.
            self.keep_only(|id, _| !ids.contains(&id)).await;
            hosts::let_go(&pool, self.id, Some(&ids)).await?;
            crash_point!("host.let_go");
        }
        let room = i64::try_from(share.saturating_sub(shared.len())).unwrap_or(0);
        if room > 0 {
            shared.extend(hosts::claim(&pool, self.id, lease, room).await?);
        }
        mine.extend(shared);
        if let Some(local) = &self.local {
            mine.extend(hosts::claim_local(&pool, self.id, lease, &local.endpoint).await?);
        }
        for host in mine {
            self.look_after(host);
        }
        if controllers::is_eldest(&pool, self.id, lease).await? {
            self.tidy().await?;
        }
        Ok(())
    }

    /// Has an executor for the host.
    fn look_after(&mut self, host: Host) {
        if self.held.contains_key(&host.id) {
            return;
        }
        crash_point!("host.claimed");
        tracing::info!(host.name, host.id = %host.id, "looking after a host");
        let (id, endpoint, stop) = (host.id, host.endpoint.clone(), CancellationToken::new());
        let reserved_mb = match &self.local {
            Some(local) if is_local(&host) => local.reserved_mb,
            _ => self.control.settings.host_reserved_mb,
        };
        let executor = tokio::spawn(super::host::run(self.control.clone(), self.id, host, reserved_mb, stop.clone()));
        self.held.insert(id, Held { endpoint, stop: stop.drop_guard(), executor });
    }

    /// Stops the executors of all other hosts, and waits until they have ended. Those that ended by themselves (their
    /// lease was lost) are forgotten too, to be started again if the host is still this controller's.
    async fn keep_only(&mut self, keep: impl Fn(HostId, &Option<String>) -> bool) {
        let ended = |held: &Held| held.executor.is_finished();
        let gone: Vec<_> = self
            .held
            .iter()
            .filter(|(id, held)| ended(held) || !keep(**id, &held.endpoint))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            if let Some(Held { stop, executor, .. }) = self.held.remove(&id) {
                drop(stop);
                if let Err(error) = executor.await {
                    tracing::error!(host.id = %id, error = %error, "a host's executor panicked");
                }
            }
        }
    }

    /// What one controller does for all.
    async fn tidy(&self) -> Result<(), OpError> {
        let (pool, settings) = (self.control.db.pool(), &self.control.settings);
        controllers::forget(pool, FORGET_AFTER).await?;
        // Leases may have run out because nobody was there to renew them: all get the time to come back first.
        let silence = settings.host_lease + settings.host_grace;
        if self.started.elapsed() > silence {
            for name in hosts::lose_orphans(pool, settings.host_grace).await? {
                tracing::warn!(host.name = name, "a host is lost: no controller that can reach it is running");
            }
        }
        for host in hosts::list(pool).await? {
            // Others have a machine to end first.
            let has_machine = host.pool_id.is_some() && (host.machine_id.is_some() || self.control.machines.is_some());
            if host.state == HostState::Terminating && !has_machine {
                hosts::gone(pool, host.id, None).await?;
            }
        }
        for dyno in dynos::end_with_hosts(pool, "its host is gone").await? {
            let name = DynoName { kind: dyno.process_type, number: dyno.number };
            self.control.logs.heroku_event(dyno.app_id, &name.to_string(), "Process is gone: so is its host");
            crash_point!("host.dynos_ended");
        }
        Ok(())
    }

    async fn leave(&mut self) -> Result<(), OpError> {
        self.keep_only(|_, _| false).await;
        hosts::let_go(self.control.db.pool(), self.id, None).await?;
        controllers::leave(self.control.db.pool(), self.id).await?;
        Ok(())
    }
}

/// How many hosts (or other things that are shared out) each controller takes at most.
pub(super) fn share(hosts: i64, controllers: i64) -> usize {
    let (hosts, controllers) = (usize::try_from(hosts).unwrap_or(0), usize::try_from(controllers).unwrap_or(0));
    hosts.div_ceil(controllers.max(1))
}

/// Only its own machine's controller can ask it.
fn is_local(host: &Host) -> bool {
    host.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("unix://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_shared_out_so_that_none_is_left() {
        assert_eq!(
            [(0, 1), (3, 1), (3, 2), (4, 2), (2, 3), (5, 0)].map(|(hosts, of)| share(hosts, of)),
            [0, 3, 2, 2, 1, 5]
        );
    }
}
