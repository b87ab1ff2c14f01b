//! The server: configuration, the parts it runs itself, and the wiring of everything else.
//!
//! ```text
//! command.rs     the subcommands                  ca.rs, server_certificate.rs    our own CA and its certificate
//! config.rs      what operators decide            master_key.rs                   the key of secrets at rest
//! variables.rs   how they say it                  first_start.rs, credentials.rs  the owner, and their login
//! settings.rs    the same, as each part wants it  storage.rs                      database.rs and registry.rs
//! roles.rs       start, run, stop, in order       stacks.rs                       the images that builds need
//! tasks.rs       parts that run side by side      listen.rs, replay.rs            HTTP and rendezvous on one port
//! addresses.rs   all that is listened on          telemetry.rs, progress.rs       what it says while it runs
//! machines.rs    what launches machines           host_signer.rs                  what hosts' certificates say
//! image_store.rs the registry, wherever it is     registry_access.rs              and who may use ours
//! ```
//!
//! Invariants: the environment is read here and nowhere else, once. The children (PostgreSQL, registry) outlive a killed
//! server and are adopted by the next; they are started by `up` alone, and stopped only by its clean stop. Dynos are never
//! stopped by a stop. Any number of processes of each role may run on one database, and any may be killed at any time.

mod addresses;
mod ca;
pub mod command;
pub mod config;
pub mod credentials;
mod database;
mod engine_certificate;
mod files;
pub mod first_start;
mod host_signer;
mod image_store;
mod listen;
mod local_trust;
mod lock;
mod machines;
mod master_key;
mod own_directory;
mod progress;
pub mod registry;
mod registry_access;
mod registry_collect;
mod registry_store;
mod registry_sweep;
mod registry_tokens;
mod replay;
mod roles;
mod server_certificate;
mod settings;
mod shutdown;
mod stacks;
mod storage;
mod tasks;
pub mod telemetry;
pub mod variables;
