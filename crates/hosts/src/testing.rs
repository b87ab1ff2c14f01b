//! For tests: an engine in memory, and the contract that it and the real ones keep.

pub mod contract;
mod fake_container;
mod fake_engine;
mod fake_files;
mod fake_http;
mod fake_state;
mod method;
mod program;

pub use fake_engine::FakeEngine;
pub use method::{Call, Method};
pub use program::Program;
