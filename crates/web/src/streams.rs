//! Answers that are written while they are read: logs, the output of builds and of release phases, blobs. Their URLs
//! are handed out by the API and need no token, because the programs that read them have none.

mod blobs;
mod logs;
mod output;

pub(crate) use blobs::{blob, blobs, upload_of};

use crate::endpoint::Endpoint;

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get("/streams/builds/{secret}", output::of_build).returns_bytes(&["text/plain; charset=utf-8"]),
        Endpoint::get("/streams/logs/{secret}", logs::logs)
            .returns_bytes(&["text/event-stream", "text/plain; charset=utf-8"]),
        Endpoint::get("/streams/releases/{secret}", output::of_release).returns_bytes(&["text/plain; charset=utf-8"]),
    ]
}
