//! API tokens, what each is for, and what it may do.

use paas_platform::{Authorization, AuthorizationCreate, AuthorizationUpdate};

use crate::{
    context::{Context, JsonArgs},
    error::Error,
};

/// List your API tokens
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let all = context.client()?.authorizations().await?;
        if self.json.json {
            return context.printer.json(&all);
        }
        if all.is_empty() {
            context.printer.note("There are no authorizations.");
            return Ok(());
        }
        let row = |one: &Authorization| [one.description.clone(), one.id.to_string(), one.scope.join(",")];
        context.printer.table(["Description", "Id", "Scope"], all.iter().map(row))
    }
}

/// Make an API token
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    /// What it is for
    #[arg(short, long, value_name = "TEXT")]
    description: Option<String>,
    /// Print only the token
    #[arg(short = 'S', long)]
    short: bool,
    /// Scopes: global, identity, read, write, read-protected, write-protected
    #[arg(short, long, value_name = "SCOPES", value_delimiter = ',')]
    scope: Option<Vec<String>>,
    /// Seconds until it expires; without it, it does not
    #[arg(short, long, value_name = "SECONDS")]
    expires_in: Option<u64>,
    #[command(flatten)]
    json: JsonArgs,
}

impl Create {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let body = AuthorizationCreate {
            client: None,
            description: self.description,
            expires_in: self.expires_in,
            scope: self.scope,
        };
        let action = context.printer.action("Creating OAuth Authorization");
        let made = context.client()?.create_authorization(&body).await?;
        action.done();
        match (&made.access_token, self.short) {
            (Some(token), true) => context.printer.plain(token.token.expose()),
            _ => show(context, &made, self.json.json),
        }
    }
}

/// One API token.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// Id of the authorization
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    json: JsonArgs,
}

/// Show an API token, shortened
#[derive(Debug, clap::Args)]
pub(crate) struct Info {
    #[command(flatten)]
    which: Which,
}

impl Info {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let found = context.client()?.authorization(&self.which.id).await?;
        show(context, &found, self.which.json.json)
    }
}

/// End an API token
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    #[command(flatten)]
    which: Which,
}

impl Revoke {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action("Revoking OAuth Authorization");
        let revoked = context.client()?.revoke_authorization(&self.which.id).await?;
        action.done_with(format!("revoked authorization from {}", revoked.description));
        if self.which.json.json { context.printer.json(&revoked) } else { Ok(()) }
    }
}

/// Replace an API token with a new one
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    #[command(flatten)]
    which: Which,
}

impl Rotate {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action("Rotating OAuth Authorization");
        let renewed = context.client()?.rotate_authorization(&self.which.id).await?;
        action.done();
        show(context, &renewed, self.which.json.json)
    }
}

/// Say anew what an API token is for
#[derive(Debug, clap::Args)]
pub(crate) struct Update {
    #[command(flatten)]
    which: Which,
    /// What it is for
    #[arg(short, long, value_name = "TEXT")]
    description: String,
}

impl Update {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let body = AuthorizationUpdate { description: Some(self.description) };
        let action = context.printer.action("Updating OAuth Authorization");
        let updated = context.client()?.update_authorization(&self.which.id, &body).await?;
        action.done();
        show(context, &updated, self.which.json.json)
    }
}

fn show(context: &Context, shown: &Authorization, json: bool) -> Result<(), Error> {
    if json {
        return context.printer.json(shown);
    }
    let client = shown.client.as_ref().map_or("<none>", |client| client.name.as_str());
    let mut fields = vec![
        ("Client", client.to_owned()),
        ("ID", shown.id.to_string()),
        ("Description", shown.description.clone()),
        ("Scope", shown.scope.join(", ")),
    ];
    if let Some(token) = &shown.access_token {
        fields.push(("Token", token.token.expose().to_owned()));
        let lasts = token.expires_in.map_or_else(|| "never".to_owned(), |seconds| format!("in {seconds} seconds"));
        fields.push(("Expires", lasts));
    }
    context.printer.object(&fields)
}
