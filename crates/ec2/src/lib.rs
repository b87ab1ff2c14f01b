//! Machines over the EC2 API.
//!
//! Invariants: what is not tagged with this installation's name is never touched. The host's id is the key of a launch,
//! as tag and as client token. Nothing here decides what to launch, and nothing retries; the loops do.
//!
//! A leaf on purpose: the SDK below is a million lines, and whoever depends on this crate waits for them to compile.

mod answer;
mod check;
mod config;
mod images;
mod instance;
mod instance_types;
mod launch;
mod machines;
mod prices;
mod spot;

pub use config::Ec2Config;
pub use machines::Ec2Machines;
pub use prices::{Prices, PricesError};
