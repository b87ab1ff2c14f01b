use std::io::{self, BufRead};

use crate::{context::Context, error::Error};

/// Answer git's question for a password (git credential helper)
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct Credentials {
    /// get, store or erase; only get does something
    #[arg(value_name = "OPERATION")]
    operation: String,
}

impl Credentials {
    /// Answers over https only, and only for a server that we have a token for. Silence is a "no": git then asks others.
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let question = read_question(io::stdin().lock())?;
        if self.operation != "get" || question.protocol != "https" {
            return Ok(());
        }
        let current = context.server.is_https() && context.server.host_and_port().eq_ignore_ascii_case(&question.host);
        let token = match current {
            true => context.token().ok(),
            false => context.credentials.token_for_host(&question.host),
        };
        if let Some(token) = token {
            context.printer.plain("username=paas")?;
            context.printer.plain(format!("password={}", token.expose()))?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Question {
    protocol: String,
    host: String,
}

/// `key=value` lines up to an empty one (git: gitcredentials, "input/output format").
fn read_question(input: impl BufRead) -> Result<Question, Error> {
    let mut question = Question::default();
    for line in input.lines() {
        let line = line?;
        match line.split_once('=') {
            Some(("protocol", value)) => value.clone_into(&mut question.protocol),
            Some(("host", value)) => value.clone_into(&mut question.host),
            None if line.is_empty() => break,
            _ => {}
        }
    }
    Ok(question)
}
