//! The API over a real database and a fake engine, called as a client calls it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod account;
mod app_setups;
mod app_transfers;
mod apps;
mod audit;
mod authorizations;
mod bases;
mod browser_logins;
mod buildpack_registry;
mod builds;
mod collaborators;
mod compatibility;
mod config_vars;
mod conventions;
mod disk;
mod domains;
mod drains;
mod dynos;
mod features;
mod fetches;
mod formation;
mod host_shells;
mod hosts;
mod http;
mod invitations;
mod joining;
mod keys;
mod lists;
mod logs;
mod oauth_clients;
mod outage;
mod placement;
mod pools;
mod registry;
mod releases;
mod rendezvous;
mod schema;
mod slug_contents;
mod slugs;
mod support;
mod two_factor;
mod walk;
