use crate::{
    context::{AppArgs, Context},
    error::Error,
};

/// Cancel a build that runs, or waits its turn
#[derive(Debug, clap::Args)]
pub(crate) struct Cancel {
    /// Id of the build; the newest if it is not given
    #[arg(value_name = "BUILD")]
    build: Option<String>,
    #[command(flatten)]
    app: AppArgs,
}

impl Cancel {
    pub(crate) async fn run(self, context: &mut Context) -> Result<(), Error> {
        let app = context.app(&self.app)?;
        let client = context.client()?;
        let id = super::find(client, &app, self.build.as_deref()).await?.id.to_string();
        let action = context.printer.action(format!("Cancelling build {id}"));
        let build = client.cancel_build(&app, &id).await?;
        action.end(match build.status.as_str() {
            "pending" => "it ends in a moment",
            "succeeded" => "it had succeeded",
            _ => "done",
        });
        Ok(())
    }
}
