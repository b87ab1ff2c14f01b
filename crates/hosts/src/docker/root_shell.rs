//! A container that is none: root on the host.

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, RestartPolicy,
    RestartPolicyNameEnum,
};

use crate::RootShell;

const ENTER: &str = r#"exec nsenter --target "$PPID" --mount -- "$@""#;
const LOGIN: [&str; 3] = ["/bin/sh", "-c", "cd; [ ! -x /bin/bash ] || exec /bin/bash -l; exec /bin/sh -l"];

/// What `privileged` would give, by name: that asks for all there are, and an engine that itself has been denied one, as
/// in a container, then starts nothing. Left out are CAP_SYS_RESOURCE, for which that is common, and what the oldest
/// engines do not know, which CAP_SYS_ADMIN covers.
const CAPABILITIES: [&str; 37] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// Shares everything with the host but its files. Those it enters through the process above it, the engine's own: that is
/// among the files that the engine was started among, which for an engine in a namespace are not those of process 1.
pub(super) fn create_body(shell: &RootShell) -> ContainerCreateBody {
    let command = if shell.command.is_empty() { LOGIN.map(str::to_owned).to_vec() } else { shell.command.clone() };
    let enter = ["/bin/sh", "-c", ENTER, "sh"].map(str::to_owned);
    ContainerCreateBody {
        image: Some(shell.image.clone()),
        entrypoint: Some(Vec::new()),
        cmd: Some(enter.into_iter().chain(command).collect()),
        env: Some(vec![
            "HOME=/root".to_owned(),
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        ]),
        labels: Some(shell.labels.clone().into_iter().collect()),
        user: Some("0:0".to_owned()),
        working_dir: Some("/".to_owned()),
        tty: Some(shell.tty),
        open_stdin: Some(true),
        stdin_once: Some(true),
        host_config: Some(HostConfig {
            cap_add: Some(CAPABILITIES.map(str::to_owned).to_vec()),
            security_opt: Some(
                ["seccomp=unconfined", "apparmor=unconfined", "label=disable"].map(str::to_owned).to_vec(),
            ),
            device_cgroup_rules: Some(vec!["a *:* rwm".to_owned()]),
            pid_mode: Some("host".to_owned()),
            network_mode: Some("host".to_owned()),
            ipc_mode: Some("host".to_owned()),
            uts_mode: Some("host".to_owned()),
            userns_mode: Some("host".to_owned()),
            cgroupns_mode: Some(HostConfigCgroupnsModeEnum::HOST),
            restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
            // What an operator types and sees is not kept on the host.
            log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}
