//! What an instance is launched with, as EC2 tells afterwards.

use aws_sdk_ec2::types::{InstanceAttributeName, ShutdownBehavior};
use base64::{Engine, engine::general_purpose::STANDARD};
use paas_hosts::{MachineError, MachineOrder, Machines, testing::machines_contract::Bench};

use crate::{canned::Canned, moto::MotoBench};

#[tokio::test]
async fn the_instance_and_its_disk_say_whose_they_are() {
    let bench = MotoBench::start().await;
    let order = bench.order();
    let machine = bench.ours().launch(&order).await.unwrap();
    let described = bench.client.describe_tags().send().await.unwrap();
    for kind in ["instance", "volume"] {
        let of_kind = described.tags().iter().filter(|tag| tag.resource_type().unwrap().as_str() == kind);
        let mut tags: Vec<_> = of_kind.map(|tag| (tag.key().unwrap(), tag.value().unwrap())).collect();
        tags.sort_unstable();
        let host = order.host.to_string();
        let expected = [("Name", "web-1"), ("paas:host", &host), ("paas:installation", "ours"), ("paas:pool", "web")];
        assert_eq!(tags, expected, "{kind} of {}", machine.id);
    }
}

#[tokio::test]
async fn the_user_data_arrives_as_it_was_ordered() {
    let bench = MotoBench::start().await;
    let order = bench.order();
    let machine = bench.ours().launch(&order).await.unwrap();
    let attribute = bench
        .client
        .describe_instance_attribute()
        .instance_id(&machine.id.0)
        .attribute(InstanceAttributeName::UserData)
        .send()
        .await
        .unwrap();
    let encoded = attribute.user_data().unwrap().value().unwrap();
    assert_eq!(STANDARD.decode(encoded).unwrap(), order.user_data.as_bytes());
}

#[tokio::test]
async fn the_disk_is_encrypted_and_of_the_ordered_size() {
    let bench = MotoBench::start().await;
    bench.ours().launch(&bench.order()).await.unwrap();
    let volumes = bench.client.describe_volumes().send().await.unwrap();
    let [volume] = volumes.volumes() else { panic!("{volumes:?}") };
    assert_eq!((volume.size(), volume.encrypted()), (Some(40), Some(true)));
    assert_eq!(volume.volume_type().unwrap().as_str(), "gp3");
}

#[tokio::test]
async fn a_shutdown_from_inside_ends_the_instance() {
    let bench = MotoBench::start().await;
    let machine = bench.ours().launch(&bench.order()).await.unwrap();
    let attribute = bench
        .client
        .describe_instance_attribute()
        .instance_id(&machine.id.0)
        .attribute(InstanceAttributeName::InstanceInitiatedShutdownBehavior)
        .send()
        .await
        .unwrap();
    let behavior = attribute.instance_initiated_shutdown_behavior().unwrap().value().unwrap();
    assert_eq!(ShutdownBehavior::from(behavior), ShutdownBehavior::Terminate);
}

#[tokio::test]
async fn a_subnet_and_security_groups_are_used_and_give_the_zone() {
    let bench = MotoBench::start().await;
    let subnets = bench.client.describe_subnets().send().await.unwrap();
    let subnet = &subnets.subnets()[2];
    let group = bench
        .client
        .create_security_group()
        .group_name("pool")
        .description("a pool's")
        .vpc_id(subnet.vpc_id().unwrap())
        .send()
        .await
        .unwrap();
    let order = MachineOrder {
        subnet: subnet.subnet_id().map(str::to_owned),
        security_groups: vec![group.group_id().unwrap().to_owned()],
        ..bench.order()
    };
    assert_eq!(bench.ours().check(&order).await.unwrap(), []);
    let machine = bench.ours().launch(&order).await.unwrap();
    assert_eq!(Some(machine.zone.as_str()), subnet.availability_zone());
    let described = bench.client.describe_instances().instance_ids(&machine.id.0).send().await.unwrap();
    let instance = &described.reservations()[0].instances()[0];
    assert_eq!(instance.subnet_id(), subnet.subnet_id());
    assert_eq!(instance.security_groups()[0].group_id(), group.group_id());
}

/// What is sent counts: moto acts on none of it.
#[tokio::test]
async fn a_launch_says_its_key_and_shuts_containers_out_of_the_metadata_service() {
    let api = Canned::ready_to_launch()
        .answer("RunInstances", "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>");
    let order = MachineOrder { spot: true, ..paas_hosts::testing::machines_contract::order("ami-1") };
    api.machines().await.launch(&order).await.unwrap();
    let sent = &api.calls("RunInstances")[0];
    for expected in [
        &format!("ClientToken={}", order.host),
        "MetadataOptions.HttpTokens=required",
        "MetadataOptions.HttpPutResponseHopLimit=1",
        "MetadataOptions.HttpEndpoint=enabled",
        "BlockDeviceMapping.1.DeviceName=%2Fdev%2Fxvda",
        "InstanceMarketOptions.MarketType=spot",
        "InstanceMarketOptions.SpotOptions.SpotInstanceType=one-time",
        "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior=terminate",
        "TagSpecification.3.ResourceType=spot-instances-request",
        "MinCount=1",
        "MaxCount=1",
    ] {
        assert!(sent.contains(expected), "{expected} in {sent}");
    }
}

#[tokio::test]
async fn a_start_script_that_is_too_long_is_refused_before_anything_is_launched() {
    let api = Canned::ready_to_launch();
    let order =
        MachineOrder { user_data: "x".repeat(16 * 1024 + 1), ..paas_hosts::testing::machines_contract::order("ami-1") };
    let refused = api.machines().await.launch(&order).await;
    assert!(matches!(refused, Err(MachineError::Invalid { .. })), "{refused:?}");
    assert_eq!(api.count("RunInstances"), 0);
}

#[tokio::test]
async fn an_image_is_looked_at_once() {
    let api = Canned::ready_to_launch()
        .answer("RunInstances", "<instancesSet><item><instanceId>i-1</instanceId></item></instancesSet>");
    let machines = api.machines().await;
    for _ in 0..2 {
        machines.launch(&paas_hosts::testing::machines_contract::order("ami-1")).await.unwrap();
    }
    assert_eq!(api.count("DescribeImages"), 1);
}
