//! What a process of this program is: all of the platform, or one part of it, any number of each at once on one database.

mod controller;
mod parts;
mod router;
mod up;
mod web;

use anyhow::{Result, bail};

use crate::{config::Config, files::make_directory, progress::line, shutdown, tasks::Fate};

/// One subcommand each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// All of the platform, with its database and registry where none are configured.
    Everything,
    /// API, git and what hosts join through.
    Web,
    /// The way of requests to apps.
    Router,
    /// The loops: builds, releases, dynos, hosts.
    Controller,
}

/// Runs until SIGTERM or SIGINT. Dynos keep running, and the other processes go on.
///
/// # Errors
/// A part cannot be started, or ended by itself; the text says which and what to do.
pub(crate) async fn run(config: Config, role: Role) -> Result<()> {
    let fate = Fate::new(shutdown::on_signals()?);
    make_directory(&config.data_dir, 0o711)?;
    // Boxed: each is as large as all that it starts.
    match role {
        Role::Everything => Box::pin(up::run(config, &fate)).await?,
        Role::Web => Box::pin(web::run(config, &fate)).await?,
        Role::Router => Box::pin(router::run(config, &fate)).await?,
        Role::Controller => Box::pin(controller::run(config, &fate)).await?,
    }
    line("Stopped");
    match fate.failed() {
        Some(part) => bail!("A part of the server ended by itself: {part}. Its log says more."),
        None => Ok(()),
    }
}
