use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use aws_sdk_ec2::{Client, types};
use paas_hosts::{InstanceType, MachineError};

use crate::{
    Prices,
    answer::{self, has_code},
};

/// What instance types offer and cost: from the table, and what it lacks from EC2, once.
#[derive(Debug)]
pub(crate) struct InstanceTypes {
    prices: Prices,
    /// Thousandths of a core, and MiB.
    capacities: Mutex<BTreeMap<String, (u32, u32)>>,
}

impl InstanceTypes {
    pub(crate) fn new(prices: Prices) -> Self {
        Self { prices, capacities: Mutex::default() }
    }

    /// # Errors
    /// `Invalid` when neither the table nor EC2 knows it; the reason names those in the table.
    pub(crate) async fn get(&self, client: &Client, name: &str) -> Result<InstanceType, MachineError> {
        let (cpu_millis, memory_mb) = match self.prices.capacity(name).or_else(|| self.remembered(name)) {
            Some(capacity) => capacity,
            None => self.ask(client, name).await?,
        };
        Ok(InstanceType { name: name.to_owned(), cpu_millis, memory_mb, price: self.prices.price(name) })
    }

    fn remembered(&self, name: &str) -> Option<(u32, u32)> {
        self.capacities.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }

    async fn ask(&self, client: &Client, name: &str) -> Result<(u32, u32), MachineError> {
        let asked = client.describe_instance_types().instance_types(types::InstanceType::from(name)).send().await;
        let described = match asked {
            Ok(described) => described,
            Err(error) if has_code(&error, "InvalidInstanceType") => return Err(self.unknown(name)),
            Err(error) => return Err(answer::failure("ec2:DescribeInstanceTypes", error)),
        };
        let capacity = described.instance_types().first().and_then(capacity).ok_or_else(|| self.unknown(name))?;
        self.capacities.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), capacity);
        Ok(capacity)
    }

    fn unknown(&self, name: &str) -> MachineError {
        let known = self.prices.names().collect::<Vec<_>>().join(", ");
        MachineError::Invalid { reason: format!("there is no instance type {name}; usual ones are {known}") }
    }
}

fn capacity(info: &types::InstanceTypeInfo) -> Option<(u32, u32)> {
    let cpus = u32::try_from(info.v_cpu_info()?.default_v_cpus()?).ok()?;
    let memory_mb = u32::try_from(info.memory_info()?.size_in_mib()?).ok()?;
    Some((cpus.checked_mul(1_000)?, memory_mb))
}
