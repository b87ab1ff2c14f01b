//! The planner's world, read from the rows.

use std::collections::BTreeMap;

use paas_db::{Connection, DbError, dynos, hosts, pools, world};
use paas_model::AppId;
use paas_planner::{Policy, World};

use crate::{Control, Settings};

/// What plans go by.
#[must_use]
pub fn policy(settings: &Settings) -> Policy {
    Policy { crash: settings.crash, ..settings.placement }
}

/// Everything that a plan may depend on, as of one transaction. What pools can buy is as last heard from the provider.
///
/// # Errors
/// [`DbError::Unavailable`].
pub async fn load(control: &Control, db: &mut Connection) -> Result<World, DbError> {
    let settings = &control.settings;
    let shortages = pools::shortages(&mut *db).await?;
    let pools = pools::list(&mut *db).await?.into_iter().map(|pool| paas_planner::Pool {
        offers: control.catalog.offers(&pool, &shortages, settings.host_reserved_mb),
        id: pool.id,
        name: pool.name,
        min_hosts: pool.min_hosts,
        max_hosts: pool.max_hosts,
        labels: pool.labels,
        image: Some(pool.image),
        replace_outdated: pool.replace_outdated,
        launch_after: pool.launch_after,
    });
    let pools = pools.collect();
    let hosts = hosts::list(&mut *db).await?.into_iter().map(|row| paas_planner::Host {
        fault: row.fault(),
        id: row.id,
        name: row.name,
        state: row.state,
        pool: row.pool_id,
        zone: row.zone,
        labels: row.labels,
        memory_mb: row.memory_mb,
        cpu_millis: row.cpus.saturating_mul(1_000),
        since: row.since,
        spare_since: row.spare_since,
        interrupted: row.interrupted_at.is_some(),
        drain_requested: row.drain_requested,
        image: row.image,
        price_micros_per_hour: u64::try_from(row.price_micros).unwrap_or(0),
    });
    let hosts = hosts.collect();
    let builds = world::builds(&mut *db).await?.into_iter().map(|row| paas_planner::Build {
        id: row.id,
        app_id: row.app_id,
        memory_mb: settings.build_reserved_mb,
        cpu_millis: settings.build_reserved_millis,
        host: row.host_id,
    });
    let builds = builds.collect();
    Ok(World { pools, hosts, apps: apps(db).await?, dynos: dynos(db).await?, builds })
}

async fn apps(db: &mut Connection) -> Result<Vec<paas_planner::App>, DbError> {
    let mut formations: BTreeMap<AppId, Vec<paas_planner::Formation>> = BTreeMap::new();
    for row in world::formations(&mut *db).await? {
        formations.entry(row.app_id).or_default().push(paas_planner::Formation {
            kind: row.kind,
            quantity: row.quantity,
            size: row.size,
            command: row.command,
            singleton: row.singleton,
        });
    }
    let apps = world::apps(&mut *db).await?.into_iter().map(|row| paas_planner::App {
        canary_seconds: row.canary_seconds(),
        id: row.id,
        name: row.name,
        labels: row.labels,
        release: row.release_id.zip(row.release_version).map(|(id, version)| paas_planner::Release {
            id,
            version,
            has_slug: row.has_slug,
        }),
        formation: formations.remove(&row.id).unwrap_or_default(),
    });
    Ok(apps.collect())
}

async fn dynos(db: &mut Connection) -> Result<Vec<paas_planner::Dyno>, DbError> {
    let dynos = dynos::live(db).await?.into_iter().map(|row| paas_planner::Dyno {
        name: row.name(),
        id: row.id,
        app_id: row.app_id,
        release_id: row.release_id,
        kind: row.kind,
        size: row.size,
        command: row.command,
        state: row.state,
        host: row.host_id,
        up_at: row.up_at,
        crashes: row.crashes,
        restart_at: row.restart_at,
        restart_requested: row.restart_requested,
    });
    Ok(dynos.collect())
}
