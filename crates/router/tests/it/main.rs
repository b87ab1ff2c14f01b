//! The router between real sockets, on a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod domains;
mod drain;
mod failures;
mod framing;
mod headers;
mod proxying;
mod raw;
mod reaching;
mod upstream;
mod world;
