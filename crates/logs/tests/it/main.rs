//! The log of an app, on a real database.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drains;
mod logs;
mod world;
