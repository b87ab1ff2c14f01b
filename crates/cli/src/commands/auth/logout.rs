use crate::{context::Context, error::Error};

/// Forget the token; a login with a browser ends on the server too
#[derive(Debug, clap::Args)]
pub(crate) struct Logout {}

impl Logout {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let action = context.printer.action("Logging out");
        // Any other token may be in use elsewhere. Whoever cannot be reached, or knows of no login, must not keep us in.
        if context.credentials.entry(&context.server).is_some()
            && let Ok(client) = context.client()
        {
            let _ = client.end_session().await;
        }
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
