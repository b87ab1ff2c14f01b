//! The API over a real database and a fake engine, called as a client calls it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod account;
mod apps;
mod authorizations;
mod browser_logins;
mod builds;
mod config_vars;
mod conventions;
mod dynos;
mod formation;
mod host_shells;
mod hosts;
mod invitations;
mod joining;
mod keys;
mod lists;
mod logs;
mod oauth_clients;
mod outage;
mod placement;
mod pools;
mod releases;
mod rendezvous;
mod support;
mod two_factor;
