//! Images: had, pulled, built, pushed.

use bollard::{
    body_full,
    errors::Error,
    query_parameters::{CreateImageOptionsBuilder, PushImageOptionsBuilder},
};
use futures::StreamExt;
use tokio::sync::mpsc;

use super::{
    connection::{Connection, status},
    image_build,
    login::Transfer,
};
use crate::{EngineError, ImageBuild};

pub(super) async fn has(connection: &Connection, image: &str) -> Result<bool, EngineError> {
    let found = connection.call(|docker| docker.inspect_image(image)).await;
    match status(&found) {
        Some(404) => Ok(false),
        _ => found.map(|_| true).map_err(|error| connection.failed("inspect an image", error)),
    }
}

/// Asks the registry, whether the image is here or not.
pub(super) async fn pull(connection: &Connection, image: &str) -> Result<(), EngineError> {
    let docker = connection.docker().await.map_err(|error| connection.failed("pull an image", error))?;
    let (name, tag) = name_and_tag(image);
    let options = CreateImageOptionsBuilder::default().from_image(name).tag(tag).build();
    let mut progress = docker.create_image(Some(options), None, connection.credentials(image, Transfer::Pull)?);
    while let Some(step) = progress.next().await {
        step.map_err(|error| transfer_error(connection, image, "pull an image", error))?;
    }
    Ok(())
}

pub(super) async fn push(connection: &Connection, image: &str) -> Result<(), EngineError> {
    if !has(connection, image).await? {
        return Err(EngineError::ImageNotFound(image.to_owned()));
    }
    let docker = connection.docker().await.map_err(|error| connection.failed("push an image", error))?;
    let (name, tag) = name_and_tag(image);
    let options = PushImageOptionsBuilder::default().tag(tag).build();
    let mut progress = docker.push_image(name, Some(options), connection.credentials(image, Transfer::Push)?);
    while let Some(step) = progress.next().await {
        step.map_err(|error| transfer_error(connection, image, "push an image", error))?;
    }
    Ok(())
}

pub(super) async fn build(
    connection: &Connection,
    build: ImageBuild,
    lines: mpsc::Sender<String>,
) -> Result<(), EngineError> {
    let path = format!("/build?{}", query(&build));
    let built = image_build::run(connection, &path, body_full(build.context), &build.tag, &lines, |_| {}).await;
    built.map_err(|error| match error {
        // Ours is a Dockerfile that engines take.
        EngineError::Refused { reason, .. } => EngineError::ImageBuild { tag: build.tag, reason },
        other => other,
    })
}

fn query(build: &ImageBuild) -> String {
    let mut query = image_build::query(&build.tag, &build.dockerfile, &build.args);
    if build.anew {
        query.append_pair("nocache", "1");
    }
    query.finish()
}

/// `127.0.0.1:5050/apps/x:v1` -> (`127.0.0.1:5050/apps/x`, `v1`). Without a tag the engine would move every one.
fn name_and_tag(image: &str) -> (&str, &str) {
    if let Some((name, digest)) = image.split_once('@') {
        return (name, digest);
    }
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        Some(_) | None => (image, "latest"),
    }
}

/// A registry's refusals come as the engine's, some before and some after the transfer has begun.
fn transfer_error(connection: &Connection, image: &str, doing: &'static str, error: Error) -> EngineError {
    let registry = |reason| EngineError::RegistryUnavailable { image: image.to_owned(), reason };
    match error {
        Error::DockerResponseServerError { status_code: 404, .. } => EngineError::ImageNotFound(image.to_owned()),
        Error::DockerStreamError { error } if error.contains("manifest unknown") => {
            EngineError::ImageNotFound(image.to_owned())
        }
        Error::DockerStreamError { error: reason } if is_bad_layer(&reason) => {
            EngineError::BadImage { image: image.to_owned(), reason }
        }
        Error::DockerResponseServerError { status_code: 500.., message } => registry(message),
        Error::DockerStreamError { error } => registry(error),
        other => connection.failed(doing, other),
    }
}

/// What an engine says of a layer that it cannot unpack, whenever it tries. Of its disk it says it in the same words.
fn is_bad_layer(reason: &str) -> bool {
    const PASSES: [&str; 6] = [
        "no space left",
        "disk quota exceeded",
        "input/output error",
        "read-only file system",
        "context canceled",
        "EOF",
    ];
    reason.starts_with("failed to register layer") && !PASSES.iter().any(|passes| reason.contains(passes))
}

#[cfg(test)]
mod tests {
    use super::{is_bad_layer, name_and_tag};

    #[test]
    fn a_layer_is_bad_when_it_would_be_the_next_time_too() {
        for (reason, is_bad) in [
            (
                "failed to register layer: Error processing tar file(exit status 1): link /a /b: no such file or directory",
                true,
            ),
            ("failed to register layer: mkdir /var/lib/docker/overlay2/x/diff/app/x: not a directory", true),
            (
                "failed to register layer: Error processing tar file(exit status 1): write /a: no space left on device",
                false,
            ),
            ("failed to register layer: Error processing tar file(exit status 1): unexpected EOF", false),
            ("received unexpected HTTP status: 502 Bad Gateway", false),
        ] {
            assert_eq!(is_bad_layer(reason), is_bad, "{reason}");
        }
    }

    #[test]
    fn a_port_is_not_a_tag() {
        assert_eq!(name_and_tag("127.0.0.1:5050/apps/x:v1"), ("127.0.0.1:5050/apps/x", "v1"));
        assert_eq!(name_and_tag("127.0.0.1:5050/apps/x"), ("127.0.0.1:5050/apps/x", "latest"));
        assert_eq!(name_and_tag("debian:trixie-slim"), ("debian", "trixie-slim"));
        assert_eq!(name_and_tag("debian"), ("debian", "latest"));
        assert_eq!(name_and_tag("r/x@sha256:ab"), ("r/x", "sha256:ab"));
    }
}
