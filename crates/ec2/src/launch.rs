//! An order as a request to EC2.

use aws_sdk_ec2::{
    Client,
    operation::run_instances::builders::RunInstancesFluentBuilder,
    types::{
        BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification,
        InstanceInterruptionBehavior, InstanceMarketOptionsRequest, InstanceMetadataEndpointState,
        InstanceMetadataOptionsRequest, InstanceType, MarketType, Placement, ResourceType, ShutdownBehavior,
        SpotInstanceType, SpotMarketOptions, Tag, TagSpecification, VolumeType,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD};
use paas_hosts::{MachineError, MachineOrder};

use crate::instance::{HOST_TAG, INSTALLATION_TAG, NAME_TAG, POOL_TAG};

/// (EC2: user data, before base64)
const MAX_USER_DATA: usize = 16 * 1024;

/// # Errors
/// `Invalid` when the order is past what EC2 takes.
pub(crate) fn request(
    client: &Client,
    installation: &str,
    order: &MachineOrder,
    root_device: &str,
) -> Result<RunInstancesFluentBuilder, MachineError> {
    if order.user_data.len() > MAX_USER_DATA {
        let reason = format!("the start script has {} bytes, and EC2 takes {MAX_USER_DATA}", order.user_data.len());
        return Err(MachineError::Invalid { reason });
    }
    let profile = order.instance_profile.as_ref();
    Ok(client
        .run_instances()
        .client_token(order.host.to_string())
        .min_count(1)
        .max_count(1)
        .image_id(&order.image)
        .instance_type(InstanceType::from(order.instance_type.as_str()))
        .set_placement(zone(order))
        .set_subnet_id(order.subnet.clone())
        .set_security_group_ids((!order.security_groups.is_empty()).then(|| order.security_groups.clone()))
        .set_key_name(order.key_name.clone())
        .set_iam_instance_profile(profile.map(|name| IamInstanceProfileSpecification::builder().name(name).build()))
        .block_device_mappings(disk(order, root_device)?)
        .metadata_options(metadata())
        .instance_initiated_shutdown_behavior(ShutdownBehavior::Terminate)
        .set_instance_market_options(order.spot.then(one_time_spot))
        .user_data(STANDARD.encode(&order.user_data))
        .set_tag_specifications(Some(tags(installation, order))))
}

/// A subnet is in one zone and says it.
fn zone(order: &MachineOrder) -> Option<Placement> {
    let is_said = order.subnet.is_none() && !order.zone.is_empty();
    is_said.then(|| Placement::builder().availability_zone(&order.zone).build())
}

fn disk(order: &MachineOrder, root_device: &str) -> Result<BlockDeviceMapping, MachineError> {
    let size = i32::try_from(order.disk_gb)
        .map_err(|_| MachineError::Invalid { reason: format!("no disk has {} GB", order.disk_gb) })?;
    let volume = EbsBlockDevice::builder()
        .volume_size(size)
        .volume_type(VolumeType::Gp3)
        .encrypted(true)
        .delete_on_termination(true)
        .build();
    Ok(BlockDeviceMapping::builder().device_name(root_device).ebs(volume).build())
}

/// The metadata service gives out the instance's credentials: only to those who ask with a token, and with one hop the
/// answer does not get into a container.
fn metadata() -> InstanceMetadataOptionsRequest {
    InstanceMetadataOptionsRequest::builder()
        .http_endpoint(InstanceMetadataEndpointState::Enabled)
        .http_tokens(HttpTokensState::Required)
        .http_put_response_hop_limit(1)
        .build()
}

/// Gone when interrupted, and not asked for again by EC2 itself. Without a price of its own it may cost what the same
/// instance costs on demand, and no more.
fn one_time_spot() -> InstanceMarketOptionsRequest {
    let options = SpotMarketOptions::builder()
        .spot_instance_type(SpotInstanceType::OneTime)
        .instance_interruption_behavior(InstanceInterruptionBehavior::Terminate)
        .build();
    InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).spot_options(options).build()
}

/// The spot request is tagged too, because its status is where an interruption shows.
fn tags(installation: &str, order: &MachineOrder) -> Vec<TagSpecification> {
    let host = order.host.to_string();
    let pairs = [(INSTALLATION_TAG, installation), (HOST_TAG, &host), (POOL_TAG, &order.pool), (NAME_TAG, &order.name)];
    let tags = pairs.map(|(key, value)| Tag::builder().key(key).value(value).build());
    let request = order.spot.then_some(ResourceType::SpotInstancesRequest);
    [ResourceType::Instance, ResourceType::Volume]
        .into_iter()
        .chain(request)
        .map(|kind| TagSpecification::builder().resource_type(kind).set_tags(Some(tags.to_vec())).build())
        .collect()
}
