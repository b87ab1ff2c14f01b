//! The firewall of builds on the server's own machine, set by a container that is root there: the server itself need not be,
//! and may be in a container of its own. The same container tunes the machine.

use std::{collections::BTreeMap, time::Duration};

use tokio::{
    io::AsyncReadExt,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{attach::attach, connection::Connection, containers, root_shell};
use crate::{
    BuildFirewall, ContainerName, Destination, EngineError, HostEndpoint, RootShell, join_script::TUNE_HOST_SCRIPT,
};

const SCRIPT: &str = include_str!("build-firewall.sh");

/// The engine's own group, where an operator has set one, holds what they want it to hold.
const TUNE: &str = r#"grep -qs cgroup-parent /etc/docker/daemon.json || ! share_cpu "$4" || echo weighted
spread_layers "$5""#;

/// What the first of these says.
const WEIGHTED: &str = "weighted\n";

/// A tool that flushes the machine's rules takes ours away, and nobody is told.
const SET_FOR: Duration = Duration::from_secs(10 * 60);
const PATIENCE: Duration = Duration::from_secs(60);
/// Of what iptables complains.
const COMPLAINT: u64 = 2_000;

const NO_IPTABLES: i64 = 3;

/// On a machine that joined there is nothing to do: Docker does not start there without its firewall.
pub(super) async fn ensure(connection: &Connection, image: &str, firewall: &BuildFirewall) -> Result<(), EngineError> {
    if !matches!(connection.endpoint(), HostEndpoint::Unix(_)) {
        return Ok(());
    }
    let mut set = connection.firewall.lock().await;
    if set.as_ref().is_some_and(|(rules, since)| rules == firewall && since.elapsed() < SET_FOR) {
        return Ok(());
    }
    run(connection, image, firewall).await?;
    *set = Some((firewall.clone(), Instant::now()));
    Ok(())
}

async fn run(connection: &Connection, image: &str, firewall: &BuildFirewall) -> Result<(), EngineError> {
    let name = ContainerName(format!("firewall-{}", Uuid::now_v7()));
    let list =
        |destinations: &[Destination]| destinations.iter().map(Destination::to_string).collect::<Vec<_>>().join(" ");
    let script = format!("{TUNE_HOST_SCRIPT}\n{TUNE}\n{SCRIPT}");
    let info = connection.system_info().await?;
    let driver = info.cgroup_driver.map(|driver| driver.to_string()).unwrap_or_default();
    let files = info.docker_root_dir.unwrap_or_default();
    let (allow, deny) = (list(&firewall.allow), list(&firewall.deny));
    let arguments = [&firewall.installation, &allow, &deny, &driver, &files];
    let shell = RootShell {
        image: image.to_owned(),
        command: ["/bin/sh", "-c", &script, "sh"]
            .into_iter()
            .chain(arguments.map(String::as_str))
            .map(str::to_owned)
            .collect(),
        labels: BTreeMap::from([("paas".to_owned(), "firewall".to_owned())]),
        tty: false,
    };
    let made = containers::create_from(connection, &name, image, &root_shell::create_body(&shell)).await;
    let ran = match made {
        Ok(()) => timeout(PATIENCE, end_of(connection, &name)).await,
        Err(error) => Ok(Err(error)),
    };
    containers::remove(connection, &name).await?;
    let not_set = |reason: String| EngineError::NoFirewall { reason };
    match ran {
        Err(_) => Err(not_set("setting it took longer than a minute".to_owned())),
        // One that is not root itself cannot make anybody root.
        Ok(Err(EngineError::CannotStart(reason) | EngineError::Refused { reason, .. })) => Err(not_set(reason)),
        Ok(Err(error)) => Err(error),
        Ok(Ok((0, said))) => {
            let driver = info.cgroup_driver.filter(|_| said.starts_with(WEIGHTED));
            *connection.weighted.lock().await = Some((driver, Instant::now()));
            Ok(())
        }
        Ok(Ok((NO_IPTABLES, _))) => Err(not_set("there is no iptables on the machine: install it".to_owned())),
        Ok(Ok((_, said))) => Err(not_set(said.trim().to_owned())),
    }
}

/// Its exit status, and what it complained of.
async fn end_of(connection: &Connection, name: &ContainerName) -> Result<(i64, String), EngineError> {
    let streams = attach(connection, name).await?;
    containers::start(connection, name).await?;
    let mut said = Vec::new();
    // Whatever there was until it broke off: the exit status decides.
    let _ = streams.output.take(COMPLAINT).read_to_end(&mut said).await;
    Ok((containers::wait(connection, name).await?, String::from_utf8_lossy(&said).into_owned()))
}
