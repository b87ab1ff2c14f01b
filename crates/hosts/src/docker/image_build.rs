//! One build of an image: the request, and reading what the engine tells of it.
//!
//! A connection that ends is a build that ends: the engine kills the step that runs and removes its container.

use std::collections::BTreeMap;

use bollard::errors::Error;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::mpsc;
use url::form_urlencoded::Serializer;

use super::{connection::Connection, dial::Body};
use crate::EngineError;

const DOING: &str = "build an image";

/// Longest line that the engine tells; what a step prints comes in pieces far below.
const LINE_BYTES: usize = 1 << 20;

/// Of the request: the classic builder, which removes every container that it makes.
pub(super) fn query(tag: &str, dockerfile: &str, args: &BTreeMap<String, String>) -> Serializer<'static, String> {
    let mut query = Serializer::new(String::new());
    query
        .append_pair("version", "1")
        .append_pair("t", tag)
        .append_pair("dockerfile", dockerfile)
        .append_pair("buildargs", &json!(args).to_string())
        .append_pair("rm", "1")
        .append_pair("forcerm", "1");
    query
}

/// Sends the context to this path and reads to the end. `lines` gets each line of output, and before it `hear`.
///
/// # Errors
/// [`EngineError::ImageBuild`] for what the Dockerfile says or does.
pub(super) async fn run(
    connection: &Connection,
    path: &str,
    context: Body,
    tag: &str,
    lines: &mpsc::Sender<String>,
    mut hear: impl FnMut(&str),
) -> Result<(), EngineError> {
    let fail = |error: Error| match error {
        // It has read the Dockerfile, and does not take it.
        Error::DockerResponseServerError { status_code: 400, message } => {
            EngineError::ImageBuild { tag: tag.to_owned(), reason: message }
        }
        other => connection.failed(DOING, other),
    };
    let wire = connection.wire().await.map_err(fail)?;
    let mut answer = wire.send_tar(path, context).await.map_err(fail)?;
    let (mut text, mut partial) = (String::new(), BytesMut::new());
    let mut told = async |line: String| {
        hear(&line);
        // Nobody reads any more; the build goes on.
        lines.send(line).await.ok();
    };
    while let Some(step) = next_line(&mut answer, &mut partial).await.map_err(fail)? {
        let step: Step = serde_json::from_slice(&step).map_err(|error| fail(error.into()))?;
        // Pieces of text, which lines run through.
        text.push_str(step.stream.as_deref().unwrap_or_default());
        while let Some(end) = text.find('\n') {
            let rest = text.split_off(end + 1);
            text.truncate(end);
            told(std::mem::replace(&mut text, rest)).await;
        }
        if !text.is_empty() && (text.len() > LINE_BYTES || step.error.is_some()) {
            told(std::mem::take(&mut text)).await;
        }
        if let Some(reason) = step.error {
            return Err(EngineError::ImageBuild { tag: tag.to_owned(), reason });
        }
    }
    if !text.is_empty() {
        told(text).await;
    }
    Ok(())
}

/// A piece of what the engine tells.
#[derive(Deserialize)]
struct Step {
    stream: Option<String>,
    error: Option<String>,
}

/// The next JSON text, each on a line of its own.
async fn next_line(answer: &mut Incoming, partial: &mut BytesMut) -> Result<Option<Bytes>, Error> {
    loop {
        if let Some(end) = partial.iter().position(|byte| *byte == b'\n') {
            let line = partial.split_to(end + 1).freeze();
            if line.trim_ascii().is_empty() {
                continue;
            }
            return Ok(Some(line));
        }
        if partial.len() > LINE_BYTES {
            return Err(std::io::Error::other("the engine's answer has a line without an end").into());
        }
        match answer.frame().await.transpose().map_err(std::io::Error::other)? {
            Some(frame) => partial.extend_from_slice(frame.data_ref().map_or(&[][..], |bytes| bytes)),
            None if partial.is_empty() => return Ok(None),
            None => return Ok(Some(partial.split().freeze())),
        }
    }
}
