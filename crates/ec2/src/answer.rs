//! What an error of EC2's means for the caller. (EC2: Error codes)

use std::error::Error;

use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use paas_hosts::{MachineError, MachineOrder};

/// Every error that a call can end with has these.
pub(crate) trait Refusal: ProvideErrorMetadata + Error + Send + Sync + 'static {}

impl<E: ProvideErrorMetadata + Error + Send + Sync + 'static> Refusal for E {}

pub(crate) fn has_code<E: Refusal>(error: &SdkError<E>, code: &str) -> bool {
    error.code() == Some(code)
}

/// `action` is what was called, in the words of a policy: `ec2:DescribeInstances`.
pub(crate) fn failure<E: Refusal>(action: &str, error: SdkError<E>) -> MachineError {
    let Some(code) = error.code() else {
        return unavailable(error);
    };
    let message = error.message().unwrap_or_default();
    match code {
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "EC2ThrottledException"
        | "SlowDown" => MachineError::Throttled,
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" => {
            MachineError::Denied { action: denied_action(message).unwrap_or(action).to_owned() }
        }
        "InstanceLimitExceeded"
        | "VcpuLimitExceeded"
        | "MaxSpotInstanceCountExceeded"
        | "VolumeLimitExceeded"
        | "MaxIOPSLimitExceeded"
        | "NetworkInterfaceLimitExceeded"
        | "InsufficientFreeAddressesInSubnet"
        | "InsufficientAddressCapacity"
        | "PendingVerification" => MachineError::LimitReached { reason: reason(code, message) },
        // A launch with this token has been taken before, with other settings, and does not show yet: look again.
        "IdempotentParameterMismatch" => unavailable(error),
        _ if is_servers(&error) => unavailable(error),
        _ => MachineError::Invalid { reason: reason(code, message) },
    }
}

/// Of a launch: some errors say that this very thing cannot be had.
pub(crate) fn launch_failure<E: Refusal>(order: &MachineOrder, error: SdkError<E>) -> MachineError {
    let message = error.message().unwrap_or_default();
    let is_missing = match error.code() {
        Some(
            "InsufficientInstanceCapacity"
            | "InsufficientHostCapacity"
            | "InsufficientReservedInstanceCapacity"
            | "InsufficientCapacity"
            | "InsufficientVolumeCapacity"
            | "UnfulfillableCapacity"
            | "SpotMaxPriceTooLow",
        ) => true,
        // The zone has none of the type at all. What else is unsupported is a mistake in the order.
        Some("Unsupported") => message.contains("Availability Zone"),
        _ => false,
    };
    if is_missing {
        MachineError::NoCapacity { instance_type: order.instance_type.clone(), zone: order.zone.clone() }
    } else {
        failure("ec2:RunInstances", error)
    }
}

fn unavailable(error: impl Error + Send + Sync + 'static) -> MachineError {
    MachineError::Unavailable { source: Box::new(error) }
}

fn is_servers<E>(error: &SdkError<E>) -> bool {
    error.raw_response().is_some_and(|response| response.status().is_server_error())
}

fn reason(code: &str, message: &str) -> String {
    if message.is_empty() { code.to_owned() } else { format!("{message} ({code})") }
}

/// One call needs several permissions, and the text says which it was that lacked: `… is not authorized to perform:
/// ec2:CreateTags on resource: …`.
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("perform: ")?;
    rest.split([' ', ',']).next().map(|action| action.trim_end_matches('.')).filter(|action| action.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::denied_action;

    #[test]
    fn the_denied_action_is_read_from_the_message() {
        let message = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not \
                       authorized to perform: ec2:CreateTags on resource: arn:aws:ec2:us-east-1:1:instance/*";
        assert_eq!(denied_action(message), Some("ec2:CreateTags"));
        assert_eq!(denied_action("not authorized to perform: iam:PassRole."), Some("iam:PassRole"));
    }

    #[test]
    fn a_message_that_names_no_action_gives_none() {
        assert_eq!(denied_action("You are not authorized to perform this operation."), None);
        assert_eq!(denied_action(""), None);
    }
}
