//! The plan, seen from outside.
#![expect(clippy::unwrap_used, reason = "a helper of a test that cannot go on fails the test")]

mod fleets;
mod hosts;
mod properties;
mod rollout;
mod scripts;
mod support;
