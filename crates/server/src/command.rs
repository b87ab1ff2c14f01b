//! The subcommands.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::{config::Config, telemetry, up};

/// Requests wait for the database and for other machines, not for this one's processors.
const WORKER_THREADS: usize = 2;
/// Threads that read files and the like are given back soon: each costs memory.
const BLOCKING_KEEP_ALIVE: Duration = Duration::from_secs(5);

#[derive(Debug, Parser)]
#[command(name = "paasd", version, about = "The server of a Heroku-compatible platform", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs everything: API, git, router, builds and dynos of this machine. Settings come from the environment.
    Up,
    /// What git runs before it takes a push. Not for people.
    #[command(hide = true)]
    GitHook,
    /// Prints the version.
    Version,
}

/// Runs the subcommand that the command line names.
#[must_use]
pub fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Up => run_server(),
        Command::GitHook => return paas_git::hook::main(),
        Command::Version => {
            println!("paasd {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  because: {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run_server() -> Result<()> {
    let mut config = Config::from_env()?;
    telemetry::start(std::mem::take(&mut config.log), config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .thread_keep_alive(BLOCKING_KEEP_ALIVE)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(up::run(config))
}
