//! The API over a real database and a fake engine, called as a client calls it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod apps;
mod builds;
mod config_vars;
mod conventions;
mod domains;
mod drains;
mod dynos;
mod features;
mod formation;
mod host_shells;
mod hosts;
mod joining;
mod lists;
mod logs;
mod outage;
mod placement;
mod pools;
mod releases;
mod rendezvous;
mod support;
