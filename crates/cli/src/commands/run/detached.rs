use super::one_off::{OneOff, label};
use crate::{context::Context, error::Error, printer};

/// Run a command in a new dyno, its output going to the log
#[derive(Debug, clap::Args)]
pub(crate) struct Detached {
    #[command(flatten)]
    one_off: OneOff,
    /// Seconds after which the dyno is stopped; at most 86400
    #[arg(long, value_name = "SECONDS")]
    time_to_live: Option<u64>,
}

impl Detached {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let (app, mut body) = self.one_off.prepare(context)?;
        body.attach = Some(false);
        body.time_to_live = self.time_to_live;
        let action = context.printer.action(label(&body.command, &app));
        let dyno = context.client()?.create_dyno(&app, &body).await?;
        action.done_with(&dyno.name);
        let logs = printer::command(&format!("paas logs --app {app} --dyno {}", dyno.name));
        context.printer.line(format!("Run {logs} to view the output."))
    }
}
