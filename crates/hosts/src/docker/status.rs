//! From the engine's words for a container's state to ours.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, SocketAddr},
};

use bollard::models::{
    ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummary, EndpointSettings, PortMap, PortSummary,
};

use super::spec::{PORT_LABEL, port_key};
use crate::{ContainerName, ContainerState, ContainerStatus};

/// How the engine writes a moment that has not come.
const NEVER: &str = "0001-";

pub(super) fn name_of(summary: &ContainerSummary) -> Option<ContainerName> {
    let name = summary.names.as_ref()?.first()?;
    Some(ContainerName(name.trim_start_matches('/').to_owned()))
}

/// `published_on`: see [`Reach`].
pub(super) fn status_of(
    name: ContainerName,
    container: ContainerInspectResponse,
    published_on: Option<IpAddr>,
) -> ContainerStatus {
    let labels = container.config.and_then(|config| config.labels).unwrap_or_default();
    let network = container.network_settings.unwrap_or_default();
    let state = container.state.unwrap_or_default();
    let is_frozen = state.status == Some(ContainerStateStatusEnum::PAUSED);
    let state = match state.status {
        // Also of one that is being removed, or could not be: what counts is whether it ever ran.
        _ if state.started_at.as_deref().is_none_or(|started| started.starts_with(NEVER)) => ContainerState::Created,
        Some(
            ContainerStateStatusEnum::EXITED | ContainerStateStatusEnum::DEAD | ContainerStateStatusEnum::REMOVING,
        ) => ContainerState::Ended {
            exit_code: state.exit_code.unwrap_or(0),
            out_of_memory: state.oom_killed.unwrap_or(false),
        },
        _ => ContainerState::Running,
    };
    let (networks, ports) = (network.networks.unwrap_or_default(), network.ports.unwrap_or_default());
    let reach = Reach { published_on, networks: &networks };
    let status = build_status(name, labels, state, |port| reach.address(port, bound(&ports, port)));
    ContainerStatus { is_frozen, ..status }
}

/// As [`status_of`], from a line of a listing, of a container that runs.
pub(super) fn listed_status(
    name: ContainerName,
    summary: ContainerSummary,
    state: ContainerState,
    published_on: Option<IpAddr>,
) -> ContainerStatus {
    let networks = summary.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let ports = summary.ports.unwrap_or_default();
    let reach = Reach { published_on, networks: &networks };
    build_status(name, summary.labels.unwrap_or_default(), state, |port| {
        reach.address(port, bound_in_listing(&ports, port))
    })
}

fn build_status(
    name: ContainerName,
    labels: HashMap<String, String>,
    state: ContainerState,
    address: impl FnOnce(u16) -> Option<SocketAddr>,
) -> ContainerStatus {
    let mut labels: BTreeMap<_, _> = labels.into_iter().collect();
    let port = labels.remove(PORT_LABEL).and_then(|port| port.parse().ok());
    let address = match state {
        ContainerState::Running => port.and_then(address),
        ContainerState::Created | ContainerState::Ended { .. } => None,
    };
    ContainerStatus { name, labels, state, is_frozen: false, address }
}

/// How a container on this engine is reached.
struct Reach<'a> {
    /// The host's address, on another machine; `None`: on the container's own address, as this machine routes to it.
    published_on: Option<IpAddr>,
    networks: &'a HashMap<String, EndpointSettings>,
}

impl Reach<'_> {
    /// `bound`: the host's port that leads to the container's `port`.
    fn address(&self, port: u16, bound: Option<u16>) -> Option<SocketAddr> {
        if let Some(ip) = self.published_on {
            return Some(SocketAddr::new(ip, bound?));
        }
        let ip = self.networks.values().find_map(|network| network.ip_address.as_ref()?.parse::<IpAddr>().ok())?;
        Some(SocketAddr::new(ip, port))
    }
}

fn bound(ports: &PortMap, port: u16) -> Option<u16> {
    ports.get(&port_key(port))?.as_ref()?.iter().find_map(|binding| binding.host_port.as_ref()?.parse().ok())
}

fn bound_in_listing(ports: &[PortSummary], port: u16) -> Option<u16> {
    ports.iter().find(|summary| summary.private_port == port)?.public_port
}
