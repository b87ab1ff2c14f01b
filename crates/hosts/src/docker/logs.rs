//! Follows what a container prints.

use std::{fmt::Write, sync::Arc};

use bollard::errors::Error;
use chrono::{DateTime, Utc};
use futures::stream;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{
    connection::{CALL_TIMEOUT, Connection, within},
    containers,
    log_entries::{LogEntries, OVERLAP},
};
use crate::{ContainerName, EngineError, LogChunk, LogStream};

const DOING: &str = "give a container's log";

pub(super) async fn follow(
    connection: Arc<Connection>,
    name: &ContainerName,
    after: Option<DateTime<Utc>>,
) -> Result<LogStream, EngineError> {
    let terminal = containers::has_terminal(&connection, name).await?;
    let mut path = format!("/containers/{name}/logs?follow=1&stdout=1&stderr=1&timestamps=1");
    if let Some(since) = after.map(|after| after - OVERLAP) {
        // The engine's own filter only spares the reading; which entries are new, the entries' times say.
        write!(path, "&since={}.{:09}", since.timestamp(), since.timestamp_subsec_nanos()).ok();
    }
    let body = within(CALL_TIMEOUT, async { connection.wire().await?.get(&path).await }).await;
    let body = body.map_err(|error| match error {
        Error::DockerResponseServerError { status_code: 404, .. } => EngineError::NoSuchContainer(name.0.clone()),
        other => connection.failed(DOING, other),
    })?;
    let follower = Follower { connection, body, entries: LogEntries::new(terminal, after), ended: false };
    Ok(Box::pin(stream::try_unfold(follower, |mut follower| async {
        Ok(follower.next().await?.map(|chunk| (chunk, follower)))
    })))
}

struct Follower {
    connection: Arc<Connection>,
    body: Incoming,
    entries: LogEntries,
    ended: bool,
}

impl Follower {
    /// Reads on only when all that was read is given away: one piece of the engine's answer is held at most.
    async fn next(&mut self) -> Result<Option<LogChunk>, EngineError> {
        loop {
            let entry = self.entries.next(self.ended);
            let entry = entry.map_err(|error| self.connection.failed(DOING, Error::DockerStreamError { error }))?;
            if entry.is_some() || self.ended {
                return Ok(entry);
            }
            match self.body.frame().await {
                Some(Ok(frame)) => self.entries.push(frame.data_ref().map_or(&[], |data| data)),
                Some(Err(error)) => return Err(self.connection.failed(DOING, error.into())),
                None => self.ended = true,
            }
        }
    }
}
