use paas_platform::{AppTransferCreate, AppTransferUpdate};

use crate::{
    context::{AppArgs, Context, JsonArgs},
    error::Error,
    printer,
};

/// Offer an app to another owner
#[derive(Debug, clap::Args)]
pub(crate) struct Transfer {
    /// E-mail address of their account
    #[arg(value_name = "RECIPIENT")]
    recipient: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Transfer {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let client = context.client()?;
        let app = client.app(&context.app(&self.app)?).await?.name;
        let text = format!("Initiating transfer of {} to {}", printer::app(&app), printer::user(&self.recipient));
        let action = context.printer.action(text);
        let body = AppTransferCreate { app: Some(app.clone()), recipient: Some(self.recipient.clone()), silent: None };
        client.create_app_transfer(&body).await?;
        action.done();
        context.printer.note(format!(
            "{} owns it after {}",
            self.recipient,
            printer::command(&format!("paas apps:transfer:accept -a {app}"))
        ));
        Ok(())
    }
}

/// List the apps that are offered to you, or by you
#[derive(Debug, clap::Args)]
pub(crate) struct Transfers {
    #[command(flatten)]
    json: JsonArgs,
}

impl Transfers {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let all = context.client()?.app_transfers().await?;
        if self.json.json {
            return context.printer.json(&all);
        }
        if all.is_empty() {
            context.printer.note("No app was offered to you, or by you.");
            return Ok(());
        }
        let rows = all.into_iter().map(|one| [one.app.name, one.owner.email, one.recipient.email, one.state]);
        context.printer.table(["App", "Owner", "Recipient", "State"], rows)
    }
}

/// Become the owner of an app that is offered to you
#[derive(Debug, clap::Args)]
pub(crate) struct Accept {
    #[command(flatten)]
    app: AppArgs,
}

impl Accept {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        answer(context, &self.app, "Accepting", "accepted").await
    }
}

/// Turn down an app that is offered to you
#[derive(Debug, clap::Args)]
pub(crate) struct Decline {
    #[command(flatten)]
    app: AppArgs,
}

impl Decline {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        answer(context, &self.app, "Declining", "declined").await
    }
}

/// Take back the offer of an app that nobody has accepted yet
#[derive(Debug, clap::Args)]
pub(crate) struct Cancel {
    #[command(flatten)]
    app: AppArgs,
}

impl Cancel {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let action = context.printer.action(format!("Cancelling transfer of {}", printer::app(&app)));
        context.client()?.delete_app_transfer(&app).await?;
        action.done();
        Ok(())
    }
}

async fn answer(context: &Context, app: &AppArgs, doing: &str, state: &str) -> Result<(), Error> {
    let app = context.app(app)?;
    let action = context.printer.action(format!("{doing} transfer of {}", printer::app(&app)));
    context.client()?.update_app_transfer(&app, &AppTransferUpdate { state: state.to_owned() }).await?;
    action.done();
    Ok(())
}
