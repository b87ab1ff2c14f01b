//! Follows what a container prints.
//!
//! The engine's own following ends with the container wherever it has got to: what a slow reader has not been given by
//! then, or what was printed in the last moment, is missing. So a follow that ends is begun anew after the last entry,
//! until one is read of a container that had already ended: that one is complete.

use std::{sync::Arc, time::Duration};

use bollard::errors::Error;
use chrono::{DateTime, Utc};
use futures::stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::sleep;

use super::{
    connection::{CALL_TIMEOUT, Connection, within},
    containers,
    log_entries::{LogEntries, OVERLAP},
};
use crate::{ContainerName, ContainerState, EngineError, LogChunk, LogStream};

const DOING: &str = "give a container's log";

/// Between the end of the log and the end of the container, when the engine says the former first.
const PAUSE: Duration = Duration::from_millis(50);

pub(super) async fn follow(
    connection: Arc<Connection>,
    name: &ContainerName,
    after: Option<DateTime<Utc>>,
) -> Result<LogStream, EngineError> {
    let reading = Reading::begin(&connection, name, after).await?;
    let follower = Follower { connection, name: name.clone(), after, reading };
    Ok(Box::pin(stream::try_unfold(follower, |mut follower| async {
        Ok(follower.next().await?.map(|chunk| (chunk, follower)))
    })))
}

struct Follower {
    connection: Arc<Connection>,
    name: ContainerName,
    after: Option<DateTime<Utc>>,
    reading: Reading,
}

impl Follower {
    async fn next(&mut self) -> Result<Option<LogChunk>, EngineError> {
        loop {
            if let Some(chunk) = self.reading.next(&self.connection).await? {
                self.after = Some(chunk.at);
                return Ok(Some(chunk));
            }
            if self.reading.is_last {
                return Ok(None);
            }
            sleep(PAUSE).await;
            self.reading = match Reading::begin(&self.connection, &self.name, self.after).await {
                // Removed, and its log with it.
                Err(EngineError::NoSuchContainer(_)) => return Ok(None),
                begun => begun?,
            };
        }
    }
}

/// One answer of the engine.
struct Reading {
    body: Incoming,
    entries: LogEntries,
    ended: bool,
    /// The container did not run when this began, so nothing can be missing at its end.
    is_last: bool,
}

impl Reading {
    async fn begin(
        connection: &Connection,
        name: &ContainerName,
        after: Option<DateTime<Utc>>,
    ) -> Result<Self, EngineError> {
        let (state, terminal) = containers::output_of(connection, name).await?;
        let is_last = state != ContainerState::Running;
        // The engine's own filter only spares the reading; which entries are new, the entries' times say.
        let since = after.map_or(DateTime::UNIX_EPOCH, |after| after - OVERLAP);
        let path = format!(
            "/containers/{name}/logs?stdout=1&stderr=1&timestamps=1&follow={}&since={}.{:09}",
            u8::from(!is_last),
            since.timestamp(),
            since.timestamp_subsec_nanos()
        );
        let body = within(CALL_TIMEOUT, async { connection.wire().await?.get(&path).await }).await;
        let body = body.map_err(|error| match error {
            Error::DockerResponseServerError { status_code: 404, .. } => EngineError::NoSuchContainer(name.0.clone()),
            other => connection.failed(DOING, other),
        })?;
        Ok(Self { body, entries: LogEntries::new(terminal, after), ended: false, is_last })
    }

    /// Reads on only when all that was read is given away: one piece of the engine's answer is held at most.
    async fn next(&mut self, connection: &Connection) -> Result<Option<LogChunk>, EngineError> {
        loop {
            let entry = self.entries.next(self.ended);
            let entry = entry.map_err(|error| connection.failed(DOING, Error::DockerStreamError { error }))?;
            if entry.is_some() || self.ended {
                return Ok(entry);
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.entries.push(frame.data_ref().map_or(&[], |data| data)),
                Some(Err(error)) => return Err(connection.failed(DOING, error.into())),
                None => self.ended = true,
            }
        }
    }
}
