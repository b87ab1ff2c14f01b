//! What the tables promise, on a real server: each promise by the calls that rely on it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod apps;
mod audit_events;
mod builds;
mod changes;
mod cluster;
mod configs;
mod controllers;
mod domains;
mod dynos;
mod formations;
mod hosts;
mod join_tokens;
mod log_drains;
mod log_lines;
mod pools;
mod releases;
mod routers;
mod routes;
mod slugs;
mod upgrades;
mod world;
