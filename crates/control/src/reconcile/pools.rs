//! What the provider says of pools: what their machine types offer and cost, and whether their settings can be launched
//! with. Plans go by what is known, and are made anew when more is. A provider that is slow or away delays launches of types
//! that are new, and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use paas_db::{
    DbError, Topic, controllers, hosts,
    pools::{self, Pool},
};
use paas_hosts::{MachineOrder, Machines};
use paas_model::{ControllerId, PoolId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    Control,
    error::chain,
    ops::pool_check::{self, Verdict},
};

/// How often what is known is looked through for what has to be asked anew.
const EVERY: Duration = Duration::from_secs(60);
/// A provider that could not tell is not asked about settings before.
const CHECK_AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

/// Each controller has a catalogue of its own, and keeps it; one checks settings.
pub(super) async fn run(control: Control, id: ControllerId, stop: CancellationToken) {
    let Some(machines) = control.machines.clone() else { return };
    let mut wake = control.changes.subscribe(&[Topic::Pools]);
    let mut checks = Checks::default();
    loop {
        let turn = async {
            if let Err(error) = turn(&control, &*machines, id, &mut checks).await {
                tracing::warn!(error = chain(&error), "pools are not asked about; it is tried again");
            }
            wake.changed_or_after(EVERY).await;
        };
        if stop.run_until_cancelled(turn).await.is_none() {
            return;
        }
    }
}

async fn turn(
    control: &Control,
    machines: &dyn Machines,
    id: ControllerId,
    checks: &mut Checks,
) -> Result<(), DbError> {
    let pools = pools::list(control.db.pool()).await?;
    let mut types: BTreeSet<String> = pools.iter().flat_map(|pool| pool.instance_types.iter().cloned()).collect();
    // Those of hosts too: their pools may name others by now.
    types.extend(hosts::list(control.db.pool()).await?.into_iter().filter_map(|host| host.instance_type));
    control.catalog.learn(machines, &types).await;
    if controllers::is_eldest(control.db.pool(), id, control.settings.host_lease).await? {
        checks.turn(control, machines, &pools).await?;
    }
    Ok(())
}

/// Settings that the provider has judged since this process started: they may have been made while it was away, and what
/// they name may be gone by now.
#[derive(Debug, Default)]
struct Checks {
    judged: BTreeMap<PoolId, Vec<MachineOrder>>,
    not_before: Option<Instant>,
}

impl Checks {
    async fn turn(&mut self, control: &Control, machines: &dyn Machines, pools: &[Pool]) -> Result<(), DbError> {
        self.judged.retain(|id, _| pools.iter().any(|pool| pool.id == *id));
        if self.not_before.is_some_and(|at| Instant::now() < at) {
            return Ok(());
        }
        self.not_before = None;
        for pool in pools {
            let orders = pool_check::orders(pool);
            if self.judged.get(&pool.id) == Some(&orders) {
                continue;
            }
            match pool_check::check(machines, pool).await {
                Verdict::Fine => {
                    pools::tell(control.db.pool(), pool.id, None).await?;
                }
                Verdict::Wrong(reason) => {
                    tracing::warn!(pool.name, reason, "a pool's settings are wrong: nothing can be launched");
                    pools::tell(control.db.pool(), pool.id, Some(&reason)).await?;
                }
                Verdict::Unknown(reason) => {
                    tracing::warn!(pool.name, reason, "a pool's settings cannot be checked");
                    self.not_before = Some(Instant::now() + CHECK_AGAIN_AFTER);
                    continue;
                }
            }
            self.judged.insert(pool.id, orders);
        }
        Ok(())
    }
}
