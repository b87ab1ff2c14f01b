//! From our words for a container to the engine's.

use std::{collections::HashMap, net::IpAddr};

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, PortBinding, PortMap, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};

use crate::{ContainerSpec, Limits};

/// Where the exposed port is kept, so that a status needs no row: the engine is asked for containers that a process has
/// forgotten. Not among the labels that callers see.
pub(super) const PORT_LABEL: &str = "paas.port";

/// Kept per container: two files of 10 MB. Followers that fall further behind lose what was in between.
const LOG_FILE_SIZE: &str = "10m";
const LOG_FILES: &str = "2";

const OPEN_FILES: i64 = 10_000;

/// What a container gets of its host.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// What the engine calls the one to join.
    pub network: &'static str,
    /// What the engine calls the control group that the container's is in. `None`: the engine's choice.
    pub group: Option<&'static str>,
    /// The host's address that the container's port is to answer on. `None`: only the container's own.
    pub published_on: Option<IpAddr>,
}

pub(super) fn create_body(spec: &ContainerSpec, place: &Place) -> ContainerCreateBody {
    let mut labels: HashMap<_, _> = spec.labels.clone().into_iter().collect();
    if let Some(port) = spec.port {
        labels.insert(PORT_LABEL.to_owned(), port.to_string());
    }
    let published = place.published_on.and_then(|ip| Some((ip, spec.port?)));
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        // Empty, not absent: the image's own entry point must not wrap the command.
        entrypoint: (!spec.entrypoint).then(Vec::new),
        cmd: (!spec.entrypoint || !spec.command.is_empty()).then(|| spec.command.clone()),
        env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        labels: Some(labels),
        user: Some(spec.user.clone()),
        working_dir: (!spec.working_dir.is_empty()).then(|| spec.working_dir.clone()),
        tty: Some(spec.tty),
        open_stdin: Some(spec.stdin),
        // End of file from the one who attached is end of file for the process.
        stdin_once: Some(spec.stdin),
        exposed_ports: published.map(|(_, port)| vec![port_key(port)]),
        host_config: Some(HostConfig { port_bindings: published.map(bindings), ..host_config(spec, place) }),
        ..ContainerCreateBody::default()
    }
}

/// How the engine names a port of a container.
pub(super) fn port_key(port: u16) -> String {
    format!("{port}/tcp")
}

/// On a port of the host that the engine picks when the container starts.
fn bindings((ip, port): (IpAddr, u16)) -> PortMap {
    let binding = PortBinding { host_ip: Some(ip.to_string()), host_port: Some(String::new()) };
    HashMap::from([(port_key(port), Some(vec![binding]))])
}

fn host_config(spec: &ContainerSpec, place: &Place) -> HostConfig {
    let memory = i64::from(spec.limits.memory_mb) << 20;
    HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges".to_owned()]),
        privileged: Some(false),
        init: Some(true),
        memory: Some(memory),
        // Memory and swap together: equal means no swap.
        memory_swap: Some(memory),
        cpu_shares: Some(i64::from(spec.limits.cpu_shares)),
        nano_cpus: spec.limits.cpu_millis.map(|millis| i64::from(millis) * 1_000_000),
        pids_limit: Some(i64::from(spec.limits.processes)),
        ulimits: Some(ulimits(&spec.limits)),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                ("max-size".to_owned(), LOG_FILE_SIZE.to_owned()),
                ("max-file".to_owned(), LOG_FILES.to_owned()),
            ])),
        }),
        network_mode: Some(place.network.to_owned()),
        cgroup_parent: place.group.map(str::to_owned),
        ..HostConfig::default()
    }
}

fn ulimits(limits: &Limits) -> Vec<ResourcesUlimits> {
    let limit =
        |name: &str, value: i64| ResourcesUlimits { name: Some(name.to_owned()), soft: Some(value), hard: Some(value) };
    let file_size = limits.file_bytes.map(|bytes| limit("fsize", i64::try_from(bytes).unwrap_or(i64::MAX)));
    [limit("nofile", OPEN_FILES), limit("core", 0)].into_iter().chain(file_size).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Network;

    const PLACE: Place = Place { network: "dynos", group: None, published_on: None };

    fn spec() -> ContainerSpec {
        ContainerSpec {
            image: "debian".into(),
            command: vec!["true".into()],
            entrypoint: false,
            env: BTreeMap::from([("A".into(), "b=c".into())]),
            labels: BTreeMap::from([("paas".into(), "dyno".into())]),
            user: "1000:1000".into(),
            working_dir: "/app".into(),
            limits: Limits {
                memory_mb: 512,
                cpu_shares: 1024,
                cpu_millis: Some(1500),
                processes: 256,
                file_bytes: None,
            },
            network: Network::Dynos,
            port: Some(5000),
            tty: false,
            stdin: false,
        }
    }

    #[test]
    fn the_images_entry_point_runs_only_where_asked_and_keeps_the_images_command_unless_there_is_one() {
        let body = |entrypoint, command: &[&str]| {
            let command = command.iter().map(|word| (*word).to_owned()).collect();
            let body = create_body(&ContainerSpec { entrypoint, command, ..spec() }, &PLACE);
            (body.entrypoint, body.cmd)
        };
        assert_eq!(body(false, &["true"]), (Some(vec![]), Some(vec!["true".to_owned()])));
        assert_eq!(body(true, &["true"]), (None, Some(vec!["true".to_owned()])));
        assert_eq!(body(true, &[]), (None, None));
    }

    #[test]
    fn a_container_has_no_privileges_and_no_swap() {
        let host = create_body(&spec(), &PLACE).host_config.unwrap();
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
        assert_eq!(host.init, Some(true));
        assert_eq!((host.memory, host.memory_swap), (Some(536_870_912), Some(536_870_912)));
        assert_eq!(host.nano_cpus, Some(1_500_000_000));
        assert_eq!(host.pids_limit, Some(256));
    }

    #[test]
    fn the_file_size_is_limited_only_when_asked() {
        let names = |limits: &Limits| ulimits(limits).into_iter().filter_map(|limit| limit.name).collect::<Vec<_>>();
        let mut limits = spec().limits;
        assert_eq!(names(&limits), ["nofile", "core"]);
        limits.file_bytes = Some(1);
        assert_eq!(names(&limits), ["nofile", "core", "fsize"]);
    }

    #[test]
    fn a_port_is_published_on_the_hosts_address_only_and_only_where_asked() {
        let published = |address: Option<&str>| {
            let body =
                create_body(&spec(), &Place { published_on: address.map(|address| address.parse().unwrap()), ..PLACE });
            (body.exposed_ports, body.host_config.unwrap().port_bindings)
        };
        assert_eq!(published(None), (None, None));
        let binding = PortBinding { host_ip: Some("10.0.0.5".to_owned()), host_port: Some(String::new()) };
        let bindings = HashMap::from([("5000/tcp".to_owned(), Some(vec![binding]))]);
        assert_eq!(published(Some("10.0.0.5")), (Some(vec!["5000/tcp".to_owned()]), Some(bindings)));
    }

    #[test]
    fn the_port_is_kept_in_a_label() {
        let labels = create_body(&spec(), &PLACE).labels.unwrap();
        assert_eq!(labels.get("paas").map(String::as_str), Some("dyno"));
        assert_eq!(labels.get(PORT_LABEL).map(String::as_str), Some("5000"));
    }
}
