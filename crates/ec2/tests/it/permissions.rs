//! What a check finds out.

use paas_hosts::{MachineError, MachineOrder, Machines, testing::machines_contract};

use crate::canned::Canned;

const DENIED: (u16, &str, &str) = (403, "UnauthorizedOperation", "You are not authorized to perform this operation.");

fn order() -> MachineOrder {
    MachineOrder {
        subnet: Some("subnet-1".to_owned()),
        security_groups: vec!["sg-1".to_owned()],
        ..machines_contract::order("ami-0123456789abcdef0")
    }
}

/// Everything may be done, and a dry run says so with an error.
fn all_allowed() -> Canned {
    let host = "00000000-0000-0000-0000-000000000001";
    let instance = format!(
        "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><tagSet><item><key>paas:host</key>\
         <value>{host}</value></item></tagSet></item></instancesSet></item></reservationSet>"
    );
    let mut api = Canned::default()
        .answer("DescribeImages", "<imagesSet><item><rootDeviceName>/dev/xvda</rootDeviceName></item></imagesSet>")
        .answer("DescribeInstances", &instance)
        .answer("DescribeInstanceTypes", "<instanceTypeSet/>")
        .answer("DescribeSubnets", "<subnetSet/>")
        .answer("DescribeSecurityGroups", "<securityGroupInfo/>");
    for action in ["RunInstances", "TerminateInstances", "DescribeSpotInstanceRequests"] {
        api = api.refuse(action, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.");
    }
    api
}

async fn missing(api: &Canned) -> Vec<String> {
    api.machines().await.check(&order()).await.unwrap().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn nothing_is_missing_where_all_is_allowed_and_all_effects_are_dry_runs() {
    let api = all_allowed();
    assert_eq!(missing(&api).await, [] as [&str; 0]);
    for action in ["RunInstances", "TerminateInstances"] {
        let calls = api.calls(action);
        assert!(calls.len() == 1 && calls[0].contains("DryRun=true"), "{calls:?}");
    }
}

#[tokio::test]
async fn every_action_that_is_denied_is_named() {
    let mut api = Canned::default();
    let actions = [
        "DescribeImages",
        "DescribeInstanceTypes",
        "DescribeInstances",
        "DescribeSecurityGroups",
        "DescribeSpotInstanceRequests",
        "DescribeSubnets",
        "RunInstances",
    ];
    for action in actions {
        api = api.refuse(action, DENIED.0, DENIED.1, DENIED.2);
    }
    assert_eq!(missing(&api).await, actions.map(|action| format!("ec2:{action}")));
}

#[tokio::test]
async fn ending_is_tried_on_an_instance_that_exists() {
    let api = Canned::default().refuse("TerminateInstances", DENIED.0, DENIED.1, DENIED.2).followed_by(&all_allowed());
    assert_eq!(missing(&api).await, ["ec2:TerminateInstances"]);
    assert!(api.calls("TerminateInstances")[0].contains("InstanceId.1=i-1"));
}

#[tokio::test]
async fn permission_to_tag_is_found_out_by_the_launch() {
    let message = "User: x is not authorized to perform: ec2:CreateTags on resource: y";
    let api =
        Canned::default().refuse("RunInstances", 403, "UnauthorizedOperation", message).followed_by(&all_allowed());
    assert_eq!(missing(&api).await, ["ec2:CreateTags"]);
}

#[tokio::test]
async fn everything_that_does_not_exist_is_told_at_once() {
    let api = Canned::default()
        .refuse("DescribeSubnets", 400, "InvalidSubnetID.NotFound", "There is no subnet-1.")
        .refuse("DescribeSecurityGroups", 400, "InvalidGroup.NotFound", "There is no sg-1.");
    let error = api.followed_by(&all_allowed()).machines().await.check(&order()).await.unwrap_err();
    let MachineError::Invalid { reason } = error else { panic!("{error:?}") };
    assert!(reason.contains("subnet-1") && reason.contains("sg-1"), "{reason}");
}

#[tokio::test]
async fn missing_capacity_is_no_finding() {
    let api = Canned::default().refuse("RunInstances", 400, "VcpuLimitExceeded", "No more.");
    assert_eq!(missing(&api.followed_by(&all_allowed())).await, [] as [&str; 0]);
}
