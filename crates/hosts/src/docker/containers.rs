//! A container's life: made, started, looked at, waited for, removed.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bollard::{
    errors::Error,
    models::{ContainerCreateBody, ContainerInspectResponse, ContainerSummaryStateEnum},
    query_parameters::{
        ListContainersOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder,
        ResizeContainerTTYOptionsBuilder, StartContainerOptions,
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;

use super::{
    connection::{CALL_TIMEOUT, Connection, status, within},
    groups, networks,
    spec::{Place, create_body},
    status::{listed_status, name_of, status_of},
    wire::read_json,
};
use crate::{ContainerName, ContainerSpec, ContainerState, ContainerStatus, EngineError, Network};

/// Containers that this process has made a moment ago, and not started: they cannot have ended.
#[derive(Default)]
pub(super) struct Fresh(Mutex<HashMap<ContainerName, Instant>>);

/// Another process may have taken the host over since.
const FRESH_FOR: Duration = Duration::from_secs(5);

impl Fresh {
    fn made(&self, name: &ContainerName) {
        let mut fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.retain(|_, since| since.elapsed() < FRESH_FOR);
        fresh.insert(name.clone(), Instant::now());
    }

    fn take(&self, name: &ContainerName) -> bool {
        let since = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        since.is_some_and(|since| since.elapsed() < FRESH_FOR)
    }
}

/// Containers looked at side by side in a listing.
const INSPECTIONS_AT_ONCE: usize = 8;

pub(super) async fn create(
    connection: &Connection,
    name: &ContainerName,
    spec: &ContainerSpec,
) -> Result<(), EngineError> {
    let place = Place {
        network: networks::ensure(connection, spec.network).await?,
        group: groups::parent(connection, spec.network).await?,
        published_on: connection.published_on(),
    };
    create_from(connection, name, &spec.image, &create_body(spec, &place)).await
}

pub(super) async fn create_from(
    connection: &Connection,
    name: &ContainerName,
    image: &str,
    body: &ContainerCreateBody,
) -> Result<(), EngineError> {
    let created = within(CALL_TIMEOUT, async {
        let body = serde_json::to_string(body)?;
        connection.wire().await?.post(&format!("/containers/create?name={name}"), &body).await
    })
    .await;
    match status(&created) {
        Some(404) => Err(EngineError::ImageNotFound(image.to_owned())),
        // The name is taken: by us, earlier.
        Some(409) => Ok(()),
        _ => {
            created.map_err(|error| connection.failed("make a container", error))?;
            connection.fresh.made(name);
            Ok(())
        }
    }
}

pub(super) async fn start(connection: &Connection, name: &ContainerName) -> Result<(), EngineError> {
    // The engine would start one that has ended for a second time.
    if !connection.fresh.take(name) {
        match required(connection, name).await?.state {
            ContainerState::Created => {}
            ContainerState::Running | ContainerState::Ended { .. } => return Ok(()),
        }
    }
    match try_start(connection, name).await {
        Err(Error::DockerResponseServerError { status_code: 404, message }) if message.contains("network") => {
            // An operator's `docker network prune` since it was made.
            for network in [Network::Dynos, Network::Builds] {
                networks::ensure(connection, network).await?;
            }
            try_start(connection, name).await
        }
        other => other,
    }
    .map_err(|error| match error {
        Error::DockerResponseServerError { status_code: 404, message } if message.contains("No such container") => {
            EngineError::NoSuchContainer(name.0.clone())
        }
        Error::DockerResponseServerError { message, .. } => EngineError::CannotStart(message),
        other => connection.failed("start a container", other),
    })
}

async fn try_start(connection: &Connection, name: &ContainerName) -> Result<(), Error> {
    connection.call(|docker| docker.start_container(&name.0, None::<StartContainerOptions>)).await
}

pub(super) async fn freeze(connection: &Connection, name: &ContainerName) -> Result<(), EngineError> {
    let frozen = connection.call(|docker| docker.pause_container(&name.0)).await;
    match status(&frozen) {
        Some(404) => Err(EngineError::NoSuchContainer(name.0.clone())),
        // It does not run, or is frozen already.
        Some(409) => Ok(()),
        _ => frozen.map_err(|error| connection.failed("freeze a container", error)),
    }
}

pub(super) async fn thaw(connection: &Connection, name: &ContainerName) -> Result<(), EngineError> {
    let thawed = connection.call(|docker| docker.unpause_container(&name.0)).await;
    match status(&thawed) {
        Some(404) => Err(EngineError::NoSuchContainer(name.0.clone())),
        _ => thawed.map_err(|error| connection.failed("thaw a container", error)),
    }
}

pub(super) async fn rename(
    connection: &Connection,
    name: &ContainerName,
    new: &ContainerName,
) -> Result<(), EngineError> {
    let options = RenameContainerOptionsBuilder::default().name(&new.0).build();
    let renamed = connection.call(|docker| docker.rename_container(&name.0, options)).await;
    match status(&renamed) {
        Some(404) => Err(EngineError::NoSuchContainer(name.0.clone())),
        _ => renamed.map_err(|error| connection.failed("rename a container", error)),
    }
}

pub(super) async fn inspect(
    connection: &Connection,
    name: &ContainerName,
) -> Result<Option<ContainerStatus>, EngineError> {
    Ok(look(connection, name, false)
        .await?
        .map(|container| status_of(name.clone(), container, connection.published_on())))
}

/// As [`inspect`]; that there is none is an error.
pub(super) async fn required(connection: &Connection, name: &ContainerName) -> Result<ContainerStatus, EngineError> {
    inspect(connection, name).await?.ok_or_else(|| EngineError::NoSuchContainer(name.0.clone()))
}

/// Its state, and whether it was made with a terminal: its output then comes without frames.
pub(super) async fn output_of(
    connection: &Connection,
    name: &ContainerName,
) -> Result<(ContainerState, bool), EngineError> {
    let container = look(connection, name, false).await?.ok_or_else(|| EngineError::NoSuchContainer(name.0.clone()))?;
    let terminal = container.config.as_ref().and_then(|config| config.tty).unwrap_or(false);
    Ok((status_of(name.clone(), container, connection.published_on()).state, terminal))
}

pub(super) async fn disk_used(connection: &Connection, name: &ContainerName) -> Result<u64, EngineError> {
    let container = look(connection, name, true).await?.ok_or_else(|| EngineError::NoSuchContainer(name.0.clone()))?;
    Ok(container.size_rw.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0))
}

