//! Tar archives into and out of a container's file system, streamed.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bollard::{
    body_try_stream,
    errors::Error,
    query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder},
};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use tokio::time::{Instant, sleep_until};

use super::connection::{CALL_TIMEOUT, Connection, within};
use crate::{ByteStream, ContainerName, EngineError};

/// An engine that takes nothing of an upload for so long has stopped answering.
const UPLOAD_STALL: Duration = Duration::from_secs(120);

pub(super) async fn upload(
    connection: &Connection,
    name: &ContainerName,
    directory: &str,
    tar: ByteStream,
) -> Result<(), EngineError> {
    let docker = connection.docker().await.map_err(|error| connection.failed("take files", error))?;
    let options = UploadToContainerOptionsBuilder::default().path(directory).build();
    let progress = Arc::new(Mutex::new(Progress::Taken(Instant::now())));
    let body = body_try_stream(Watched { tar, progress: Arc::clone(&progress) });
    let sent = tokio::select! {
        sent = docker.upload_to_container(&name.0, Some(options), body) => sent,
        () = stalled(&progress) => Err(Error::RequestTimeoutError),
    };
    // A source that failed is the cause of whatever the engine made of the rest.
    if let Progress::Failed(error) = std::mem::replace(&mut *lock(&progress), Progress::Waiting) {
        return Err(error);
    }
    sent.map_err(|error| path_error(connection, name, directory, "take files", error))
}

pub(super) async fn download(
    connection: Arc<Connection>,
    name: &ContainerName,
    path: &str,
) -> Result<ByteStream, EngineError> {
    const DOING: &str = "give files";
    let options = DownloadFromContainerOptionsBuilder::default().path(path).build();
    let docker = connection.docker().await.map_err(|error| connection.failed(DOING, error))?;
    let mut chunks = Box::pin(docker.download_from_container(&name.0, Some(options)));
    // The request goes out with the first poll, and a refusal comes back from it.
    let first = within(CALL_TIMEOUT, async { chunks.next().await.transpose() }).await;
    let first = first.map_err(|error| path_error(&connection, name, path, DOING, error))?;
    Ok(Box::pin(
        stream::iter(first.map(Ok))
            .chain(chunks)
            .map(move |chunk| chunk.map_err(|error| connection.failed(DOING, error))),
    ))
}

fn path_error(
    connection: &Connection,
    name: &ContainerName,
    path: &str,
    doing: &'static str,
    error: Error,
) -> EngineError {
    match error {
        Error::DockerResponseServerError { status_code: 404, message } if message.contains("No such container:") => {
            // The engine says so of a missing path too: `No such container:path: NAME:PATH`.
            if message.contains("container:path") {
                EngineError::NoSuchPath { container: name.0.clone(), path: path.to_owned() }
            } else {
                EngineError::NoSuchContainer(name.0.clone())
            }
        }
        Error::DockerResponseServerError { status_code: 404, .. } => {
            EngineError::NoSuchPath { container: name.0.clone(), path: path.to_owned() }
        }
        other => connection.failed(doing, other),
    }
}

/// Who has the next move in an upload.
enum Progress {
    /// The engine, since then.
    Taken(Instant),
    /// The source: however long it takes is not the engine's fault.
    Waiting,
    Failed(EngineError),
}

/// The source, noting when the engine takes of it.
struct Watched {
    tar: ByteStream,
    progress: Arc<Mutex<Progress>>,
}

impl Stream for Watched {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        *lock(&self.progress) = Progress::Waiting;
        let next = ready!(self.tar.poll_next_unpin(cx));
        let (progress, item) = match next {
            Some(Err(error)) => {
                let shown = io::Error::other(error.to_string());
                (Progress::Failed(error), Some(Err(shown)))
            }
            Some(Ok(chunk)) => (Progress::Taken(Instant::now()), Some(Ok(chunk))),
            None => (Progress::Taken(Instant::now()), None),
        };
        *lock(&self.progress) = progress;
        Poll::Ready(item)
    }
}

/// Returns when the engine has had the move for too long.
async fn stalled(progress: &Mutex<Progress>) {
    loop {
        let due = match *lock(progress) {
            Progress::Taken(since) => since + UPLOAD_STALL,
            Progress::Waiting | Progress::Failed(_) => Instant::now() + UPLOAD_STALL,
        };
        if due <= Instant::now() {
            return;
        }
        sleep_until(due).await;
    }
}

fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
