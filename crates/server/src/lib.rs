//! The server: configuration, the parts it runs itself, and the wiring of everything else.
//!
//! ```text
//! command.rs     the subcommands                 ca.rs, server_certificate.rs  our own CA and its certificate
//! config.rs      what operators decide           master_key.rs                 the key of secrets at rest
//! variables.rs   how they say it                 first_start.rs, credentials.rs  the owner, and their login
//! up.rs          `paasd up`: start, run, stop    listen.rs, replay.rs          HTTP and rendezvous on one port
//! database.rs    PostgreSQL, ours or given       telemetry.rs, progress.rs     what it says while it runs
//! registry.rs    the registry, ours or given     lock.rs, shutdown.rs, files.rs
//! ```
//!
//! Invariants: the environment is read here and nowhere else, once. The children (PostgreSQL, registry) outlive a killed
//! server and are adopted by the next; they are stopped only by a clean stop. Dynos are never stopped by a stop.

mod ca;
pub mod config;
pub mod credentials;
mod database;
mod files;
pub mod first_start;
mod listen;
mod lock;
mod master_key;
mod progress;
pub mod registry;
mod replay;
mod server_certificate;
mod shutdown;
pub mod telemetry;
pub mod variables;
