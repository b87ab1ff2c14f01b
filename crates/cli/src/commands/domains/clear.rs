use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Remove all domains from an app, but for its own
#[derive(Debug, clap::Args)]
pub(crate) struct Clear {
    #[command(flatten)]
    app: AppArgs,
}

impl Clear {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let action = context.printer.action(format!("Removing all domains from {}", printer::app(&app)));
        for domain in client.domains(&app).await?.iter().filter(|domain| domain.kind == "custom") {
            client.remove_domain(&app, &domain.hostname).await?;
        }
        action.done();
        Ok(())
    }
}
