//! For tests: an engine and a cloud in memory, and the contracts that they and the real ones keep.

pub mod contract;
mod fake_container;
mod fake_engine;
mod fake_files;
mod fake_http;
mod fake_machines;
mod fake_state;
pub mod machines_contract;
mod method;
mod program;

pub use fake_engine::FakeEngine;
pub use fake_machines::{FakeMachines, LaunchFault};
pub use method::{Call, Method};
pub use program::Program;
