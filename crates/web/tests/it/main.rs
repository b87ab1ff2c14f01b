//! The API over a real database and a fake engine, called as a client calls it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod app_setups;
mod app_transfers;
mod apps;
mod audit;
mod builds;
mod collaborators;
mod compatibility;
mod config_vars;
mod conventions;
mod domains;
mod drains;
mod dynos;
mod features;
mod fetches;
mod formation;
mod host_shells;
mod hosts;
mod http;
mod joining;
mod lists;
mod logs;
mod outage;
mod placement;
mod pools;
mod registry;
mod releases;
mod rendezvous;
mod schema;
mod slugs;
mod support;
mod walk;
