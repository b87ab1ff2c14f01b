use paas_control::ops::{
    pool_plan::{PlannedEnd, PoolPlan},
    pools::PoolSize,
};
use paas_platform as wire;

use super::host::dollars;

pub(crate) fn pool(size: &PoolSize) -> wire::Pool {
    let pool = &size.pool;
    wire::Pool {
        created_at: pool.created_at.into(),
        disk_gb: pool.disk_gb,
        hosts: size.hosts,
        id: pool.id.uuid(),
        image: pool.image.clone(),
        instance_profile: pool.instance_profile.clone(),
        key_name: pool.key_name.clone(),
        labels: pool.labels.clone(),
        last_error: pool.last_error.clone(),
        launch_after: pool.launch_after.map(Into::into),
        max: pool.max_hosts,
        min: pool.min_hosts,
        name: pool.name.clone(),
        purchase: pool.purchase.to_string(),
        replace_outdated: pool.replace_outdated,
        security_groups: pool.security_groups.clone(),
        subnets: pool.subnets.clone(),
        types: pool.instance_types.clone(),
        updated_at: pool.updated_at.into(),
        zones: pool.zones.clone(),
    }
}

pub(crate) fn pool_plan(plan: PoolPlan) -> wire::PoolPlan {
    let ends = |ends: Vec<PlannedEnd>| {
        let end = |end: PlannedEnd| wire::PlannedEnd {
            price_per_hour: price(end.price_micros),
            host: end.host,
            reason: end.reason,
        };
        ends.into_iter().map(end).collect()
    };
    let launch = plan.launch.into_iter().map(|launch| wire::PlannedLaunch {
        price_per_hour: price(launch.price_micros),
        instance_type: launch.instance_type,
        spot: launch.spot,
        zone: launch.zone,
    });
    let (held_until, held_reason) = plan.held.unzip();
    wire::PoolPlan {
        drain: ends(plan.drain),
        has_unknown_prices: plan.has_unknown_prices,
        held_reason: held_reason.flatten(),
        held_until: held_until.map(Into::into),
        hosts_after: plan.hosts_after,
        hosts_before: plan.hosts_before,
        launch: launch.collect(),
        price_after: dollars(plan.price_after_micros),
        price_before: dollars(plan.price_before_micros),
        spare: plan.spare,
        terminate: ends(plan.terminate),
        waiting: plan.waiting,
    }
}

/// 0 is a price that is not known.
fn price(micros: u64) -> Option<f64> {
    (micros > 0).then(|| dollars(micros))
}
