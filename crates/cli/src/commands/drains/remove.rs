use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Stop sending the app's log to a receiver
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// The drain's URL, token or id
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Remove {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let drain = context.client()?.remove_log_drain(&app, &self.url).await?;
        context.printer.line(format!("Successfully removed drain {}", printer::command(drain.url.expose())))
    }
}
