use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Restart dynos: all, one, or those of a process type
#[derive(Debug, clap::Args)]
pub(crate) struct Restart {
    /// Dyno (web.1) or process type (web)
    #[arg(value_name = "DYNO", conflicts_with_all = ["dyno_name", "process_type"])]
    dyno: Option<String>,
    /// Dyno to restart
    #[arg(short, long, value_name = "DYNO", conflicts_with = "process_type")]
    dyno_name: Option<String>,
    /// Process type to restart
    #[arg(short, long, value_name = "TYPE")]
    process_type: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Restart {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let label = printer::app(&app);
        match super::which(self.dyno, self.dyno_name, self.process_type) {
            (Some(dyno), _) => {
                let action = context.printer.action(format!("Restarting dyno {} on {label}", printer::command(&dyno)));
                client.restart_dyno(&app, &dyno).await?;
                action.done();
            }
            (None, Some(kind)) => {
                let action =
                    context.printer.action(format!("Restarting all {} dynos on {label}", printer::command(&kind)));
                client.restart_type(&app, &kind).await?;
                action.done();
            }
            (None, None) => {
                let action = context.printer.action(format!("Restarting all dynos on {label}"));
                client.restart_dynos(&app).await?;
                action.done();
            }
        }
        Ok(())
    }
}
