//! An instance in EC2's words, and as a machine.

use aws_sdk_ec2::types::{Instance, InstanceLifecycleType, InstanceStateName};
use chrono::{DateTime, Utc};
use paas_hosts::{Machine, MachineId, MachineState};
use paas_model::HostId;

/// On everything that is launched: its value is the installation's name.
pub(crate) const INSTALLATION_TAG: &str = "paas:installation";
/// The host's id.
pub(crate) const HOST_TAG: &str = "paas:host";
/// The pool's name, for people and bills.
pub(crate) const POOL_TAG: &str = "paas:pool";
pub(crate) const NAME_TAG: &str = "Name";

/// `None` for an answer without an id, which EC2 never gives.
pub(crate) fn machine(instance: &Instance) -> Option<Machine> {
    Some(Machine {
        id: MachineId(instance.instance_id()?.to_owned()),
        host: tag(instance, HOST_TAG).and_then(|host| host.parse().ok()),
        state: state(instance),
        private_address: instance.private_ip_address().and_then(|address| address.parse().ok()),
        instance_type: instance.instance_type().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        zone: instance.placement().and_then(|it| it.availability_zone()).unwrap_or_default().to_owned(),
        spot: instance.instance_lifecycle() == Some(&InstanceLifecycleType::Spot),
        launched_at: launched_at(instance),
        interrupted: was_interrupted(instance),
    })
}

/// Nothing is concluded from a state that this version does not know: it counts as pending.
pub(crate) fn state(instance: &Instance) -> MachineState {
    match instance.state().and_then(|state| state.name()) {
        Some(InstanceStateName::Running) => MachineState::Running,
        Some(InstanceStateName::ShuttingDown | InstanceStateName::Stopping | InstanceStateName::Stopped) => {
            MachineState::Stopping
        }
        Some(InstanceStateName::Terminated) => MachineState::Ended,
        _ => MachineState::Pending,
    }
}

pub(crate) fn is_for(instance: &Instance, installation: &str, host: HostId) -> bool {
    tag(instance, INSTALLATION_TAG) == Some(installation) && tag(instance, HOST_TAG) == Some(&host.to_string())
}

fn tag<'a>(instance: &'a Instance, key: &str) -> Option<&'a str> {
    instance.tags().iter().find(|tag| tag.key() == Some(key)).and_then(|tag| tag.value())
}

fn launched_at(instance: &Instance) -> Option<DateTime<Utc>> {
    let time = instance.launch_time()?;
    DateTime::from_timestamp(time.secs(), time.subsec_nanos())
}

/// Said of an instance that is on its way out: `Server.SpotInstanceTermination`, `Server.SpotInstanceShutdown`.
fn was_interrupted(instance: &Instance) -> bool {
    instance.state_reason().and_then(|reason| reason.code()).is_some_and(|code| code.starts_with("Server.SpotInstance"))
}
