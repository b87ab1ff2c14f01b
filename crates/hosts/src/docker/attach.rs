//! A container's standard streams, live.

use bollard::errors::Error;

use super::{
    connection::{CALL_TIMEOUT, Connection, within},
    containers,
    demux::Demux,
    terminal_input::TerminalInput,
};
use crate::{AttachedStreams, ContainerName, ContainerState, EngineError};

/// The engine ends an attachment when it sees these keys in a terminal's input, by default Ctrl-P Ctrl-Q, and holds
/// every Ctrl-P back until the next key. There is no way to have none, so: eight times Ctrl-^, which nobody types.
const DETACH_KEYS: &str = "ctrl-%5E,ctrl-%5E,ctrl-%5E,ctrl-%5E,ctrl-%5E,ctrl-%5E,ctrl-%5E,ctrl-%5E";

pub(super) async fn attach(connection: &Connection, name: &ContainerName) -> Result<AttachedStreams, EngineError> {
    let (_, terminal) = containers::output_of(connection, name).await?;
    if let ContainerState::Ended { .. } = containers::required(connection, name).await?.state {
        // The engine would wait for its next start.
        return Ok(AttachedStreams { output: Box::pin(tokio::io::empty()), input: Box::pin(tokio::io::sink()) });
    }
    let path = format!("/containers/{name}/attach?stream=1&stdin=1&stdout=1&stderr=1&detachKeys={DETACH_KEYS}");
    let upgraded = within(CALL_TIMEOUT, async { connection.wire().await?.upgrade(&path).await }).await;
    let upgraded = upgraded.map_err(|error| match error {
        Error::DockerResponseServerError { status_code: 404, .. } => EngineError::NoSuchContainer(name.0.clone()),
        other => connection.failed("attach to a container", other),
    })?;
    let (output, input) = tokio::io::split(upgraded);
    Ok(if terminal {
        AttachedStreams { output: Box::pin(output), input: Box::pin(TerminalInput::new(input)) }
    } else {
        AttachedStreams { output: Box::pin(Demux::new(output)), input: Box::pin(input) }
    })
}
