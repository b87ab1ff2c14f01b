//! What a pool would do just now, and what it would cost: a plan that nobody carries out.

use chrono::{DateTime, Utc};
use paas_db::pools;
use paas_model::{HostId, PoolId};
use paas_planner::{Action, Host, World};

use super::pools::{PoolChange, changed, find, machines};
use crate::{Control, OpError, ops::accounts::Owner, world};

/// Prices are in millionths of a dollar an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolPlan {
    pub launch: Vec<PlannedLaunch>,
    pub drain: Vec<PlannedEnd>,
    pub terminate: Vec<PlannedEnd>,
    /// Hosts that it could do without: they are drained when that has been so for a while.
    pub spare: Vec<String>,
    pub hosts_before: usize,
    pub hosts_after: usize,
    pub price_before_micros: u64,
    pub price_after_micros: u64,
    /// A price above is not known, and counts as nothing.
    pub has_unknown_prices: bool,
    /// No launch is tried before then, and why.
    pub held: Option<(DateTime<Utc>, Option<String>)>,
    /// What waits for a host, for people: `web of my-app: no host has …`.
    pub waiting: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedLaunch {
    pub instance_type: String,
    pub zone: String,
    pub spot: bool,
    pub price_micros: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEnd {
    pub host: String,
    pub reason: String,
    pub price_micros: u64,
}

/// Plans for the present world, as if the pool were changed so. Writes nothing.
///
/// # Errors
/// [`OpError::NotFound`]; [`OpError::Invalid`] for a change that cannot be.
pub async fn plan(control: &Control, owner: &Owner, id_or_name: &str, change: PoolChange) -> Result<PoolPlan, OpError> {
    let before = find(control, owner, id_or_name).await?.pool;
    let pool = changed(before, change)?;
    // The types may be ones that were never asked about.
    control.catalog.learn(machines(control)?, &pool.instance_types.iter().cloned().collect()).await;
    if let Some(unknown) = pool.instance_types.iter().find(|name| control.catalog.get(name).is_none()) {
        return Err(OpError::Invalid(format!("Nothing is known of the instance type {unknown}.")));
    }
    let mut tx = control.db.begin().await?;
    let shortages = pools::shortages(&mut *tx).await?;
    let mut world = world::load(control, &mut tx).await?;
    let offers = control.catalog.offers(&pool, &shortages, control.settings.host_reserved_mb);
    if let Some(planned) = world.pools.iter_mut().find(|planned| planned.id == pool.id) {
        planned.min_hosts = pool.min_hosts;
        planned.max_hosts = pool.max_hosts;
        planned.offers = offers;
    }
    let now = Utc::now();
    let plan = paas_planner::plan(&world, &world::policy(&control.settings), now);
    let mut shown = of_pool(&world, pool.id, &plan.actions);
    shown.held = pool.launch_after.filter(|until| *until > now).map(|until| (until, pool.last_error));
    let app = |id| world.apps.iter().find(|app| app.id == id).map_or_else(String::new, |app| app.name.to_string());
    shown.waiting =
        plan.waiting.iter().map(|wait| format!("{} of {}: {}", wait.kind, app(wait.app_id), wait.reason)).collect();
    Ok(shown)
}

fn of_pool(world: &World, pool: PoolId, actions: &[Action]) -> PoolPlan {
    let ours: Vec<&Host> = world.hosts.iter().filter(|host| host.pool == Some(pool)).collect();
    let host = |id: &HostId| ours.iter().find(|host| host.id == *id).copied();
    let end = |host: &Host, reason: String| PlannedEnd {
        host: host.name.clone(),
        reason,
        price_micros: host.price_micros_per_hour,
    };
    let (mut launch, mut drain, mut terminate, mut spare) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for action in actions {
        match action {
            Action::Launch { pool: of, instance_type, zone, spot } if *of == pool => launch.push(PlannedLaunch {
                instance_type: instance_type.clone(),
                zone: zone.clone(),
                spot: *spot,
                price_micros: offered(world, pool, instance_type, zone, *spot),
            }),
            Action::Drain { host: id, reason } => drain.extend(host(id).map(|host| end(host, reason.to_string()))),
            Action::Terminate { host: id, reason } => {
                terminate.extend(host(id).map(|host| end(host, reason.to_string())));
            }
            Action::MarkSpare { host: id } => spare.extend(host(id).map(|host| host.name.clone())),
            _ => {}
        }
    }
    let ending = |host: &&&Host| !drain.iter().chain(&terminate).any(|end: &PlannedEnd| end.host == host.name);
    let stay: Vec<_> = ours.iter().filter(ending).collect();
    let launched: u64 = launch.iter().map(|launch| launch.price_micros).sum();
    let is_free = |price: u64| price == 0;
    PoolPlan {
        hosts_before: ours.len(),
        hosts_after: stay.len() + launch.len(),
        price_before_micros: ours.iter().map(|host| host.price_micros_per_hour).sum(),
        price_after_micros: stay.iter().map(|host| host.price_micros_per_hour).sum::<u64>() + launched,
        has_unknown_prices: ours.iter().any(|host| is_free(host.price_micros_per_hour))
            || launch.iter().any(|launch| is_free(launch.price_micros)),
        held: None,
        waiting: Vec::new(),
        launch,
        drain,
        terminate,
        spare,
    }
}

fn offered(world: &World, pool: PoolId, instance_type: &str, zone: &str, spot: bool) -> u64 {
    let pool = world.pools.iter().find(|known| known.id == pool);
    let offers = pool.into_iter().flat_map(|pool| &pool.offers);
    let mut same =
        offers.filter(|offer| offer.instance_type == instance_type && offer.zone == zone && offer.spot == spot);
    same.next().map_or(0, |offer| offer.price_micros_per_hour)
}
