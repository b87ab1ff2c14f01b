//! The use-cases and the loops, against a real database and a fake engine.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail where it is")]

mod apps;
mod attach;
mod config;
mod crashes;
mod hosts;
mod machines;
mod release_phase;
mod rollout;
mod support;
