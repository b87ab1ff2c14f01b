//! Other people's accounts, for the installation's owner.

use chrono::Utc;
use paas_platform::ResetLinkCreate;

use crate::{
    confirmation::confirm,
    context::{Context, JsonArgs},
    error::Error,
    time::since,
};

/// List everybody's accounts, and who is invited
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    json: JsonArgs,
}

impl List {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let client = context.client()?;
        let accounts = client.accounts().await?;
        if self.json.json {
            return context.printer.json(&accounts);
        }
        let (invited, now) = (client.invitations().await?, Utc::now());
        let rows = accounts.iter().map(|account| {
            let state = match (account.is_owner, account.reset_requested_at.is_some()) {
                (_, true) => "asks for a new password",
                (true, false) => "owner of this installation",
                (false, false) => "",
            };
            let login = account.last_login.map_or_else(|| "never".to_owned(), |login| since(login, now));
            let factor = if account.two_factor_authentication { "yes" } else { "no" };
            [account.email.clone(), login, factor.to_owned(), state.to_owned()]
        });
        let invited = invited.iter().map(|one| {
            [one.email.clone(), "-".to_owned(), "-".to_owned(), format!("invited {} ago", since(one.created_at, now))]
        });
        context.printer.table(["E-mail", "Password login", "2FA", ""], rows.chain(invited))
    }
}

/// Make a link on which a new person sets a password
#[derive(Debug, clap::Args)]
pub(crate) struct Invite {
    /// E-mail address of the new account
    #[arg(value_name = "EMAIL")]
    email: String,
}

impl Invite {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let invitation = context.client()?.invite(&self.email).await?;
        context.printer.note(format!("Hand this link to {}. It works once, within a week:", invitation.email));
        context.printer.plain(invitation.url.as_ref().map(paas_platform::Secret::expose).unwrap_or_default())
    }
}

/// Remove an account; it must own no apps
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// E-mail address of the account
    #[arg(value_name = "EMAIL")]
    email: String,
    /// The address again, instead of being asked for it
    #[arg(short, long, value_name = "EMAIL")]
    confirm: Option<String>,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let what = format!("This removes the account {}, and ends all of its tokens.", self.email);
        confirm(context, &what, &self.email, self.confirm)?;
        let action = context.printer.action(format!("Removing {}", self.email));
        context.client()?.remove_account(&self.email).await?;
        action.done();
        Ok(())
    }
}

/// Make a link on which somebody sets a new password
#[derive(Debug, clap::Args)]
pub(crate) struct Reset {
    /// E-mail address of the account
    #[arg(value_name = "EMAIL")]
    email: String,
    /// Turn the second factor off: it is lost too
    #[arg(long)]
    two_factor_off: bool,
}

impl Reset {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let body = ResetLinkCreate { two_factor_off: self.two_factor_off.then_some(true) };
        let link = context.client()?.reset_link(&self.email, &body).await?;
        context.printer.note(format!("Hand this link to {}. It works once, within a day:", link.email));
        context.printer.plain(link.url.expose())
    }
}
