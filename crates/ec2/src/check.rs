//! What the credentials may do and what an order names, tried without effect.

use std::collections::BTreeSet;

use aws_sdk_ec2::{
    Client,
    error::SdkError,
    types::{Filter, InstanceType},
};
use paas_hosts::{MachineError, MachineOrder, MissingPermission};

use crate::{
    answer::{self, Refusal, has_code},
    images, launch,
};

/// Stands for the root disk of an image that may not be looked at.
const ANY_DEVICE: &str = "/dev/xvda";

/// `ours` finds the installation's instances. Ending one can only be tried on one that exists, because a good policy
/// allows it for tagged instances only: without any, that permission is not looked at.
pub(crate) async fn check(
    client: &Client,
    installation: &str,
    ours: Filter,
    order: &MachineOrder,
) -> Result<Vec<MissingPermission>, MachineError> {
    let mut findings = Findings::default();
    let device = findings.note(images::root_device(client, &order.image).await)?;
    let request = launch::request(client, installation, order, device.as_deref().unwrap_or(ANY_DEVICE))?;
    findings.tried("ec2:RunInstances", request.dry_run(true).send().await)?;

    let instances = client.describe_instances().filters(ours).send().await;
    let instances = findings.tried("ec2:DescribeInstances", instances)?;
    let any = instances.and_then(|it| it.reservations().first()?.instances().first()?.instance_id().map(str::to_owned));
    if let Some(instance) = any {
        let terminate = client.terminate_instances().instance_ids(instance).dry_run(true);
        findings.tried("ec2:TerminateInstances", terminate.send().await)?;
    }
    let requests = client.describe_spot_instance_requests().dry_run(true).send().await;
    findings.tried("ec2:DescribeSpotInstanceRequests", requests)?;
    let types = client.describe_instance_types().instance_types(InstanceType::from(order.instance_type.as_str()));
    findings.tried("ec2:DescribeInstanceTypes", types.send().await)?;
    if let Some(subnet) = &order.subnet {
        findings.tried("ec2:DescribeSubnets", client.describe_subnets().subnet_ids(subnet).send().await)?;
    }
    if !order.security_groups.is_empty() {
        let groups = client.describe_security_groups().set_group_ids(Some(order.security_groups.clone()));
        findings.tried("ec2:DescribeSecurityGroups", groups.send().await)?;
    }
    findings.done()
}

#[derive(Default)]
struct Findings {
    missing: BTreeSet<MissingPermission>,
    /// What the order names and EC2 does not know.
    wrong: BTreeSet<String>,
}

impl Findings {
    /// What a call gave, unless it may not be made. That it was only tried is no error.
    fn tried<T, E: Refusal>(
        &mut self,
        action: &str,
        result: Result<T, SdkError<E>>,
    ) -> Result<Option<T>, MachineError> {
        match result {
            Err(error) if has_code(&error, "DryRunOperation") => Ok(None),
            Err(error) => self.note(Err(answer::failure(action, error))),
            Ok(given) => Ok(Some(given)),
        }
    }

    fn note<T>(&mut self, result: Result<T, MachineError>) -> Result<Option<T>, MachineError> {
        match result {
            Ok(given) => return Ok(Some(given)),
            Err(MachineError::Denied { action }) => {
                self.missing.insert(MissingPermission(action));
            }
            Err(MachineError::Invalid { reason }) => {
                self.wrong.insert(reason);
            }
            // Whether there is room just now is no question of permissions.
            Err(MachineError::NoCapacity { .. } | MachineError::LimitReached { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(None)
    }

    fn done(self) -> Result<Vec<MissingPermission>, MachineError> {
        if self.wrong.is_empty() {
            Ok(self.missing.into_iter().collect())
        } else {
            let reason = self.wrong.into_iter().collect::<Vec<_>>().join("; ");
            Err(MachineError::Invalid { reason })
        }
    }
}
