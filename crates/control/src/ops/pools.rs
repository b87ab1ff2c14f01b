//! Pools: what the platform may launch, and how many of it. The planner decides when; the loops do it.

use std::collections::BTreeMap;

use paas_db::{DbError, hosts, new_id, pools, pools::Pool};
use paas_hosts::Machines;
use paas_model::{HostName, Labels, PoolId, PoolName, Purchase};

use super::{
    check_labels, is_providers_name,
    pool_check::{self, Verdict},
};
use crate::{Control, OpError, ops::accounts::Owner};

/// The database holds to it, too.
const MAX_HOSTS: u32 = 1_000;
const DISK_GB: std::ops::RangeInclusive<u32> = 8..=16_384;
/// Of types, zones, groups: what a provider takes in one call is fewer.
const MAX_NAMES: usize = 50;

/// A new pool, or a change: `None` keeps what is, or takes the default.
#[derive(Debug, Clone, Default)]
pub struct PoolChange {
    pub name: Option<String>,
    pub min: Option<u32>,
    pub max: Option<u32>,
    /// All of them.
    pub labels: Option<Labels>,
    pub types: Option<Vec<String>>,
    pub zones: Option<Vec<String>>,
    pub purchase: Option<String>,
    pub image: Option<String>,
    pub replace_outdated: Option<bool>,
    /// Zone to subnet; all of them.
    pub subnets: Option<BTreeMap<String, String>>,
    pub security_groups: Option<Vec<String>>,
    /// Empty: none.
    pub key_name: Option<String>,
    /// Empty: none.
    pub instance_profile: Option<String>,
    pub disk_gb: Option<u32>,
}

/// A pool, and how many hosts it has that are not gone.
#[derive(Debug, Clone)]
pub struct PoolSize {
    pub pool: Pool,
    pub hosts: u32,
}

/// By name.
///
/// # Errors
/// [`OpError::Unavailable`].
pub async fn list(control: &Control, _: &Owner) -> Result<Vec<PoolSize>, OpError> {
    let mut tx = control.db.begin().await?;
    let mut counts: BTreeMap<PoolId, u32> = BTreeMap::new();
    for pool in hosts::list(&mut *tx).await?.into_iter().filter_map(|host| host.pool_id) {
        *counts.entry(pool).or_default() += 1;
    }
    let pools = pools::list(&mut *tx).await?;
    Ok(pools.into_iter().map(|pool| PoolSize { hosts: counts.remove(&pool.id).unwrap_or_default(), pool }).collect())
}

/// By id or name.
///
/// # Errors
/// [`OpError::NotFound`].
pub async fn find(control: &Control, owner: &Owner, id_or_name: &str) -> Result<PoolSize, OpError> {
    let found = list(control, owner).await?.into_iter().find(|one| match id_or_name.parse::<PoolId>() {
        Ok(id) => one.pool.id == id,
        Err(_) => one.pool.name == id_or_name,
    });
    found.ok_or_else(|| OpError::not_found("pool"))
}

/// While the provider is away, the pool is made all the same, and `last_error` says that it was not checked.
///
/// # Errors
/// [`OpError::Invalid`] for what cannot be, or what the provider would not launch; [`OpError::Conflict`] when this server
/// launches no machines.
pub async fn create(control: &Control, owner: &Owner, change: PoolChange) -> Result<PoolSize, OpError> {
    let machines = machines(control)?;
    let missing = [
        ("a name", change.name.is_none()),
        ("max", change.max.is_none()),
        ("types", change.types.is_none()),
        ("zones", change.zones.is_none()),
        ("an image", change.image.is_none()),
    ];
    let missing: Vec<_> = missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(what, _)| what).collect();
    if !missing.is_empty() {
        return Err(OpError::Invalid(format!("A pool needs {}, too.", missing.join(", "))));
    }
    let none = Pool {
        id: new_id(),
        name: String::new(),
        min_hosts: 0,
        max_hosts: 0,
        labels: Labels::new(),
        instance_types: Vec::new(),
        zones: Vec::new(),
        purchase: Purchase::OnDemand,
        image: String::new(),
        replace_outdated: true,
        subnets: BTreeMap::new(),
        security_groups: Vec::new(),
        key_name: None,
        instance_profile: None,
        disk_gb: 50,
        launch_after: None,
        last_error: None,
        created_at: chrono::DateTime::UNIX_EPOCH,
        updated_at: chrono::DateTime::UNIX_EPOCH,
    };
    let pool = changed(none, change)?;
    let warning = checked(machines, &pool).await?;
    let mut tx = control.db.begin().await?;
    pools::put(&mut *tx, &pool).await.map_err(|error| taken(error, &pool.name))?;
    pools::tell(&mut *tx, pool.id, warning.as_deref()).await?;
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(pool.name, account.email = owner.email(), "a pool was made");
    find(control, owner, &pool.id.to_string()).await
}

