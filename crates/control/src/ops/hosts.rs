//! Hosts as their owner sees them, and what a person may ask of one. The loops do the work; a host that was asked to drain
//! empties because the planner moves its dynos.

use std::{collections::BTreeMap, net::IpAddr};

use paas_db::{Connection, DbError, builds, dynos, hosts, hosts::Host, pools};
use paas_hosts::HostEndpoint;
use paas_model::{HostId, HostName, HostState, Labels, PoolId};

use super::check_labels;
use crate::{Control, OpError, ops::accounts::Owner};

/// A host and what it carries.
#[derive(Debug, Clone)]
pub struct HostLoad {
    pub host: Host,
    /// `None`: it joined by hand.
    pub pool: Option<(PoolId, String)>,
    /// MiB that its dynos have set aside.
    pub memory_used_mb: u32,
    /// Thousandths of a core that its dynos have set aside.
    pub cpu_used_millis: u32,
    pub dynos: u32,
    /// That run there, or were given to it.
    pub builds: u32,
}

/// Hosts that are not gone, by name.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, _: &Owner) -> Result<Vec<HostLoad>, OpError> {
    let mut db = control.db.begin().await?;
    let rows = hosts::list(&mut *db).await?;
    Ok(loaded(&mut db, rows).await?)
}

/// The host with this id or name, unless it is gone.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, _: &Owner, id_or_name: &str) -> Result<HostLoad, OpError> {
    let mut db = control.db.begin().await?;
    let row = row(&mut db, id_or_name).await?;
    loaded(&mut db, vec![row]).await?.pop().ok_or_else(|| OpError::not_found("host"))
}

/// Has the host empty itself, or (`drain` false) take dynos again. Asking twice is asking once.
///
/// # Errors
/// [`OpError::Conflict`] while it has not joined, and when its machine is being ended.
pub async fn drain(control: &Control, owner: &Owner, id_or_name: &str, drain: bool) -> Result<HostLoad, OpError> {
    let mut tx = control.db.begin().await?;
    let host = row(&mut tx, id_or_name).await?;
    if !hosts::request_drain(&mut *tx, host.id, drain).await? {
        let message = match host.state {
            HostState::Requested | HostState::Launching => "it has not joined yet; remove it if it is not wanted",
            _ => "its machine is being ended",
        };
        return Err(OpError::Conflict(format!("{} cannot be drained or undrained: {message}.", host.name)));
    }
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(host.name, host.id = %host.id, account.email = owner.email(), drain, "a person drains a host");
    find(control, owner, &host.id.to_string()).await
}

/// Gives the host these labels and no others. What they keep off it is not moved: drain it for that.
///
/// # Errors
/// [`OpError::Invalid`] for what is no label; [`OpError::Conflict`] for a host of a pool.
pub async fn label(control: &Control, owner: &Owner, id_or_name: &str, labels: &Labels) -> Result<HostLoad, OpError> {
    check_labels(labels)?;
    let mut tx = control.db.begin().await?;
    let host = row(&mut tx, id_or_name).await?;
    if !hosts::set_labels(&mut *tx, host.id, labels).await? {
        return Err(OpError::Conflict(format!(
            "The labels of {} are its pool's. Change them there, with `paas pools:set POOL --label KEY=VALUE`: hosts that are \
             launched from then on have them.",
            host.name
        )));
    }
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(host.name, host.id = %host.id, account.email = owner.email(), ?labels, "a person labelled a host");
    find(control, owner, &host.id.to_string()).await
}

/// Takes a host out. One that joined by hand is gone at once, and with it the secret that renews its certificate; the
/// machine of a launched one is ended by the loop. `force` does so while dynos or builds run there: they are started
/// elsewhere, and nobody waits for them.
///
/// Returns the host as it was.
///
/// # Errors
/// [`OpError::Conflict`] while something runs there, when no other host could run what runs now, or when its machine is
/// to be ended and nothing here ends machines, unless forced; for a machine that a living server runs on, always.
pub async fn remove(control: &Control, owner: &Owner, id_or_name: &str, force: bool) -> Result<HostLoad, OpError> {
    let mut tx = control.db.begin().await?;
    // Placement waits meanwhile: nothing may be put on the host between the look and the removal.
    dynos::lock_placement(&mut tx).await?;
    let host = row(&mut tx, id_or_name).await?;
    let before = loaded(&mut tx, vec![host]).await?.pop().ok_or_else(|| OpError::not_found("host"))?;
    // Nobody ends its machine: only a person can say that it is gone.
    let is_stuck = before.host.state == HostState::Terminating && control.machines.is_none();
    check_removal(&mut tx, &before, is_stuck, force).await?;
    let (host, reason) = (&before.host, format!("removed by {}", owner.email()));
    if host.pool_id.is_some() && !is_stuck {
        let from: Vec<_> = HostState::ALL.iter().copied().filter(|state| may_end(*state)).collect();
        hosts::advance(&mut *tx, host.id, &from, HostState::Terminating, Some(&reason)).await?;
    } else {
        for dyno in dynos::with_container(&mut *tx, host.id).await? {
            dynos::gone(&mut *tx, dyno, None, Some("its host was removed")).await?;
        }
        hosts::gone(&mut *tx, host.id, Some(&reason)).await?;
    }
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(
        host.name,
        host.id = %host.id,
        account.email = owner.email(),
        force,
        dynos = before.dynos,
        "a person removed a host"
    );
    Ok(before)
}

