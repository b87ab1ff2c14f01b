//! The use-cases. Each takes the handle and who asks, checks the right, does one transaction, and writes the line that
//! the app's owner sees in the log.

pub mod accounts;
pub mod apps;
pub mod attach;
pub mod buildpacks;
pub mod builds;
pub mod config;
pub mod dynos;
pub mod formation;
pub mod log_sessions;
pub mod releases;
pub mod sources;