/// A launch that was put off for what was wrong before is tried again at once.
///
/// # Errors
/// As [`create`]; [`OpError::NotFound`].
pub async fn update(
    control: &Control,
    owner: &Owner,
    id_or_name: &str,
    change: PoolChange,
) -> Result<PoolSize, OpError> {
    let before = find(control, owner, id_or_name).await?.pool;
    let wanted = changed(before.clone(), change.clone())?;
    // What is no question to the provider can be changed without one: a pool may always be emptied.
    let is_new =
        wanted.instance_types != before.instance_types || pool_check::orders(&wanted) != pool_check::orders(&before);
    let warning = if is_new { Some(checked(machines(control)?, &wanted).await?) } else { None };
    let mut tx = control.db.begin().await?;
    let now = pools::find_for_update(&mut tx, before.id).await?.ok_or_else(|| OpError::not_found("pool"))?;
    let pool = changed(now, change)?;
    pools::put(&mut *tx, &pool).await.map_err(|error| taken(error, &pool.name))?;
    if let Some(warning) = warning {
        pools::tell(&mut *tx, pool.id, warning.as_deref()).await?;
    }
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(pool.name, account.email = owner.email(), "a pool was changed");
    find(control, owner, &pool.id.to_string()).await
}

/// Returns the pool as it was.
///
/// # Errors
/// [`OpError::Conflict`] while it has hosts; [`OpError::NotFound`].
pub async fn delete(control: &Control, owner: &Owner, id_or_name: &str) -> Result<PoolSize, OpError> {
    let before = find(control, owner, id_or_name).await?;
    let name = &before.pool.name;
    let mut tx = control.db.begin().await?;
    if !pools::delete(&mut tx, before.pool.id).await? {
        let hosts = match before.hosts {
            1 => "1 host".to_owned(),
            hosts => format!("{hosts} hosts"),
        };
        return Err(OpError::Conflict(format!(
            "The pool {name} has {hosts}. Let them go first: `paas pools:set {name} --min 0 --max 0` empties and ends them."
        )));
    }
    tx.commit().await.map_err(DbError::from)?;
    tracing::info!(pool.name = name, account.email = owner.email(), "a pool was destroyed");
    Ok(before)
}

