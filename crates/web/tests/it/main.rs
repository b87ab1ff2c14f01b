//! The API over a real database and a fake engine, called as a client calls it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod apps;
mod builds;
mod compatibility;
mod config_vars;
mod conventions;
mod dynos;
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
mod releases;
mod rendezvous;
mod schema;
mod support;
mod walk;
