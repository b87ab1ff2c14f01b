//! The subcommands.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use paas_builder::StackConfig;

use crate::{
    config::Config,
    roles::{self, Role},
    telemetry, variables,
};

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
    /// Runs API and git alone, beside other processes on one database. Any number may run.
    Web,
    /// Runs a router alone: the way of requests to apps. Any number may run.
    Router,
    /// Runs a controller alone: what builds, places and looks after dynos and hosts. Any number may run.
    Controller,
    /// Prints the stacks that the environment names with the images of each, in the words of `PAAS_STACKS`.
    Stacks,
    /// Lists the places at which `PAAS_CRASH_AT` can have a process die. For tests.
    #[cfg(debug_assertions)]
    CrashPoints,
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
        Command::Up => run_server(Role::Everything),
        Command::Web => run_server(Role::Web),
        Command::Router => run_server(Role::Router),
        Command::Controller => run_server(Role::Controller),
        Command::Stacks => list_stacks(),
        #[cfg(debug_assertions)]
        Command::CrashPoints => {
            paas_control::CRASH_POINTS.iter().for_each(|point| println!("{point}"));
            Ok(())
        }
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

fn list_stacks() -> Result<()> {
    for StackConfig { name, build_image, run_image, .. } in Config::from_env()?.stacks {
        println!("{name}={build_image},{run_image}");
    }
    Ok(())
}

fn run_server(role: Role) -> Result<()> {
    let mut config = Config::from_env()?;
    if let Some(point) = &config.crash_at {
        paas_control::crash::arm(point).with_context(|| format!("{}={point}", variables::CRASH_AT.name))?;
    }
    telemetry::start(std::mem::take(&mut config.log), config.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .thread_keep_alive(BLOCKING_KEEP_ALIVE)
        .enable_all()
        .build()
        .context("starting the runtime")?;
    runtime.block_on(roles::run(config, role))
}
