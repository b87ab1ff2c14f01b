use crate::{context::Context, error::Error};

/// Forget the token; it stays valid on the server
#[derive(Debug, clap::Args)]
pub(crate) struct Logout {}

impl Logout {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action("Logging out");
        let was_in = context.credentials.remove(&context.server)?;
        action.done();
        if !was_in {
            context.printer.warn(format!("You were not logged in to {}.", context.server));
        }
        if context.environment.api_key.is_some() {
            context.printer.warn("PAAS_API_KEY is set, and still logs you in.");
        }
        Ok(())
    }
}
