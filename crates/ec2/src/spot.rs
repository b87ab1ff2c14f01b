//! Which spot instances EC2 takes back.

use std::collections::BTreeSet;

use aws_sdk_ec2::{
    Client, operation::describe_spot_instance_requests::DescribeSpotInstanceRequestsOutput, types::Filter,
};
use paas_hosts::{MachineError, MachineId};

use crate::answer;

const PAGE_SIZE: i32 = 1000;

/// Of a request's status. `marked-for-termination` is the warning two minutes before; the others are seen when that was
/// missed, until the instance is gone from the list. (EC2: Spot request status)
const INTERRUPTED: [&str; 9] = [
    "marked-for-termination",
    "marked-for-stop",
    "instance-terminated-by-price",
    "instance-terminated-by-service",
    "instance-terminated-no-capacity",
    "instance-terminated-capacity-oversubscribed",
    "instance-terminated-launch-group-constraint",
    "instance-stopped-by-price",
    "instance-stopped-no-capacity",
];

pub(crate) async fn interrupted(client: &Client, ours: Filter) -> Result<BTreeSet<MachineId>, MachineError> {
    let status = Filter::builder().name("status-code").set_values(Some(INTERRUPTED.map(str::to_owned).into())).build();
    let pages = client
        .describe_spot_instance_requests()
        .filters(ours)
        .filters(status)
        .into_paginator()
        .page_size(PAGE_SIZE)
        .send()
        .try_collect()
        .await
        .map_err(|error| answer::failure("ec2:DescribeSpotInstanceRequests", error))?;
    let requests = pages.iter().flat_map(DescribeSpotInstanceRequestsOutput::spot_instance_requests);
    Ok(requests.filter_map(|request| request.instance_id()).map(|id| MachineId(id.to_owned())).collect())
}
