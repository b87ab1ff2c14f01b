use paas_platform::{LogDrainCreate, Secret};

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Send the app's log to a receiver as well
#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// syslog+tls://HOST:PORT, syslog://HOST:PORT, https://USER:PASSWORD@HOST/PATH
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Add {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let drain = context.client()?.add_log_drain(&app, &LogDrainCreate { url: Secret::new(self.url) }).await?;
        context.printer.line(format!("Successfully added drain {}", printer::command(drain.url.expose())))
    }
}
