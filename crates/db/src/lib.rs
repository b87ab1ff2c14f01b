//! Every SQL statement of the platform, and the few things that only a database can promise: leases, wake-ups, secrets
//! at rest.
//!
//! # What is stored, what is not, and why
//!
//! Stored: whatever a user asked for (apps, config vars, formations, releases), whatever long-lived thing is under way
//! (builds, releases, dynos, hosts, each with a `state`), the output of builds and the newest lines of logs, because a
//! client may read them through another process than the one that wrote them. Blobs (sources, slugs, caches) are in the
//! registry; rows hold their digests. Git repositories are files of the git endpoint.
//!
//! Not stored: what a container engine knows better (whether a container runs), what routers count (requests in
//! flight), and plans. They are looked up or made again.
//!
//! Invariants: SQL stands here and nowhere else, lower case, one file per table, never built from strings. It
//! names its columns: PostgreSQL refuses a prepared `select *` once a newer server has added one. A function
//! is one statement or takes the caller's transaction; only `control::ops` opens write transactions. States move by
//! statements whose `where` names the states they may come from, so a late or repeated write changes nothing.

pub mod accounts;
pub mod app_features;
pub mod app_transfers;
pub mod apps;
pub mod audit_events;
pub mod authority;
pub mod browser_logins;
pub mod build_output;
pub mod buildpacks;
pub mod builds;
mod changes;
mod cluster;
pub mod collaborators;
pub mod configs;
mod connection;
pub mod container_images;
pub mod controllers;
pub mod domains;
pub mod dynos;
pub mod embedded_registry;
mod error;
pub mod formations;
mod give_back;
pub mod host_disks;
pub mod host_shells;
pub mod hosts;
pub mod invitations;
pub mod join_tokens;
pub mod keys;
pub mod log_drains;
pub mod log_lines;
pub mod log_sessions;
pub mod login_attempts;
pub mod oauth_clients;
pub mod oauth_grants;
pub mod password_resets;
pub mod pools;
pub mod recovery_codes;
pub mod registry_blobs;
pub mod registry_garbage;
pub mod registry_usage;
pub mod releases;
pub mod routers;
pub mod routes;
mod secret_hash;
pub mod setups;
pub mod slug_uploads;
pub mod slugs;
pub mod sni_endpoints;
pub mod sources;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokens;
pub mod user_preferences;
mod vault;
pub mod world;

pub use changes::{Changes, Subscription, Topic};
pub use cluster::{Cluster, ClusterError};
pub use connection::{Connection, Db, Transaction};
pub use error::DbError;
pub use give_back::GiveBack;
pub use secret_hash::{SecretHash, new_secret};
pub use vault::{Vault, VaultError};

/// A new id of any kind: a version 7 uuid, so that rows made later sort later.
#[must_use]
pub fn new_id<Id: From<uuid::Uuid>>() -> Id {
    Id::from(uuid::Uuid::now_v7())
}
