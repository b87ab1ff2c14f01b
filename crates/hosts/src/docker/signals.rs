//! Signals to every process of a container.

use std::time::Duration;

use bollard::{
    errors::Error, exec::StartExecResults, models::ExecConfig, query_parameters::KillContainerOptionsBuilder,
};
use futures::StreamExt;

use super::connection::{Connection, status, within};
use crate::{ContainerName, EngineError, Signal};

/// A shell that only signals is done at once; one that is not has met a container at its limits.
const SHELL_TIMEOUT: Duration = Duration::from_secs(10);

/// The engine's own signal reaches process 1 only: the init process, which passes it to its child and no further.
/// Heroku's SIGTERM reaches every process of the dyno, so a shell inside sends it to all. Only where that does not work
/// (no shell in the image, no process left under the limit) the engine's has to do. Not both: an app may take the
/// second SIGTERM for impatience and drop what it was finishing.
pub(super) async fn send(connection: &Connection, name: &ContainerName, signal: Signal) -> Result<(), EngineError> {
    let reached = match signal {
        // To process 1 it is the end of the whole process namespace.
        Signal::Kill => false,
        Signal::Term | Signal::Hup => {
            within(SHELL_TIMEOUT, signal_all(connection, name, signal)).await.unwrap_or(false)
        }
    };
    if reached { Ok(()) } else { signal_init(connection, name, signal).await }
}

async fn signal_init(connection: &Connection, name: &ContainerName, signal: Signal) -> Result<(), EngineError> {
    let options = KillContainerOptionsBuilder::default().signal(&format!("SIG{}", word(signal))).build();
    let sent = connection.call(|docker| docker.kill_container(&name.0, Some(options))).await;
    match status(&sent) {
        // It is not there, or does not run.
        Some(404 | 409) => Ok(()),
        _ => sent.map_err(|error| connection.failed("signal a container", error)),
    }
}

/// Whether every process got it. Runs as the container's user, in its limits; `kill` is the shell's own.
async fn signal_all(connection: &Connection, name: &ContainerName, signal: Signal) -> Result<bool, Error> {
    let command = ["/bin/sh".to_owned(), "-c".to_owned(), format!("kill -s {} -- -1", word(signal))];
    let docker = connection.docker().await?;
    let config = ExecConfig {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let shell = docker.create_exec(&name.0, config).await?;
    if let StartExecResults::Attached { mut output, .. } = docker.start_exec(&shell.id, None).await? {
        while output.next().await.is_some() {}
    }
    Ok(docker.inspect_exec(&shell.id).await?.exit_code == Some(0))
}

const fn word(signal: Signal) -> &'static str {
    match signal {
        Signal::Term => "TERM",
        Signal::Kill => "KILL",
        Signal::Hup => "HUP",
    }
}