fn may_end(state: HostState) -> bool {
    state != HostState::Terminating && state.may_become(HostState::Terminating)
}

async fn check_removal(db: &mut Connection, load: &HostLoad, is_stuck: bool, force: bool) -> Result<(), OpError> {
    let HostLoad { host, dynos: running, builds, .. } = load;
    let name = &host.name;
    let is_local = host.endpoint.as_deref().is_some_and(|endpoint| endpoint.starts_with("unix:"));
    if is_local && hosts::is_held(&mut *db, host.id).await? {
        return Err(OpError::Conflict(format!(
            "{name} is the machine that the server runs on, and would come back at once. To keep dynos off it, drain it."
        )));
    }
    if force {
        return Ok(());
    }
    if is_stuck {
        let machine = host.machine_id.as_deref().unwrap_or("without a known name");
        return Err(OpError::Conflict(format!(
            "The machine of {name} ({machine}) is to be ended, and this server launches and ends none. End it with its \
             provider, then force the removal."
        )));
    }
    if *running > 0 || *builds > 0 {
        return Err(OpError::Conflict(format!(
            "{name} still runs {}. Drain it first and wait until it is empty, or force its removal: then they are \
             started elsewhere, and nobody waits for what they are doing.",
            counted(*running, *builds)
        )));
    }
    let others = hosts::list(&mut *db).await?;
    let is_last = !others.iter().any(|other| other.id != host.id && other.state == HostState::Ready);
    if is_last && host.state == HostState::Ready && !dynos::live(db).await?.is_empty() {
        return Err(OpError::Conflict(format!(
            "{name} is the last host that is ready, and apps have dynos to run. Add another host first, or force the \
             removal."
        )));
    }
    Ok(())
}

/// `2 dynos and 1 build`.
fn counted(dynos: u32, builds: u32) -> String {
    let one = |count: u32, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    [one(dynos, "dyno"), one(builds, "build")].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

/// Where other machines reach it; `None`: it has not joined, or is this machine.
#[must_use]
pub fn address(host: &Host) -> Option<IpAddr> {
    match host.endpoint.as_deref()?.parse() {
        Ok(HostEndpoint::Tcp { address, .. }) => Some(address.ip()),
        _ => None,
    }
}

/// The row of a host that is not gone.
pub(crate) async fn row(db: &mut Connection, id_or_name: &str) -> Result<Host, OpError> {
    let host = match (id_or_name.parse::<HostId>(), HostName::parse(id_or_name)) {
        (Ok(id), _) => hosts::find(db, id).await?.filter(|host| host.state != HostState::Gone),
        (_, Ok(name)) => hosts::by_name(db, name.as_str()).await?,
        _ => None,
    };
    host.ok_or_else(|| OpError::not_found("host"))
}

async fn loaded(db: &mut Connection, rows: Vec<Host>) -> Result<Vec<HostLoad>, DbError> {
    let pools: BTreeMap<PoolId, String> =
        pools::list(&mut *db).await?.into_iter().map(|pool| (pool.id, pool.name)).collect();
    let builds: BTreeMap<HostId, i64> = builds::by_host(&mut *db).await?.into_iter().collect();
    let mut loads: BTreeMap<HostId, Vec<dynos::Load>> = BTreeMap::new();
    for load in dynos::loads(db).await? {
        loads.entry(load.host_id).or_default().push(load);
    }
    let of = |host: Host| {
        let loads = loads.get(&host.id).map_or(&[][..], Vec::as_slice);
        let sum = |of: fn(&dynos::Load) -> u32| loads.iter().map(of).fold(0, u32::saturating_add);
        HostLoad {
            pool: host.pool_id.and_then(|id| Some((id, pools.get(&id)?.clone()))),
            memory_used_mb: sum(|load| load.dynos.saturating_mul(load.size.memory_mb())),
            cpu_used_millis: sum(|load| load.dynos.saturating_mul(load.size.cpu_millis())),
            dynos: sum(|load| load.dynos),
            builds: builds.get(&host.id).map_or(0, |count| u32::try_from(*count).unwrap_or(u32::MAX)),
            host,
        }
    };
    Ok(rows.into_iter().map(of).collect())
}