/// The pool with the change in it, if all of it can be.
pub(super) fn changed(mut pool: Pool, change: PoolChange) -> Result<Pool, OpError> {
    if let Some(name) = change.name {
        pool.name = PoolName::parse(&name).map(HostName::into).map_err(OpError::invalid)?;
    }
    pool.min_hosts = change.min.unwrap_or(pool.min_hosts);
    pool.max_hosts = change.max.unwrap_or(pool.max_hosts);
    if pool.min_hosts > pool.max_hosts {
        return Err(OpError::Invalid(format!(
            "A pool cannot have at least {} and at most {} hosts: make min smaller or max larger.",
            pool.min_hosts, pool.max_hosts
        )));
    }
    if pool.max_hosts > MAX_HOSTS {
        return Err(OpError::Invalid(format!("A pool has at most {MAX_HOSTS} hosts, not {}.", pool.max_hosts)));
    }
    if let Some(labels) = change.labels {
        check_labels(&labels)?;
        pool.labels = labels;
    }
    for (what, given, now) in
        [("types", change.types, &mut pool.instance_types), ("zones", change.zones, &mut pool.zones)]
    {
        let Some(given) = given else { continue };
        if given.is_empty() {
            return Err(OpError::Invalid(format!("A pool needs at least one of its {what}.")));
        }
        check_names(what, &given)?;
        *now = given;
    }
    if let Some(purchase) = change.purchase {
        pool.purchase = purchase.parse().map_err(|_| {
            let known = Purchase::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ");
            OpError::Invalid(format!("{purchase:?} is no way to buy machines. Those there are: {known}."))
        })?;
    }
    if let Some(image) = change.image {
        check_names("image", std::slice::from_ref(&image))?;
        pool.image = image;
    }
    pool.replace_outdated = change.replace_outdated.unwrap_or(pool.replace_outdated);
    if let Some(subnets) = change.subnets {
        let names: Vec<_> = subnets.iter().flat_map(|(zone, subnet)| [zone.clone(), subnet.clone()]).collect();
        check_names("subnets", &names)?;
        pool.subnets = subnets;
    }
    if let Some(zone) = pool.subnets.keys().find(|zone| !pool.zones.contains(zone)) {
        return Err(OpError::Invalid(format!("There is a subnet for {zone}, which is none of the pool's zones.")));
    }
    if let Some(groups) = change.security_groups {
        check_names("security groups", &groups)?;
        pool.security_groups = groups;
    }
    pool.key_name = optional("key", change.key_name, pool.key_name)?;
    pool.instance_profile = optional("instance profile", change.instance_profile, pool.instance_profile)?;
    pool.disk_gb = change.disk_gb.unwrap_or(pool.disk_gb);
    if !DISK_GB.contains(&pool.disk_gb) {
        return Err(OpError::Invalid(format!(
            "A disk has {} to {} GB, not {}.",
            DISK_GB.start(),
            DISK_GB.end(),
            pool.disk_gb
        )));
    }
    Ok(pool)
}

/// What launches machines for pools.
pub(super) fn machines(control: &Control) -> Result<&dyn Machines, OpError> {
    control.machines.as_deref().ok_or_else(|| {
        OpError::Conflict(
            "This server launches no machines, so that a pool would stay empty. docs/ec2.md says how to set it up. Machines \
             that there are already join with `paas hosts:add`."
                .to_owned(),
        )
    })
}

/// What to warn of; `None`: the provider would launch what the pool asks for.
///
/// # Errors
/// [`OpError::Invalid`] with everything that the provider says is wrong.
async fn checked(machines: &dyn Machines, pool: &Pool) -> Result<Option<String>, OpError> {
    match pool_check::check(machines, pool).await {
        Verdict::Fine => Ok(None),
        Verdict::Wrong(reason) => Err(OpError::Invalid(reason)),
        Verdict::Unknown(reason) => Ok(Some(reason)),
    }
}

fn check_names(what: &str, names: &[String]) -> Result<(), OpError> {
    if names.len() > MAX_NAMES {
        return Err(OpError::Invalid(format!("These are {} {what}; {MAX_NAMES} are the most.", names.len())));
    }
    match names.iter().find(|name| !is_providers_name(name)) {
        None => Ok(()),
        Some(name) => Err(OpError::Invalid(format!("{name:?} cannot be right in {what}."))),
    }
}

/// A name that may be taken away by an empty one.
fn optional(what: &str, given: Option<String>, now: Option<String>) -> Result<Option<String>, OpError> {
    let Some(given) = given else { return Ok(now) };
    // EC2 lets people put nearly anything into the names of keys.
    if given.len() > 255 || given.chars().any(char::is_control) {
        return Err(OpError::Invalid(format!("{given:?} cannot be the name of a {what}.")));
    }
    Ok(Some(given).filter(|name| !name.is_empty()))
}

fn taken(error: DbError, name: &str) -> OpError {
    match error {
        DbError::PoolNameTaken => OpError::Invalid(format!("There is a pool called {name} already.")),
        other => other.into(),
    }
}
