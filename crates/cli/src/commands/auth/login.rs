use std::{
    fs,
    io::{self, BufRead, IsTerminal},
    path::PathBuf,
};

use paas_platform::Secret;

use crate::{
    context::{Context, client},
    error::Error,
    server_url::ServerUrl,
    terminal,
};

/// Log in with an API token, and keep it for later commands
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// API token; asked for, or read from standard input, if it is not given
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Server to log in to, https://HOST[:PORT]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// CA certificate (PEM) that the server's certificate is checked against; a copy is kept
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

impl Login {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        if let Some(server) = &self.server {
            context.server = ServerUrl::parse(server)?;
        }
        let new_ca = match &self.ca {
            Some(path) => Some(fs::read(path).map_err(|source| Error::File { path: path.clone(), source })?),
            None => None,
        };
        let token = match self.token {
            Some(token) => token,
            None => ask_token(&context.server)?,
        };
        if token.is_empty() || token.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(Error::mistake("That is no API token.", "a token is one word, without blanks"));
        }
        let token = Secret::new(token);
        let ca = match &new_ca {
            Some(pem) => Some(pem.clone()),
            None => context.ca_pem()?,
        };
        let action = context.printer.action("Logging in");
        let account = client(&context.server, token.clone(), ca)?.account().await?;
        context.credentials.store(&context.server, token, &account.email, new_ca.as_deref())?;
        action.done();
        context.printer.note(format!("Logged in to {} as {}", context.server, account.email));
        Ok(())
    }
}

fn ask_token(server: &ServerUrl) -> Result<String, Error> {
    if io::stdin().is_terminal() {
        return Ok(terminal::ask_secret(&format!("API token for {server}: "))?.trim().to_owned());
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}
