//! Whether the provider would launch what a pool asks for, tried without effect.

use std::collections::BTreeSet;

use paas_db::pools::Pool;
use paas_hosts::{MachineError, MachineOrder, Machines};
use paas_model::{HostId, Purchase};
use uuid::Uuid;

use crate::error::chain;

/// Texts are sentences, fit for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Fine,
    Wrong(String),
    /// The provider is away, or throttles.
    Unknown(String),
}

/// What a pool would order: in each of its zones, each with its subnet, one machine of the first type. Types that a zone
/// lacks are no mistake, and are asked for by themselves.
pub(crate) fn orders(pool: &Pool) -> Vec<MachineOrder> {
    let instance_type = pool.instance_types.first().cloned().unwrap_or_default();
    let order = |zone: &String| MachineOrder {
        // Nobody's: nothing is launched.
        host: HostId::from(Uuid::nil()),
        name: pool.name.clone(),
        pool: pool.name.clone(),
        instance_type: instance_type.clone(),
        zone: zone.clone(),
        spot: pool.purchase != Purchase::OnDemand,
        image: pool.image.clone(),
        subnet: pool.subnets.get(zone).cloned(),
        security_groups: pool.security_groups.clone(),
        key_name: pool.key_name.clone(),
        disk_gb: pool.disk_gb,
        user_data: String::new(),
        instance_profile: pool.instance_profile.clone(),
    };
    pool.zones.iter().map(order).collect()
}

pub(crate) async fn check(machines: &dyn Machines, pool: &Pool) -> Verdict {
    let (mut wrong, mut missing) = (BTreeSet::new(), BTreeSet::new());
    for name in &pool.instance_types {
        match machines.instance_type(name).await {
            Ok(_) => {}
            Err(MachineError::Invalid { reason }) => drop(wrong.insert(reason)),
            Err(MachineError::Denied { action }) => drop(missing.insert(action)),
            Err(error) => return unknown(&error),
        }
    }
    // An order of a type that does not exist is refused for that alone.
    let orders = if wrong.is_empty() { orders(pool) } else { Vec::new() };
    for order in orders {
        match machines.check(&order).await {
            Ok(denied) => missing.extend(denied.into_iter().map(|permission| permission.0)),
            Err(MachineError::Invalid { reason }) => drop(wrong.insert(reason)),
            Err(error) => return unknown(&error),
        }
    }
    if !missing.is_empty() {
        let actions = missing.into_iter().collect::<Vec<_>>().join(", ");
        wrong.insert(format!("the credentials may not do {actions} (docs/ec2.md has a policy that allows it)"));
    }
    if wrong.is_empty() {
        return Verdict::Fine;
    }
    let reasons = wrong.into_iter().collect::<Vec<_>>().join("; ");
    Verdict::Wrong(format!("The provider would not launch this: {reasons}."))
}

fn unknown(error: &MachineError) -> Verdict {
    Verdict::Unknown(format!("Its settings are not checked yet: {}.", chain(error)))
}
