//! What errors of the API come out as.

use paas_ec2::{Ec2Config, Ec2Machines, Prices};
use paas_hosts::{MachineError, MachineOrder, Machines, testing::machines_contract};

use crate::{canned::Canned, moto};

fn order() -> MachineOrder {
    machines_contract::order("ami-0123456789abcdef0")
}

/// What comes of a launch that EC2 refuses so.
async fn refused(status: u16, code: &str, message: &str) -> MachineError {
    let api = Canned::ready_to_launch().refuse("RunInstances", status, code, message);
    let error = api.machines().await.launch(&order()).await.unwrap_err();
    assert_eq!(api.count("RunInstances"), 1, "nothing is retried inside");
    error
}

#[tokio::test]
async fn missing_capacity_names_the_type_and_the_zone() {
    for (status, code) in
        [(500, "InsufficientInstanceCapacity"), (400, "SpotMaxPriceTooLow"), (500, "InsufficientVolumeCapacity")]
    {
        let error = refused(status, code, "There is no capacity.").await;
        let MachineError::NoCapacity { instance_type, zone } = error else { panic!("{code}: {error:?}") };
        assert_eq!((instance_type.as_str(), zone.as_str()), ("m7i.large", "us-east-1b"));
    }
}

#[tokio::test]
async fn a_type_that_a_zone_has_not_is_missing_capacity() {
    let message = "Your requested instance type (m7i.large) is not supported in your requested Availability Zone.";
    assert!(matches!(refused(400, "Unsupported", message).await, MachineError::NoCapacity { .. }));
}

#[tokio::test]
async fn what_is_unsupported_otherwise_is_a_mistake_in_the_order() {
    let error = refused(400, "Unsupported", "The instance type does not support this boot mode.").await;
    assert!(matches!(error, MachineError::Invalid { .. }), "{error:?}");
}

#[tokio::test]
async fn limits_of_the_account_say_which() {
    for code in ["VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded"] {
        let error = refused(400, code, "You have requested more than your limit of 32.").await;
        let MachineError::LimitReached { reason } = error else { panic!("{code}: {error:?}") };
        assert_eq!(reason, format!("You have requested more than your limit of 32. ({code})"));
    }
}

#[tokio::test]
async fn too_many_calls_are_throttled() {
    for (status, code) in [(503, "RequestLimitExceeded"), (400, "Throttling"), (400, "ThrottlingException")] {
        let error = refused(status, code, "Request limit exceeded.").await;
        assert!(matches!(error, MachineError::Throttled), "{code}: {error:?}");
    }
}

#[tokio::test]
async fn a_denial_names_the_action_that_lacked() {
    let tags = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not authorized to \
                perform: ec2:CreateTags on resource: arn:aws:ec2:us-east-1:1:instance/*";
    for (message, expected) in
        [(tags, "ec2:CreateTags"), ("You are not authorized to perform this operation.", "ec2:RunInstances")]
    {
        let error = refused(403, "UnauthorizedOperation", message).await;
        let MachineError::Denied { action } = error else { panic!("{error:?}") };
        assert_eq!(action, expected);
    }
}

#[tokio::test]
async fn a_mistake_in_the_order_is_told_in_the_clouds_words() {
    for code in ["InvalidKeyPair.NotFound", "InvalidParameterValue", "InvalidGroup.NotFound", "AuthFailure"] {
        let error = refused(400, code, "It is not as it should be.").await;
        assert_eq!(error.to_string(), format!("the machines' API refused: It is not as it should be. ({code})"));
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn a_failure_of_the_servers_leaves_the_outcome_unknown() {
    for (status, code) in [(500, "InternalError"), (503, "Unavailable"), (400, "IdempotentParameterMismatch")] {
        let error = refused(status, code, "Something went wrong.").await;
        assert!(matches!(error, MachineError::Unavailable { .. }), "{code}: {error:?}");
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn an_answer_that_is_no_xml_leaves_the_outcome_unknown() {
    let error = Canned::default().machines().await.list().await.unwrap_err();
    assert!(matches!(error, MachineError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    // Nothing listens on port 1.
    let url = "http://127.0.0.1:1";
    let machines = Ec2Machines::new(&moto::sdk(url).await, moto::config("ours", url)).unwrap();
    let error = machines.list().await.unwrap_err();
    assert!(matches!(error, MachineError::Unavailable { .. }), "{error:?}");
}

#[test]
fn without_a_region_there_is_nothing_to_connect_to() {
    let config =
        Ec2Config { installation: "ours".to_owned(), region: None, endpoint_url: None, prices: Prices::builtin() };
    let error = Ec2Machines::new(&aws_config::SdkConfig::builder().build(), config).unwrap_err();
    assert_eq!(error.to_string(), "the machines' API refused: no AWS region is set; one is us-east-1, for instance");
}
