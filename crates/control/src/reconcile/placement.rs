//! Plans and applies in one short transaction under a lock, so that any number of controllers may do it.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use paas_db::{Connection, DbError, Topic, Vault, builds, controllers, dynos, hosts, new_id};
use paas_model::{ControllerId, DynoKind, DynoName, HostId, HostState};
use paas_planner::{Action, Offer, Plan, Pool, World};
use tokio_util::sync::CancellationToken;

use super::waits::{self, Waits};
use crate::{Control, crash_point, error::chain, world};

/// From one plan to the next: each loads the world.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);
/// A host's name is a DNS label.
const MAX_NAME: usize = 63;
/// The plan may end a host from any state that is not past that.
const TERMINABLE: [HostState; 6] = [
    HostState::Requested,
    HostState::Launching,
    HostState::Joining,
    HostState::Ready,
    HostState::Draining,
    HostState::Lost,
];

pub(super) async fn run(control: Control, id: ControllerId, stop: CancellationToken) {
    let topics =
        [Topic::Apps, Topic::Builds, Topic::Releases, Topic::Formations, Topic::Dynos, Topic::Hosts, Topic::Pools];
    let mut wake = control.changes.subscribe(&topics).at_most_every(AT_MOST_EVERY);
    let mut waits = Waits::default();
    loop {
        let plan = match turn(&control).await {
            Ok(plan) => plan,
            Err(error) => {
                tracing::warn!(error = chain(&error), "placement failed; it is tried again");
                Plan::default()
            }
        };
        // Every controller plans; one tells.
        if controllers::is_eldest(control.db.pool(), id, control.settings.host_lease).await.unwrap_or(false) {
            waits.tell(&control, &plan).await;
        }
        let longest = if waits.are_pending() { waits::TELL_AFTER } else { super::TIMER };
        let next = plan.wake_at.map_or(longest, |at| wait_until(at, Utc::now())).min(longest);
        tokio::select! {
            () = wake.changed_or_after(next) => {}
            () = control.catalog.changed() => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn turn(control: &Control) -> Result<Plan, DbError> {
    let mut tx = control.db.begin().await?;
    dynos::lock_placement(&mut tx).await?;
    builds::displace(&mut *tx).await?;
    let world = world::load(control, &mut tx).await?;
    let plan = paas_planner::plan(&world, &world::policy(&control.settings), Utc::now());
    crash_point!("rollout.planned");
    for action in &plan.actions {
        tracing::debug!(?action, "placement");
        apply(&mut tx, control.db.vault(), &world, action).await?;
    }
    crash_point!("rollout.before_commit");
    tx.commit().await?;
    crash_point!("rollout.applied");
    for action in &plan.actions {
        announce(&world, action);
    }
    Ok(plan)
}

async fn apply(db: &mut Connection, vault: &Vault, world: &World, action: &Action) -> Result<(), DbError> {
    match action {
        Action::Start { app_id, release_id, kind, number, size, command, crashes, host, replaces } => {
            if let Some(crashed) = replaces {
                dynos::gone(&mut *db, *crashed, None, None).await?;
            }
            let dyno = dynos::NewDyno {
                id: new_id(),
                app_id: *app_id,
                release_id: *release_id,
                kind: DynoKind::Formation,
                name: DynoName { kind: kind.clone(), number: *number },
                size: *size,
                command: command.clone(),
                host_id: Some(*host),
                account_id: None,
                env: BTreeMap::new(),
                attach: None,
                tty: false,
                expires_at: None,
                crashes: *crashes,
            };
            dynos::create(db, vault, &dyno).await
        }
        Action::Place { dyno, host } => dynos::place(db, *dyno, *host).await.map(drop),
        Action::Stop { dyno, reason } => dynos::stop(db, *dyno, &reason.to_string()).await.map(drop),
        Action::PlaceBuild { build, host } => {
            builds::place(&mut *db, *build, *host).await?;
            crash_point!("build.placed");
            Ok(())
        }
        Action::Launch { pool, instance_type, zone, spot } => {
            let pool = world.pools.iter().find(|known| known.id == *pool);
            let offer = pool.and_then(|pool| {
                let wanted =
                    |offer: &&Offer| (&offer.instance_type, &offer.zone, offer.spot) == (instance_type, zone, *spot);
                pool.offers.iter().find(wanted)
            });
            match pool.zip(offer) {
                Some((pool, offer)) => hosts::request(db, &requested(pool, offer)).await,
                None => Ok(()),
            }
        }
        Action::Drain { host, reason } => {
            let reason = reason.to_string();
            hosts::advance(db, *host, &[HostState::Ready], HostState::Draining, Some(&reason)).await.map(drop)
        }
        Action::Undrain { host } => {
            hosts::advance(db, *host, &[HostState::Draining], HostState::Ready, None).await.map(drop)
        }
        Action::Terminate { host, reason } => {
            let reason = reason.to_string();
            hosts::advance(db, *host, &TERMINABLE, HostState::Terminating, Some(&reason)).await.map(drop)
        }
        Action::MarkSpare { host } => hosts::set_spare(db, *host, Some(Utc::now())).await,
        Action::UnmarkSpare { host } => hosts::set_spare(db, *host, None).await,
    }
}

/// The row of a host that is to be launched.
fn requested(pool: &Pool, offer: &Offer) -> hosts::Requested {
    let id: HostId = new_id();
    // The end of the id is random; the pool's name is cut so that the whole is still a name.
    let suffix: String = id.uuid().simple().to_string().chars().skip(24).collect();
    let prefix: String = pool.name.chars().take(MAX_NAME - suffix.len() - 1).collect();
    hosts::Requested {
        id,
        name: format!("{prefix}-{suffix}"),
        pool_id: pool.id,
        zone: offer.zone.clone(),
        labels: pool.labels.clone(),
        instance_type: offer.instance_type.clone(),
        spot: offer.spot,
        image: pool.image.clone().unwrap_or_default(),
        memory_mb: offer.memory_mb,
        cpus: (offer.cpu_millis / 1_000).max(1),
        price_micros: i64::try_from(offer.price_micros_per_hour).unwrap_or(i64::MAX),
    }
}

/// What operators see of the pool's size.
fn announce(world: &World, action: &Action) {
    let name = |id: &HostId| world.hosts.iter().find(|host| host.id == *id).map(|host| host.name.as_str());
    match action {
        Action::Launch { pool, instance_type, zone, spot } => {
            let pool = world.pools.iter().find(|known| known.id == *pool).map(|pool| pool.name.as_str());
            tracing::info!(pool.name = pool, instance_type, zone, spot, "a host is wanted");
        }
        Action::Drain { host, reason } => tracing::info!(host.name = name(host), %reason, "draining a host"),
        Action::Undrain { host } => tracing::info!(host.name = name(host), "a host is needed after all"),
        Action::Terminate { host, reason } => tracing::info!(host.name = name(host), %reason, "ending a host"),
        Action::Start { .. }
        | Action::Place { .. }
        | Action::Stop { .. }
        | Action::PlaceBuild { .. }
        | Action::MarkSpare { .. }
        | Action::UnmarkSpare { .. } => {}
    }
}

fn wait_until(at: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (at - now).to_std().unwrap_or_default()
}
