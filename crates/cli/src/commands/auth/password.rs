use paas_platform::AccountUpdate;

use super::login::secret;
use crate::{context::Context, error::Error};

/// Set or change the password of your account
#[derive(Debug, clap::Args)]
pub(crate) struct Password {
    /// The account has no password yet, so none is asked for
    #[arg(long)]
    first: bool,
}

impl Password {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let password = match self.first {
            true => None,
            false => Some(secret("Current password (--first, if there is none): ")?),
        };
        let new = secret("New password: ")?;
        if secret("The same again: ")? != new {
            return Err(Error::Mistake { message: "The two passwords are not the same.".to_owned(), hint: None });
        }
        let action = context.printer.action("Setting the password");
        let update = AccountUpdate { password, new_password: Some(new), ..AccountUpdate::default() };
        context.client()?.update_account(&update).await?;
        action.done();
        Ok(())
    }
}
