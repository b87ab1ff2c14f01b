//! The whole system, used from outside, and the rules that the compiler does not check.
//!
//! Everything here but `tidy` needs a Docker Engine, PostgreSQL, `docker-registry`, git, and `paasd` and `paas` as they
//! were built for these tests: `./dev test` sees to all of that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod api_clients;
mod builds;
mod container;
mod crash_points;
mod crashes;
mod data_plane;
mod deploys;
mod django;
mod dynos;
mod fuzz;
mod harness;
mod heroku_cli;
mod hosts;
mod outages;
mod pool_changes;
mod pool_losses;
mod push_to_url;
mod rebase;
mod registry;
mod tidy;