/// Lists by label, then looks at those that have ended: only a look tells how.
pub(super) async fn list(
    connection: &Connection,
    label: &str,
    value: &str,
) -> Result<Vec<ContainerStatus>, EngineError> {
    let filters = HashMap::from([("label", vec![format!("{label}={value}")])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let found = connection
        .call(|docker| docker.list_containers(Some(options)))
        .await
        .map_err(|error| connection.failed("list containers", error))?;
    stream::iter(found.into_iter().filter_map(|summary| Some((name_of(&summary)?, summary))))
        .map(|(name, summary)| async move {
            match summary.state {
                Some(ContainerSummaryStateEnum::RUNNING) => {
                    Ok(Some(listed_status(name, summary, ContainerState::Running, connection.published_on())))
                }
                // To look at one that is just being started takes until it has.
                Some(ContainerSummaryStateEnum::CREATED) => {
                    Ok(Some(listed_status(name, summary, ContainerState::Created, connection.published_on())))
                }
                _ => inspect(connection, &name).await,
            }
        })
        .buffered(INSPECTIONS_AT_ONCE)
        // One that went away since it was listed.
        .try_filter_map(|status| async { Ok(status) })
        .try_collect()
        .await
}

pub(super) async fn remove(connection: &Connection, name: &ContainerName) -> Result<(), EngineError> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    let removed = connection.call(|docker| docker.remove_container(&name.0, Some(options))).await;
    match status(&removed) {
        Some(404) => Ok(()),
        // Someone else is removing it: done when that is.
        Some(409) => match within(CALL_TIMEOUT, exit(connection, name, "removed")).await {
            Ok(_) | Err(Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
            Err(error) => Err(connection.failed("remove a container", error)),
        },
        _ => removed.map_err(|error| connection.failed("remove a container", error)),
    }
}

pub(super) async fn wait(connection: &Connection, name: &ContainerName) -> Result<i64, EngineError> {
    let fail = |error| match error {
        Error::DockerResponseServerError { status_code: 404, .. } => EngineError::NoSuchContainer(name.0.clone()),
        other => connection.failed("wait for a container", other),
    };
    loop {
        // The next exit is waited for from the moment the headers are here. Only then is a look at the container safe:
        // had it ended before, there is no next one; had we looked first, it could end in between.
        let path = wait_path(name, "next-exit");
        let wire = connection.wire().await.map_err(fail)?;
        let answer = within(CALL_TIMEOUT, wire.post(&path, "")).await.map_err(fail)?;
        let state = required(connection, name).await?.state;
        if let ContainerState::Ended { exit_code, .. } = state {
            return Ok(exit_code);
        }
        let exit: Exit = read_json(answer).await.map_err(fail)?;
        // To be removed counts as an exit with 0 for the engine; for one that had not started it may have been that.
        if exit.error.is_none() && state == ContainerState::Running {
            return Ok(exit.status_code);
        }
    }
}

async fn exit(connection: &Connection, name: &ContainerName, condition: &str) -> Result<Exit, Error> {
    let path = wait_path(name, condition);
    read_json(connection.wire().await?.post(&path, "").await?).await
}

fn wait_path(name: &ContainerName, condition: &str) -> String {
    format!("/containers/{name}/wait?condition={condition}")
}

pub(super) async fn resize(
    connection: &Connection,
    name: &ContainerName,
    columns: u16,
    rows: u16,
) -> Result<(), EngineError> {
    let options = ResizeContainerTTYOptionsBuilder::default().w(i32::from(columns)).h(i32::from(rows)).build();
    let resized = connection.call(|docker| docker.resize_container_tty(&name.0, options)).await;
    match status(&resized) {
        Some(404) => Err(EngineError::NoSuchContainer(name.0.clone())),
        // It does not run, so there is no terminal to be too small.
        Some(409) => Ok(()),
        _ => resized.map_err(|error| connection.failed("resize a terminal", error)),
    }
}

/// The answer to a wait.
#[derive(Deserialize)]
struct Exit {
    #[serde(rename = "StatusCode")]
    status_code: i64,
    #[serde(rename = "Error")]
    error: Option<serde_json::Value>,
}

/// `size`: also add up what it has written, which reads its whole layer.
async fn look(
    connection: &Connection,
    name: &ContainerName,
    size: bool,
) -> Result<Option<ContainerInspectResponse>, EngineError> {
    let path = format!("/containers/{name}/json?size={size}");
    let container = within(CALL_TIMEOUT, async { connection.wire().await?.read(&path).await }).await;
    match status(&container) {
        Some(404) => Ok(None),
        _ => container.map(Some).map_err(|error| connection.failed("inspect a container", error)),
    }
}
