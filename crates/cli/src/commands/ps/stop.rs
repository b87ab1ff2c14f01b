use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Stop a dyno, or those of a process type; those of the formation start again
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub(crate) struct Stop {
    /// Dyno (run.1234) or process type (worker)
    #[arg(value_name = "DYNO", group = "which")]
    dyno: Option<String>,
    /// Dyno to stop
    #[arg(short, long, value_name = "DYNO", group = "which")]
    dyno_name: Option<String>,
    /// Process type to stop
    #[arg(short, long, value_name = "TYPE", group = "which")]
    process_type: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Stop {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let label = printer::app(&app);
        let (dyno, kind) = super::which(self.dyno, self.dyno_name, self.process_type);
        if let Some(dyno) = dyno {
            let action = context.printer.action(format!("Stopping dyno {} on {label}", printer::command(&dyno)));
            client.stop_dyno(&app, &dyno).await?;
            action.done();
        }
        if let Some(kind) = kind {
            let action = context.printer.action(format!("Stopping all {} dynos on {label}", printer::command(&kind)));
            client.stop_type(&app, &kind).await?;
            action.done();
        }
        Ok(())
    }
}
