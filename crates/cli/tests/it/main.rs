//! Runs the built `paas` against a server that gives recorded answers. A snapshot holds exit code, stdout and stderr.

mod apps;
mod auth;
mod buildpacks;
mod builds;
mod completion;
mod config;
mod connection;
mod credentials;
mod docs;
mod fixtures;
mod heroku;
mod hosts;
mod logs;
mod placement;
mod pools;
mod ps;
mod releases;
mod remotes;
mod run;
mod sandbox;
mod server;
mod tls;
mod usage;
