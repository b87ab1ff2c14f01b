//! Web apps that people let into their accounts.

use paas_platform::{OAuthClient, OAuthClientUpdate};

use crate::{
    context::{Context, JsonArgs},
    error::Error,
    shell::quote,
};

/// List your OAuth clients
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let all = context.client()?.oauth_clients().await?;
        if self.json.json {
            return context.printer.json(&all);
        }
        if all.is_empty() {
            context.printer.note("No OAuth clients.");
            return Ok(());
        }
        let row = |one: &OAuthClient| [one.name.clone(), one.id.to_string(), one.redirect_uri.clone()];
        context.printer.table(["Name", "Id", "Redirect URI"], all.iter().map(row))
    }
}

/// Register a web app that people may let into their accounts
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What people see
    #[arg(value_name = "NAME")]
    name: String,
    /// Where people are sent back to
    #[arg(value_name = "REDIRECT_URI")]
    redirect_uri: String,
    #[command(flatten)]
    print: Print,
}

/// How its id and secret are printed.
#[derive(Debug, clap::Args)]
pub(crate) struct Print {
    /// As lines for a shell
    #[arg(short, long)]
    shell: bool,
    #[command(flatten)]
    json: JsonArgs,
}

impl Create {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action(format!("Creating {}", self.name));
        let body = OAuthClientUpdate { name: Some(self.name), redirect_uri: Some(self.redirect_uri) };
        let made = context.client()?.create_oauth_client(&body).await?;
        action.done();
        self.print.show(context, &made)
    }
}

/// Show an OAuth client and its secret
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    /// Id of the client
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    print: Print,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let found = context.client()?.oauth_client(&self.id).await?;
        self.print.show(context, &found)
    }
}

/// Give an OAuth client another secret
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    /// Id of the client
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    print: Print,
}

impl Rotate {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action("Updating the client's secret");
        let rotated = context.client()?.rotate_oauth_client(&self.id).await?;
        action.done();
        self.print.show(context, &rotated)
    }
}

/// Change an OAuth client
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    /// Id of the client
    #[arg(value_name = "ID")]
    id: String,
    /// What people see
    #[arg(short, long, value_name = "NAME")]
    name: Option<String>,
    /// Where people are sent back to
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

impl Update {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        if self.name.is_none() && self.url.is_none() {
            return Err(Error::mistake("There is nothing to change.", "give --name or --url"));
        }
        let action = context.printer.action(format!("Updating {}", self.id));
        let body = OAuthClientUpdate { name: self.name, redirect_uri: self.url };
        context.client()?.update_oauth_client(&self.id, &body).await?;
        action.done();
        Ok(())
    }
}

/// Remove an OAuth client, with all tokens that it was given
#[derive(Debug, clap::Args)]
pub(crate) struct Destroy {
    /// Id of the client
    #[arg(value_name = "ID")]
    id: String,
}

impl Destroy {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action(format!("Destroying {}", self.id));
        context.client()?.destroy_oauth_client(&self.id).await?;
        action.done();
        Ok(())
    }
}

impl Print {
    fn show(&self, context: &Context, client: &OAuthClient) -> Result<(), Error> {
        let (id, secret) = (client.id.to_string(), client.secret.expose());
        if self.json.json {
            return context.printer.json(client);
        }
        if self.shell {
            context.printer.plain(format!("HEROKU_OAUTH_ID={}", quote(&id)))?;
            return context.printer.plain(format!("HEROKU_OAUTH_SECRET={}", quote(secret)));
        }
        let fields =
            [("Name", client.name.as_str()), ("ID", &id), ("Redirect URI", &client.redirect_uri), ("Secret", secret)];
        context.printer.object(&fields)
    }
}
