//! `paas`: the command line. Data goes to stdout, everything else to stderr; see `printer.rs`.

mod browser;
mod commands;
mod confirmation;
mod context;
mod credentials;
mod environment;
mod error;
mod git;
mod log_line;
mod printer;
mod rendezvous;
mod server_url;
mod shell;
mod sizes;
mod terminal;
mod time;

use std::process::ExitCode;

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};

use crate::{commands::Command, context::Context, error::Error, printer::Printer};

/// Deploy and manage apps with git push
#[derive(Debug, Parser)]
#[command(name = "paas", version, propagate_version = false, disable_help_subcommand = false)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match run(cli.command) {
        Ok(code) => code,
        // Whoever read our output has had enough, as `head` has.
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            Printer.error(&error);
            error.exit_code()
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Error> {
    let context = Context::load()?;
    // One thread starts fastest, and nothing here computes.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(command.run(context));
    // A read of stdin that nobody waits for any more must not hold up the end.
    runtime.shutdown_background();
    result
}

/// Help and version as clap prints them; a command that does not exist in our own words.
fn usage(error: &clap::Error) -> ExitCode {
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.last().cloned(),
        _ => None,
    };
    if let (ErrorKind::InvalidSubcommand, Some(given)) = (error.kind(), word(ContextKind::InvalidSubcommand)) {
        let hint = match word(ContextKind::SuggestedSubcommand) {
            Some(nearest) => format!("did you mean `paas {nearest}`?"),
            None => "`paas help` lists all commands".to_owned(),
        };
        Printer.failure(&format!("{given} is not a paas command.\nhint: {hint}"));
        return ExitCode::from(2);
    }
    // Nothing can be done about a stdout that is gone.
    let _ = error.print();
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }
}
