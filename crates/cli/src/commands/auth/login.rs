use std::{
    fs,
    io::{self, BufRead, IsTerminal},
    path::PathBuf,
};

use paas_platform::{AuthorizationCreate, Client, Secret};

use crate::{
    browser,
    context::{Context, client},
    error::Error,
    server_url::ServerUrl,
    terminal,
};

/// Seconds: a month, as Heroku's.
const TOKEN_LASTS: u64 = 2_592_000;

/// Log in with a browser, a password or an API token, and stay logged in for later commands
#[derive(Debug, clap::Args)]
pub(crate) struct Login {
    /// API token; without it, one is read from standard input where that is no terminal
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Ask for e-mail address and password here, without a browser
    #[arg(short, long, conflicts_with = "token")]
    interactive: bool,
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
        let ca = match &new_ca {
            Some(pem) => Some(pem.clone()),
            None => context.ca_pem()?,
        };
        let stranger = || client(&context.server, Secret::new(""), ca.clone());
        let token = match self.token {
            Some(token) => given(token)?,
            None if self.interactive => by_password(context, &stranger()?).await?,
            None if io::stdin().is_terminal() => by_browser(context, &stranger()?).await?,
            None => given(piped()?.trim().to_owned())?,
        };
        let action = context.printer.action("Logging in");
        let account = client(&context.server, token.clone(), ca)?.account().await?;
        context.credentials.store(&context.server, token, &account.email, new_ca.as_deref())?;
        action.done();
        context.printer.note(format!("Logged in to {} as {}", context.server, account.email));
        Ok(())
    }
}

fn given(token: String) -> Result<Secret, Error> {
    if token.is_empty() || token.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(Error::mistake("That is no API token.", "a token is one word, without blanks"));
    }
    Ok(Secret::new(token))
}

fn piped() -> Result<String, Error> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

async fn by_password(context: &Context, client: &Client) -> Result<Secret, Error> {
    let email = context.printer.ask("E-mail: ")?.unwrap_or_default();
    let password = secret("Password: ")?;
    let body = AuthorizationCreate {
        description: Some(description()),
        expires_in: Some(TOKEN_LASTS),
        scope: Some(vec!["global".to_owned()]),
        client: None,
    };
    let made = match client.log_in(email.trim(), &password, None, &body).await {
        Err(error) if error.id() == Some("two_factor") => {
            let code = secret("Two-factor code: ")?;
            client.log_in(email.trim(), &password, Some(&code), &body).await?
        }
        other => other?,
    };
    made.access_token.map(|token| token.token).ok_or_else(no_token)
}

async fn by_browser(context: &Context, client: &Client) -> Result<Secret, Error> {
    let login = client.begin_browser_login(&description()).await?;
    context.printer.note("Log in on this page. Without a browser, stop this and take `paas login -i`.");
    browser::open(context, &format!("{}{}", client.server(), login.browser_url.expose()))?;
    let action = context.printer.action("Waiting for the browser");
    let result = client.wait_for_browser(&login).await?;
    if let Some(message) = result.error {
        return Err(Error::Mistake { message, hint: None });
    }
    action.done();
    result.access_token.ok_or_else(no_token)
}

/// Unseen at a terminal; a line of standard input elsewhere.
pub(super) fn secret(question: &str) -> Result<Secret, Error> {
    match io::stdin().is_terminal() {
        true => Ok(Secret::new(terminal::ask_secret(question)?)),
        false => piped().map(Secret::new),
    }
}

/// What the token is called in lists.
fn description() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match host.trim() {
        "" => "paas login".to_owned(),
        host => format!("paas login from {host}"),
    }
}

fn no_token() -> Error {
    Error::Mistake { message: "The server gave no token.".to_owned(), hint: None }
}
