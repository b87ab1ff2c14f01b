use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Remove a domain from an app
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Its host name or id
    #[arg(value_name = "HOSTNAME")]
    hostname: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let name = printer::command(&self.hostname);
        let action = context.printer.action(format!("Removing {name} from {}", printer::app(&app)));
        context.client()?.remove_domain(&app, &self.hostname).await?;
        action.done();
        Ok(())
    }
}
