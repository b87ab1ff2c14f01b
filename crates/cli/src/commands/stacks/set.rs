use paas_platform::AppUpdate;

use crate::{
    context::{AppArgs, Context},
    error::Error,
    printer,
};

/// Set the stack that the app's next build is for
#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// Stack to set
    #[arg(value_name = "STACK")]
    stack: String,
    #[command(flatten)]
    app: AppArgs,
}

impl Set {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let action = context.printer.action(format!("Setting stack to {}", self.stack));
        let body = AppUpdate { build_stack: Some(self.stack), ..AppUpdate::default() };
        let changed = client.update_app(&app, &body).await?;
        action.done();
        // Of an app to which nothing was deployed, both are what was set.
        if changed.stack.name != changed.build_stack.name {
            let shown = printer::app(&app);
            context.printer.note(format!("You will need to redeploy {shown} for the change to take effect."));
            context
                .printer
                .note(format!("Run {} to trigger a new build on {shown}.", printer::command("git push paas main")));
        }
        Ok(())
    }
}
